"""Features: what trained metrics look at, extracted once from each video and kept on disk."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from gaia_judge.baselines.metrics import EVERY, Setting
from gaia_judge.baselines.stores import FeatureStore
from gaia_judge.baselines.weights import Weights
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.frames import Decoders, Frames, FrameSpec, sample
from gaia_judge.frames.samples import DISTRIBUTIONS
from gaia_judge.videos import Video

Features = Mapping[str, NDArray[Any]]
"""Arrays of one video by name; each extractor says which, and of what shape."""

Extract = Callable[[Frames], Features]

SECONDS = 600.0
"""How long one video may take to be decoded and described."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extractor:
    """How a video becomes features."""

    name: str
    revision: int
    """Counted up when the same video would give other features; old ones are then not used."""
    load: Callable[["Extractor", Setting], Extract]
    """Returns the function that describes frames; raises ``GaiaJudgeError`` if it cannot."""
    inside: bool = False
    """Whether ``load`` returns an importable function that runs in decoding processes; else it runs here, on
    the user's device."""
    frames: FrameSpec = EVERY
    weights: tuple[Weights, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Settings that determine the features, as JSON values."""
    names: Callable[[], Sequence[str]] = tuple
    """Returns what the numbers of a vector of features are called; nothing for arrays without such names."""

    def key(self, setting: Setting) -> str:
        """Return what tells these features from others: a digest of all that determines them but the pixels.

        Weights that are yet to be downloaded are unknown to it: it is taken after ``load``.
        """
        told = {
            "revision": self.revision,
            "frames": self.frames.model_dump(include={"count", "fps", "every"}),
            "weights": {one.name: one.describe(setting.weights.get(one.name)) for one in self.weights},
            "facts": dict(self.facts),
        }
        digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
        return f"{self.name}-{self.revision}-{digest[:12]}"

    def shelf(self, setting: Setting) -> str:
        """Return what features are filed under: ``key``, the decoder and the versions it comes in."""
        decoder = self.frames.decoder
        used = ("decord", "pyav") if decoder == "auto" else (decoder,)
        told = "-".join([decoder, *dict.fromkeys(_version(name) for name in ("pyav", *used))])
        return f"{self.key(setting)}-{told}"

    def is_whole(self, setting: Setting) -> bool:
        """Return whether all weights are at hand, so that ``key`` knows them."""
        return all(one.name in setting.weights or one.cached() for one in self.weights)


@dataclass(frozen=True, slots=True)
class Found(Sequence[Features]):
    """Features of many videos, read from disk when they are looked at."""

    store: FeatureStore
    places: tuple[Path, ...]

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return Found(self.store, self.places[at])
        return self.store.read(self.places[at])

    def __len__(self) -> int:
        return len(self.places)

    def take(self, rows: Iterable[int]) -> "Found":
        """Return the features of some of the videos, in this order."""
        return Found(self.store, tuple(self.places[row] for row in rows))


def marks(features: Sequence[Features]) -> list[str]:
    """Return for each video what tells its features from others: a file's name, or a digest of arrays."""
    if isinstance(features, Found):  # files are named by content, so that none need be read
        return ["/".join(place.parts[-3:]) for place in features.places]
    return [_digest(one) for one in features]


def extract(
    videos: Sequence[Video],
    extractor: Extractor,
    store: FeatureStore,
    setting: Setting,
    *,
    processes: int = 2,
    advance: Callable[..., None] = lambda *, failed: None,
    skip: Callable[[int], None] = lambda count: None,
) -> dict[str, Path | GaiaJudgeError]:
    """Extract what is not in the store yet; a video that has features is not decoded.

    Args:
        videos: Which.
        extractor: How.
        store: Where features are kept; each is there before the next is counted.
        setting: Device and weights.
        processes: That decode, and describe where the extractor runs inside them.
        advance: Called with ``failed`` for each video that is not in the store yet.
        skip: Told how many videos are.

    Returns:
        For each video's id where its features are, or why there are none.
    """
    # Where weights are downloaded by it, only then is it known what the features are.
    function = None if extractor.is_whole(setting) else extractor.load(extractor, setting)
    key = extractor.shelf(setting)
    found: dict[str, Path | GaiaJudgeError] = {}
    missing = []
    for video in videos:
        place = store.place(key, video.path)
        if place is None:
            found[video.id] = GaiaJudgeError(f"There is no file {video.path}.", "Check the path.")
        elif store.holds(place):
            found[video.id] = place
        else:
            missing.append((video, place))
    skip(len(videos) - len(missing))
    if missing and function is None:
        function = extractor.load(extractor, setting)
    for (video, place), answer in zip(
        missing, _described(missing, extractor, function, processes), strict=True
    ):
        if not isinstance(answer, GaiaJudgeError):
            store.write(place, answer)
        found[video.id] = answer if isinstance(answer, GaiaJudgeError) else place
        advance(failed=isinstance(answer, GaiaJudgeError))
    return {video.id: found[video.id] for video in videos}  # whatever was there before


def _version(decoder: str) -> str:
    """Return a decoder's distribution and version."""
    try:
        return f"{DISTRIBUTIONS[decoder]}{version(DISTRIBUTIONS[decoder])}"
    except PackageNotFoundError:  # its use will say so
        return f"no {decoder}"


def _digest(features: Features) -> str:
    total = hashlib.sha256()
    for name, array in sorted(features.items()):
        total.update(f"{name} {array.dtype} {array.shape} ".encode() + np.ascontiguousarray(array).tobytes())
    return total.hexdigest()


def _described(
    missing: Sequence[tuple[Video, Path]], extractor: Extractor, function: Extract | None, processes: int
) -> Iterator[Features | GaiaJudgeError]:
    if function is None or not missing:
        return
    spec = extractor.frames.model_copy(update={"timeout_s": SECONDS})
    decode = partial(_inside, function) if extractor.inside else sample
    with Decoders(spec, processes=processes, decode=cast(Any, decode)) as decoders:
        for _, answer in decoders.stream(video for video, _ in missing):
            yield _outside(function, answer) if isinstance(answer, Frames) else cast(Any, answer)


def _inside(function: Extract, path: Path, spec: FrameSpec) -> Features:
    import cv2

    cv2.setNumThreads(1)  # Parallel are the videos.
    return _checked(function(sample(path, spec)), path)


def _outside(function: Extract, frames: Frames) -> Features | GaiaJudgeError:
    try:
        return _checked(function(frames))
    except GaiaJudgeError as error:
        return error
    except Exception as error:  # one video must not stop the others, whatever a network finds wrong with it
        return GaiaJudgeError(f"The video cannot be described: {type(error).__name__}: {error}.")


def _checked(features: Features, path: Path | None = None) -> Features:
    if not features or not all(array.size for array in features.values()):
        raise GaiaJudgeError(f"{path or 'The video'} gives no features.", "Leave it out.")
    return {name: np.ascontiguousarray(array) for name, array in features.items()}
