"""What a run keeps of one finished video: one line of the journal, one or more rows of the table."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.scores import Score
from gaia_judge.videos import Video

if TYPE_CHECKING:
    from gaia_judge.frames import Frames

META = ("generator", "action", "category", "subset", "prompt")
"""What is known of a video and stands in each of its rows."""

SCORE = tuple(field.name for field in fields(Score) if field.name != "video")
"""What the journal keeps of a score; the video stands once in the record."""

DECIMALS = 4
"""Of a judge's values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One finished video as plain JSON values.

    Values are kept to ``DECIMALS`` unless the rater knows better, all other numbers to 6. What lies below is
    float32 noise that depends on which videos shared a batch, and a continued run should give the same table
    as an undisturbed one.
    """

    video: str
    scores: tuple[Score, ...]
    """In the order of the dimensions."""
    frames: Mapping[str, Any] | None
    """What ``frame_facts`` returns; None where nothing was decoded."""
    meta: Mapping[str, str]
    """The fields of ``META``."""
    file: Sequence[int] | None = None
    """What ``file_facts`` returns."""
    usage: Mapping[str, float] | None = None
    """What rating it took, such as seconds and tokens; None where that was not kept."""

    @classmethod
    def of(
        cls,
        video: Video,
        frames: "Frames | None",
        scores: Sequence[Score],
        decimals: int = DECIMALS,
        usage: Mapping[str, float] | None = None,
    ) -> "Record":
        """Return the record of a finished video.

        Args:
            video: What was rated.
            frames: What the rater saw; None if they could not be decoded, or it looks at none.
            scores: One per dimension, in order; also those that have an error instead of a value.
            decimals: To which values are kept.
            usage: What rating it took.
        """
        return cls(
            video=video.id,
            scores=tuple(_rounded_score(score, decimals) for score in scores),
            frames=None if frames is None else frame_facts(frames),
            meta=_meta(video),
            file=file_facts(video.path),
            usage=usage,
        )

    def is_of(self, video: Video) -> bool:
        """Tell whether a video is still the one that was rated: the same file, of which the same is known."""
        return self.meta == _meta(video) and self.file == file_facts(video.path)

    @property
    def errors(self) -> list[str]:
        """Why scores are missing."""
        return [score.error for score in self.scores if score.error is not None]

    def line(self) -> bytes:
        """Return the record as one line of JSON.

        Raises:
            GaiaJudgeError: A number is not finite.
        """
        scores = [{name: getattr(score, name) for name in SCORE} for score in self.scores]
        rest: dict[str, Any] = {"frames": self.frames, "meta": self.meta, "file": self.file}
        if self.usage is not None:
            rest["usage"] = self.usage
        whole = {"video": self.video, "scores": scores, **rest}
        try:
            return json.dumps(whole, allow_nan=False).encode() + b"\n"
        except ValueError as error:
            message = f"A score of {self.video!r} holds a number that is not finite: {error}."
            raise GaiaJudgeError(message, "The rater must give no value and an error instead.") from error

    @classmethod
    def from_line(cls, line: bytes) -> "Record":
        """Return the record of a line.

        Raises:
            ValueError: The line holds something else.
        """
        try:
            whole = json.loads(line)
            scores = tuple(Score(video=whole["video"], **score) for score in whole.pop("scores"))
            record = cls(scores=scores, **whole)
            if not _is_sound(record):
                raise TypeError("a value is of another kind")
            return record
        except (TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ValueError(f"not a record: {error}") from error

    def rows(self) -> list[dict[str, Any]]:
        """Return one row per dimension for ``ScoreTable.from_records``.

        Where every frame was taken, rows leave out the long lists of them; the journal has them.
        """
        facts = self.frames or {}
        every = len(facts.get("indices", ())) == facts.get("total")
        seen = {
            "frame_indices": None if every else facts.get("indices"),
            "frame_seconds": None if every else facts.get("seconds"),
            "frames_note": facts.get("note"),
            **{name: facts.get(name) for name in ("width", "height", "decoder")},
        }
        return [{**score.row(), **self.meta, **seen} for score in self.scores]


def file_facts(path: Path) -> list[int] | None:
    """Return a file's size in bytes and its time of change in nanoseconds; None if there is none."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return [found.st_size, found.st_mtime_ns]


def _is_sound(record: Record) -> bool:
    """Tell whether a record's values are of their kinds; its line may come from another's machine."""
    frames = {} if record.frames is None else record.frames
    return (
        all(isinstance(one, Mapping) for one in (frames, record.meta))
        and all(isinstance(frames.get(name, []), list) for name in ("indices", "seconds"))
        and record.meta.keys() <= set(META)
        and all(isinstance(text, str) for text in (record.video, *record.meta.values()))
        and all(_is_number(one) and one is not None for one in (record.usage or {}).values())
        and all(map(_is_sound_score, record.scores))
    )


def _is_sound_score(score: Score) -> bool:
    texts = (score.error, score.note, score.rationale)
    shares = {} if score.distribution is None else score.distribution
    return (
        isinstance(score.dimension, str)
        and isinstance(score.rater, str)
        and all(text is None or isinstance(text, str) for text in texts)
        and all(isinstance(each, Mapping) for each in (shares, score.trace))
        and all(map(_is_number, (score.value, score.off_scale, *shares.values())))
    )


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and math.isfinite(value))


def _meta(video: Video) -> dict[str, str]:
    return {name: getattr(video, name) for name in META}


def frame_facts(frames: "Frames") -> dict[str, Any]:
    """Return all that a row says of the frames, as JSON values: times in seconds, sizes in pixels."""
    _, height, width, _ = frames.images.shape
    return {
        "indices": frames.indices.tolist(),
        "seconds": rounded(frames.seconds, 6),
        "width": width,
        "height": height,
        "decoder": frames.decoder,
        "note": frames.note,
        "total": frames.total,
        "duration": rounded(frames.duration, 6),
        "digest": frames.digest,
    }


def rounded(value: Any, decimals: int) -> Any:
    """Return plain JSON values with every number in them rounded; tuples and NumPy's arrays become lists.

    >>> rounded({"spread": (0.12345678, -0.0000001), "seed": 7}, 6)
    {'spread': [0.123457, 0.0], 'seed': 7}
    """
    if hasattr(value, "tolist"):  # NumPy's arrays and numbers, without loading NumPy
        value = value.tolist()
    if isinstance(value, float):
        return round(value, decimals) + 0.0  # so that -0.0 becomes 0.0
    if isinstance(value, Mapping):
        return {str(key): rounded(part, decimals) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(part, decimals) for part in value]
    return value


def _rounded_score(score: Score, decimals: int) -> Score:
    return replace(
        score,
        value=rounded(score.value, decimals),
        distribution=rounded(score.distribution, 6),
        off_scale=rounded(score.off_scale, 6),
        trace=rounded(score.trace, 6),
    )
