"""Training ``nano``: eyes first, then the whole; resumable at any step, the same for the same seed."""

import json
import math
import multiprocessing
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gaia_judge.nano.lessons import POINTS, POSES, Lesson, Lessons
from gaia_judge.nano.models import FRAMES, PATCH, PER_FRAME, SIDE, build_model, save, watch
from gaia_judge.nano.optimizers import Muon
from gaia_judge.nano.texts import build_tokenizer
from gaia_judge.synthetic.defects import DIMENSIONS, KINDS

if TYPE_CHECKING:
    import torch

SIZE = 32
"""Clips per step."""

WIDE = 0.55
"""Standard deviation of a target rating over the levels, in levels of a scale of five."""

MUON, ADAM = 4e-3, 1.5e-3
"""Peak learning rates of matrices and of all other weights."""


@dataclass(frozen=True, slots=True)
class Course:
    """How long each part of the training lasts, in steps."""

    steps: int = 4000
    eyes: int = 400
    """Steps in which only the vision tower learns."""
    easy: int = 1600
    """Steps until the last clip with one plain defect."""
    cool: int = 1200
    """Steps over which the learning rate falls to zero at the end."""

    def rate(self, step: int) -> float:
        """Return the learning rate's share of its peak."""
        warm = min(1.0, (step + 1) / 100, max(0.02, (step - self.eyes + 1) / 100) if step >= self.eyes else 1.0)
        return warm * min(1.0, (self.steps - step) / self.cool)

    def ease(self, step: int) -> float:
        """Return the share of easy clips."""
        return max(0.0, 0.9 * (1 - step / self.easy))


def plan_of(step: int, course: Course) -> tuple[float, str]:
    """Return ease and prompt set of a step."""
    turn = np.random.default_rng([7, step]).random()
    late = step > course.steps // 2
    name = "syllogism" if not late or turn < 0.8 else "independent" if turn < 0.92 else "vqascore"
    return course.ease(step), name


def _fill(queue: Any, seed: int, course: Course, first: int, start: int, workers: int) -> None:
    """Draw every ``workers``-th lesson from ``start`` on."""
    import os

    os.nice(5)
    lessons = Lessons(build_tokenizer(), seed)
    for step in range(first + start, course.steps, workers):
        ease, name = plan_of(step, course)
        queue.put(lessons.lesson(step, SIZE, ease, name))


def lessons_from(seed: int, course: Course, first: int, workers: int) -> Iterator[Lesson]:
    """Yield the lessons of steps from ``first`` on, drawn ahead by other processes."""
    context = multiprocessing.get_context("spawn")
    queues = [context.Queue(maxsize=6) for _ in range(workers)]
    crew = [
        context.Process(target=_fill, args=(queue, seed, course, first, n, workers), daemon=True)
        for n, queue in enumerate(queues)
    ]
    for member in crew:
        member.start()
    for step in range(first, course.steps):
        yield queues[(step - first) % workers].get()
    for member in crew:
        member.join()


