"""The network while it learns: its losses, and how well it does."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gaia_judge.agreement import srcc
from gaia_judge.nano.lessons import POINTS, POSES, Lesson
from gaia_judge.nano.models import FRAMES, PATCH, PER_FRAME, SIDE, build_model, project, watch
from gaia_judge.synthetic.defects import DIMENSIONS, KINDS

if TYPE_CHECKING:
    import torch

WIDE = 0.55
"""Standard deviation of a target rating over the levels, in levels of a scale of five."""


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
        """Return the loss of the vision tower, and the features of patches."""
        import torch
        from torch.nn import functional

        pixels = torch.from_numpy(lesson.frames).permute(0, 1, 4, 2, 3).float() / 127.5 - 1
        features = watch(self.model, pixels)
        patches = self.model.model.vision_tower.post_layernorm(features)
        grid = SIDE // PATCH
        points = torch.from_numpy(lesson.points).flatten(0, 1) * grid
        seen = ((points >= 0) & (points < grid)).all(-1)
        cells = points.nan_to_num(0).floor().clamp(0, grid - 1).long()
        cell = cells[..., 1] * grid + cells[..., 0]
        where = self.heads["where"](patches).transpose(1, 2)
        loss = functional.cross_entropy(where[seen], cell[seen])
        offsets = self.heads["offset"](patches)
        picked = offsets.gather(1, cell[..., None].expand(-1, -1, 2))
        loss = 0.3 * loss + 0.5 * functional.l1_loss(picked[seen], (points - cells - 0.5)[seen])
        look = self.heads["look"](patches.mean(1)).view(len(lesson.frames), FRAMES, -1).mean(1)
        statics = [
            i for i, name in enumerate(KINDS) if name in ("missing", "extra", "melting", "blur", "floating")
        ]
        return loss + 2 * functional.mse_loss(
            look[:, statics], torch.from_numpy(lesson.severities)[:, statics]
        ), features

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
        from torch.nn import functional

        seeing, patches = self.eyes(lesson)
        tokens = project(self.model, patches)
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
            "pose": functional.mse_loss(told[..., :-1], poses[..., :-1]) * 3,
            "progress": functional.mse_loss(told[..., -1], poses[..., -1]) * 8,
            "fault": functional.mse_loss(self.heads["fault"](answers), severities) * 4,
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


def examine(pupil: Pupil, lesson: Lesson) -> NDArray[np.float32]:
    """Return expected ratings [clips, questions], each asked with the pupil's own ratings before it."""
    import torch

    count = lesson.blanks.shape[1]
    values = torch.arange(len(lesson.labels), dtype=torch.float32)
    ids = lesson.ids.copy()
    found = np.zeros(lesson.blanks.shape, np.float32)
    with torch.inference_mode():
        tokens = project(pupil.model, pupil.eyes(lesson)[1])
        for place in range(count):
            now = Lesson(**{name: getattr(lesson, name) for name in Lesson.__slots__} | {"ids": ids})
            share = pupil.logits(now, pupil.hidden(now, tokens)[0])[:, place].softmax(-1)
            found[:, place] = (share @ values).numpy()
            ids[np.arange(len(ids)), lesson.blanks[:, place]] = np.array(lesson.labels)[
                share.argmax(-1).numpy()
            ]
    return found


def validate(pupil: Pupil, lessons: list[Lesson]) -> dict[str, float | None]:
    """Return SRCC against latent quality per dimension."""
    found = np.concatenate([examine(pupil, lesson) for lesson in lessons])
    truth = np.concatenate([lesson.quality for lesson in lessons])
    return {name: srcc(found[:, i], truth[:, i]) for i, name in enumerate(DIMENSIONS)}
