"""Conversations as the model reads them: chat templates, tokens of labels, control tokens kept out."""

import json
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from gaia_judge.engines import VIDEO_MARK, Draws, Form, Labels, Message, ModelSpec, Preview, Request
from gaia_judge.engines.tokens import LabelWalk
from gaia_judge.errors import EngineError, GaiaJudgeError
from gaia_judge.frames import Frames
from gaia_judge.scales import spellings

TAIL = 12
"""Characters of the prompt kept before a label when it is tokenised, so that it is split as in context."""


class Conversations:
    """Renders requests with a model's own chat template.

    Args:
        model: Which model's processor to load (from the cache or the hub; no remote code).

    Raises:
        EngineError: The processor cannot be loaded or has no chat template.
    """

    def __init__(self, model: ModelSpec) -> None:
        from transformers import AutoProcessor

        try:
            self.processor: Any = AutoProcessor.from_pretrained(
                model.model, revision=model.revision, trust_remote_code=False
            )
        except (OSError, ValueError) as error:
            raise EngineError(
                f"The processor of {model.model} cannot be loaded: {first_line(error)}",
                "Check the model's name, or download it with `hf download`.",
            ) from error
        self.tokenizer: Any = getattr(self.processor, "tokenizer", self.processor)
        self.stops = _stops(model, self.tokenizer)
        """Tokens that end the model's turn."""
        self._video = model.video
        self._control = _control_tokens(self.processor, self.tokenizer)
        self._walkable = lru_cache(maxsize=256)(self._spell)
        self._encode_piece = lru_cache(maxsize=1024)(lambda text: tuple(self.encode(text)))
        self._breaks = re.compile(f"({'|'.join(map(re.escape, self._control))})")
        self._splits = self._may_split()

    def render(self, request: Request) -> str:
        """Return the prompt's text, up to where the model begins its answer.

        Raises:
            GaiaJudgeError: A message holds one of the model's control tokens.
        """
        shots = 0 if request.frames is None else len(request.frames.images)
        turns = [
            {"role": message.role, "content": self._parts(message, shots)} for message in request.messages
        ]
        return str(self.processor.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))

    def walk(self, prompt: str, ask: Labels) -> LabelWalk:
        """Return the walk that reads the labels' probabilities after a prompt."""
        return LabelWalk(dict(self._walkable(prompt[-TAIL:], ask.labels)), self.stops)

    def encode(self, text: str) -> list[int]:
        """Return the token ids of a rendered prompt, without adding any."""
        return list(self.tokenizer.encode(text, add_special_tokens=False))

    def tokens(self, prompt: str) -> list[int] | None:
        """Return the token ids of a rendered prompt, the turns that it shares with earlier ones from memory.

        Returns:
            None where this model's tokenizer may read a turn otherwise alone than among others.
        """
        if not self._splits:
            return None
        pieces = filter(None, self._breaks.split(prompt))
        return [token for piece in pieces for token in self._encode_piece(piece)]

    def _may_split(self) -> bool:
        """Tell whether control tokens keep apart what stands before and after them, and no more is added."""
        added = [one for one in self.tokenizer.added_tokens_decoder.values() if one.content in self._control]
        if not self._control or any(one.lstrip or one.rstrip or one.single_word for one in added):
            return False
        before, after = " A b.\n", "\n  C d, é 1.5"
        probe = "".join(f"{before}{token}{after}" for token in sorted(self._control))
        apart = [token for piece in self._breaks.split(probe) if piece for token in self.encode(piece)]
        return apart == self.encode(probe) == list(self.tokenizer.encode(probe))

    def longest(self, ask: Draws | Form) -> int:
        """Return the most tokens that an answer can have, with some to spare."""
        if isinstance(ask, Draws):
            return 2 + max(len(self.encode(label)) for label in ask.labels)
        most = {name: max(labels, key=lambda label: len(self.encode(label))) for name, labels in ask.fields}
        return 8 + 2 * len(self.encode(json.dumps(most)))

    def inputs(self, texts: Sequence[str], frames: Sequence[Frames | None]) -> Any:
        """Return the model's inputs for rendered prompts, padded on the left, as a BatchFeature."""
        self.tokenizer.padding_side = "left"
        shown = [one for one in frames if one is not None]
        media: dict[str, Any] = {}
        if shown and self._video:
            media = {
                "videos": [one.images for one in shown],
                "video_metadata": [_known(video_metadata(one)) for one in shown],
                "do_sample_frames": False,
            }
        elif shown:
            media = {"images": [list(one.images) for one in shown]}
        return self.processor(text=list(texts), **media, padding=True, return_tensors="pt")

    def preview(self, request: Request) -> Preview:
        """Return a prompt's text and its length with the frames expanded."""
        text = self.render(request)
        return Preview(text, int(self.inputs([text], [request.frames])["input_ids"].shape[1]))

    def _parts(self, message: Message, shots: int) -> list[dict[str, str]]:
        found = [token for token in self._control if token in message.text]
        if found:
            raise GaiaJudgeError(
                f"The text for the model holds its control token {found[0]!r}.", "Remove it from the prompt."
            )
        before, mark, after = message.text.partition(VIDEO_MARK)
        frames = [{"type": "video"}] if self._video else [{"type": "image"}] * shots
        texts = [[{"type": "text", "text": text}] if text.strip() else [] for text in (before, after)]
        return [*texts[0], *(frames if mark else []), *texts[1]]

    def _spell(self, tail: str, labels: tuple[str, ...]) -> list[tuple[str, Sequence[tuple[int, ...]]]]:
        return [(label, sorted(set(self._token_paths(tail, spellings(label))))) for label in labels]

    def _token_paths(self, tail: str, texts: Iterable[str]) -> Iterable[tuple[int, ...]]:
        head = self.encode(tail)
        for text in texts:
            whole = self.encode(tail + text)
            yield tuple(whole[len(head) :] if whole[: len(head)] == head else self.encode(text))


def _control_tokens(processor: Any, tokenizer: Any) -> frozenset[str]:
    """Return the texts that the tokenizer reads as control tokens wherever they stand."""
    added = [token.content for token in tokenizer.added_tokens_decoder.values() if token.special]
    media = [getattr(processor, f"{kind}_token", None) for kind in ("image", "video")]
    known = (*added, *media, *tokenizer.all_special_tokens)
    return frozenset(token for token in known if isinstance(token, str) and token.strip())


def _stops(model: ModelSpec, tokenizer: Any) -> list[int]:
    from transformers import GenerationConfig

    try:
        ends = GenerationConfig.from_pretrained(model.model, revision=model.revision).eos_token_id
    except OSError:  # many checkpoints have none
        ends = None
    known = ends if isinstance(ends, list) else [ends]
    return sorted({token for token in (*known, tokenizer.eos_token_id) if token is not None})


def video_metadata(frames: Frames) -> dict[str, Any]:
    """Return what video processors need to know of frames that are already chosen."""
    return {
        "total_num_frames": frames.total,
        "fps": frames.fps,
        "duration": frames.duration,
        "frames_indices": frames.indices.tolist(),
        "video_backend": "opencv",
        "do_sample_frames": False,
    }


def _known(metadata: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in metadata.items() if name != "do_sample_frames"}


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, or its name if it has none."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