class Pupil:
    """The network with the heads that only training needs."""

    def __init__(self, tokenizer: Any, seed: int) -> None:
        import torch
        from torch import nn

        self.tokenizer = tokenizer
        self.model = build_model(tokenizer, seed)
        torch.manual_seed(seed)
        eye, mind = self.model.config.vision_config.hidden_size, self.model.config.text_config.hidden_size
        self.heads = nn.ModuleDict(
            {
                "where": nn.Linear(eye, len(POINTS)),
                "offset": nn.Linear(eye, 2),
                "look": nn.Linear(eye, len(KINDS)),
                "pose": nn.Linear(mind, len(POSES) + 1),
                "fault": nn.Linear(mind, len(KINDS)),
            }
        )

    def parameters(self) -> tuple[list[Any], list[Any]]:
        """Return the matrices inside blocks, and all other weights."""
        named = list(self.model.named_parameters())
        inner = [p for name, p in named if p.ndim == 2 and ".layers." in name]
        chosen = {id(p) for p in inner}
        return inner, [p for _, p in named if id(p) not in chosen] + list(self.heads.parameters())

    def eyes(self, lesson: Lesson) -> tuple["torch.Tensor", "torch.Tensor"]:
        """Return the loss of the vision tower, and video tokens."""
        import torch
        from torch.nn import functional as F

        pixels = torch.from_numpy(lesson.frames).permute(0, 1, 4, 2, 3).float() / 127.5 - 1
        patches, tokens = watch(self.model, pixels)
        patches = self.model.model.vision_tower.post_layernorm(patches)
        grid = SIDE // PATCH
        points = torch.from_numpy(lesson.points).flatten(0, 1) * grid
        seen = ((points >= 0) & (points < grid)).all(-1)
        cells = points.nan_to_num(0).floor().clamp(0, grid - 1).long()
        cell = cells[..., 1] * grid + cells[..., 0]
        where = self.heads["where"](patches).transpose(1, 2)
        loss = F.cross_entropy(where[seen], cell[seen])
        offsets = self.heads["offset"](patches)
        picked = offsets.gather(1, cell[..., None].expand(-1, -1, 2))
        loss = 0.3 * loss + 0.5 * F.l1_loss(picked[seen], (points - cells - 0.5)[seen])
        look = self.heads["look"](patches.mean(1)).view(len(lesson.frames), FRAMES, -1).mean(1)
        statics = [i for i, name in enumerate(KINDS) if name in ("missing", "extra", "melting", "blur", "floating")]
        return loss + 2 * F.mse_loss(look[:, statics], torch.from_numpy(lesson.severities)[:, statics]), tokens

    def hidden(self, lesson: Lesson, tokens: "torch.Tensor") -> tuple["torch.Tensor", "torch.Tensor"]:
        """Return the decoder's last states [clips, tokens, width], and where the video stands."""
        import torch

        ids = torch.from_numpy(lesson.ids)
        embedded = self.model.model.language_model.embed_tokens(ids)
        video = ids == self.model.config.video_token_index
        embedded = embedded.masked_scatter(video[..., None], tokens)
        mask = (ids != self.tokenizer.pad_token_id).long()
        states = self.model.model.language_model(inputs_embeds=embedded, attention_mask=mask, use_cache=False)
        return states.last_hidden_state, video

    def logits(self, lesson: Lesson, states: "torch.Tensor") -> "torch.Tensor":
        """Return logits of the labels at each blank, [clips, questions, labels]."""
        import torch

        before = torch.from_numpy(lesson.blanks) - 1
        rows = states.gather(1, before[..., None].expand(-1, -1, states.shape[-1]))
        whole = self.model.lm_head(rows)
        picked: torch.Tensor = whole.log_softmax(-1)[..., list(lesson.labels)]
        return picked

    def losses(self, lesson: Lesson) -> dict[str, "torch.Tensor"]:
        """Return the losses of a lesson by name."""
        import torch
        from torch.nn import functional as F

        seeing, tokens = self.eyes(lesson)
        states, video = self.hidden(lesson, tokens)
        shown = states[video].view(len(lesson.ids), -1, states.shape[-1])[:, :-1]
        frames = shown.view(len(lesson.ids), FRAMES, PER_FRAME, -1).mean(2)
        poses = torch.from_numpy(lesson.poses)
        told = self.heads["pose"](frames)
        logits = self.logits(lesson, states)
        before = torch.from_numpy(lesson.blanks) - 1
        answers = states.gather(1, before[..., None].expand(-1, -1, states.shape[-1]))
        severities = torch.from_numpy(lesson.severities)[:, None].expand(-1, answers.shape[1], -1)
        quality = torch.from_numpy(lesson.quality).gather(1, torch.from_numpy(lesson.asked))
        return {
            "eyes": seeing,
            "pose": F.mse_loss(told[..., :-1], poses[..., :-1]) * 3,
            "progress": F.mse_loss(told[..., -1], poses[..., -1]) * 3,
            "fault": F.mse_loss(self.heads["fault"](answers), severities) * 4,
            "rating": -(_target(quality, len(lesson.labels)) * logits).sum(-1).mean(),
        }


def _target(quality: "torch.Tensor", count: int) -> "torch.Tensor":
    """Return the distribution over a scale's levels that stands for a quality."""
    import torch

    levels = torch.linspace(0, 1, count)
    wide = WIDE / 4 if count > 2 else 0.0
    if not wide:
        return torch.stack([1 - quality, quality], -1)
    return (-0.5 * ((levels - quality[..., None]) / wide) ** 2).softmax(-1)


def examine(pupil: Pupil, lesson: Lesson) -> np.ndarray:
    """Return expected ratings [clips, questions], each asked with the pupil's own ratings before it."""
    import torch

    count = lesson.blanks.shape[1]
    values = torch.arange(len(lesson.labels), dtype=torch.float32)
    ids = lesson.ids.copy()
    found = np.zeros(lesson.blanks.shape, np.float32)
    with torch.inference_mode():
        _, tokens = pupil.eyes(lesson)
        for place in range(count):
            now = Lesson(**{name: getattr(lesson, name) for name in Lesson.__slots__} | {"ids": ids})
            share = pupil.logits(now, pupil.hidden(now, tokens)[0])[:, place].softmax(-1)
            found[:, place] = (share @ values).numpy()
            ids[np.arange(len(ids)), lesson.blanks[:, place]] = np.array(lesson.labels)[share.argmax(-1).numpy()]
    return found


def validate(pupil: Pupil, lessons: list[Lesson]) -> dict[str, float]:
    """Return SRCC against latent quality per dimension."""
    from scipy.stats import spearmanr

    found = np.concatenate([examine(pupil, lesson) for lesson in lessons])
    truth = np.concatenate([lesson.quality for lesson in lessons])
    return {name: round(float(spearmanr(found[:, i], truth[:, i]).statistic), 3) for i, name in enumerate(DIMENSIONS)}


def train(folder: Path, course: Course, seed: int = 0, workers: int = 1, minutes: float = math.inf) -> bool:
    """Train, continuing where ``folder`` stands; return whether the course is finished.

    Writes ``state.pt`` every few minutes, ``log.jsonl``, and at the end the checkpoint in ``nano/``.
    """
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = build_tokenizer()
    pupil = Pupil(tokenizer, seed)
    inner, others = pupil.parameters()
    optimizers = [
        Muon(inner, lr=MUON),
        torch.optim.AdamW(others, lr=ADAM, betas=(0.9, 0.98), weight_decay=0.0),
    ]
    first, state = 0, folder / "state.pt"
    if state.is_file():
        kept = torch.load(state, weights_only=True)
        first = kept["step"]
        pupil.model.load_state_dict(kept["model"])
        pupil.heads.load_state_dict(kept["heads"])
        for optimizer, values in zip(optimizers, kept["optimizers"], strict=True):
            optimizer.load_state_dict(values)
    exam = [Lessons(tokenizer, seed + 1000, held_out=True).lesson(n, 64) for n in range(6)]
    begun = saved = time.monotonic()
    totals: dict[str, float] = {}
    step = first
    for step, lesson in enumerate(lessons_from(seed, course, first, workers), first):
        for optimizer, peak in zip(optimizers, (MUON, ADAM), strict=True):
            for group in optimizer.param_groups:
                group["lr"] = peak * course.rate(step)
        losses = {"eyes": pupil.eyes(lesson)[0]} if step < course.eyes else pupil.losses(lesson)
        total = torch.stack(list(losses.values())).sum()
        total.backward()
        torch.nn.utils.clip_grad_norm_(inner + others, 2.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
        for name, value in losses.items():
            totals[name] = 0.98 * totals.get(name, value.item()) + 0.02 * value.item()
        if (step + 1) % 50 == 0:
            row: dict[str, Any] = {"step": step + 1, "minutes": round((time.monotonic() - begun) / 60, 1)}
            row |= {name: round(value, 3) for name, value in totals.items()}
            if (step + 1) % 300 == 0 and step >= course.eyes:
                row |= validate(pupil, exam)
            with (folder / "log.jsonl").open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(row) + "\n")
        late = time.monotonic() - begun > 60 * minutes
        if time.monotonic() - saved > 180 or late or step + 1 == course.steps:
            saved = time.monotonic()
            kept = {"step": step + 1, "model": pupil.model.state_dict(), "heads": pupil.heads.state_dict()}
            torch.save(kept | {"optimizers": [o.state_dict() for o in optimizers]}, folder / "state.new")
            (folder / "state.new").replace(state)
        if late:
            return False
    save(pupil.model, tokenizer, folder / "nano")
    return True
