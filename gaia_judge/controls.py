"""Controls: what a judge says when what it sees, reads or is asked is changed on purpose."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any, cast

import numpy as np

from gaia_judge.engines import VIDEO_MARK, Engine, Preview, Reply, Request
from gaia_judge.errors import unknown
from gaia_judge.frames import Frames
from gaia_judge.judges import Judge
from gaia_judge.prompts import PromptSet
from gaia_judge.prompts.variants import best_first
from gaia_judge.videos import Video

CRF = 34
"""Of the re-encoding: plainly visible to people, and still the same clip."""

KEPT = 64
"""Changed frames that are kept for the next question about them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One change; what it leaves out stays as it is."""

    name: str
    about: str
    """What is changed, for people."""
    frames: Callable[[Frames], Frames] | None = None
    blind: bool = False
    """Whether the video is taken away altogether."""
    videos: Callable[[Sequence[Video]], list[Video]] | None = None
    """What is told of the videos; ids and order stay."""
    prompt: Callable[[PromptSet], PromptSet] | None = None
    alone: bool = False
    """Whether videos are rated one at a time."""


def _blank(frames: Frames) -> Frames:
    return replace(frames, images=np.full_like(frames.images, 128))


def _shuffled(frames: Frames) -> Frames:
    order = np.random.default_rng(int(frames.digest[:8], 16)).permutation(len(frames.images))
    return replace(frames, images=frames.images[order])


def _backwards(frames: Frames) -> Frames:
    return replace(frames, images=frames.images[::-1].copy())


def _frozen(frames: Frames) -> Frames:
    return replace(frames, images=np.repeat(frames.images[:1], len(frames.images), axis=0))


def _halved(frames: Frames) -> Frames:
    from PIL import Image

    _, height, width, _ = frames.images.shape
    size = (max(1, width // 2), max(1, height // 2))
    small = [np.asarray(Image.fromarray(one).resize(size, Image.Resampling.BOX)) for one in frames.images]
    return replace(frames, images=np.stack(small))


def _reencoded(frames: Frames) -> Frames:
    """Return the frames after coarse H.264: blocks and lost detail, the same every time."""
    import av

    file, images = BytesIO(), frames.images
    count, height, width, _ = images.shape
    even = np.pad(images, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    options = {"crf": str(CRF), "preset": "veryfast", "threads": "1", "x264-params": "cpu-independent=1"}
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=8, options=options)
        stream.height, stream.width = even.shape[1:3]
        stream.pix_fmt = "yuv420p"
        for image in even:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    file.seek(0)
    with av.open(file, "r") as container:
        found = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(found) == count
    return replace(frames, images=np.stack(found)[:, :height, :width].astype(np.uint8))


def misname(videos: Sequence[Video], seed: int = 0) -> list[Video]:
    """Return videos, each with action and prompt of another one's action of its subset, if there is one."""
    chance = np.random.default_rng(seed)
    known = {video.action: video for video in videos}
    found = []
    for video in videos:
        rivals = [one for one in known.values() if one.subset == video.subset and one.action != video.action]
        rival = rivals[chance.integers(len(rivals))] if rivals else video
        found.append(replace(video, action=rival.action, prompt=rival.prompt))
    return found


def exchange(videos: Sequence[Video], seed: int = 0) -> list[Video]:
    """Return videos, each with the prompt and action of another video, any but its own where there is one."""
    order = np.random.default_rng(seed).permutation(len(videos))
    partner = {int(at): int(order[(place + 1) % len(order)]) for place, at in enumerate(order)}
    return [
        replace(video, action=videos[partner[at]].action, prompt=videos[partner[at]].prompt)
        for at, video in enumerate(videos)
    ]


def leak(videos: Sequence[Video]) -> list[Video]:
    """Return videos whose prompt, or else action, names the generator that made them."""
    found = []
    for video in videos:
        told = f"(made by {video.generator})" if video.generator else ""
        if video.prompt:
            found.append(replace(video, prompt=f"{video.prompt} {told}".strip()))
        else:
            found.append(replace(video, action=f"{video.action} {told}".strip()))
    return found


NONE = Control(name="none", about="nothing")

CONTROLS = {
    one.name: one
    for one in (
        NONE,
        Control(name="text only", about="no video, only the text", blind=True),
        Control(name="blank video", about="every frame plain grey", frames=_blank),
        Control(name="frames shuffled", about="frames in random order", frames=_shuffled),
        Control(name="frames reversed", about="frames from last to first", frames=_backwards),
        Control(name="first frame frozen", about="the first frame throughout", frames=_frozen),
        Control(name="wrong action named", about="action and prompt of another action", videos=misname),
        Control(name="prompt of another video", about="action and prompt of any other", videos=exchange),
        Control(name="generator named", about="the prompt tells which generator made it", videos=leak),
        Control(name="half resolution", about="width and height halved", frames=_halved),
        Control(name="re-encoded", about=f"H.264 at CRF {CRF}", frames=_reencoded),
        Control(name="scale reversed", about="levels told from best to worst", prompt=best_first),
        Control(name="asked again", about="nothing; the same once more"),
        Control(name="one at a time", about="no two videos in a batch", alone=True),
    )
}
"""By name."""


def find_control(name: str) -> Control:
    """Return the control of that name.

    Raises:
        GaiaJudgeError: There is none; near names are suggested.
    """
    if name not in CONTROLS:
        raise unknown("control", name, CONTROLS)
    return CONTROLS[name]


class Controlled:
    """An engine whose requests are changed on their way."""

    def __init__(self, engine: Engine, control: Control) -> None:
        self.engine, self.control = engine, control
        self.width = engine.width
        self._changed: OrderedDict[str, Frames] = OrderedDict()

    def submit(self, key: Hashable, request: Request) -> None:
        """Hand over the changed request."""
        self.engine.submit(key, self._change(request))

    def _change(self, request: Request) -> Request:
        if self.control.blind:
            messages = tuple(replace(one, text=one.text.replace(VIDEO_MARK, "")) for one in request.messages)
            return replace(request, frames=None, messages=messages)
        if self.control.frames is None or request.frames is None:
            return request
        return replace(request, frames=self._show(request.frames, self.control.frames))

    def _show(self, frames: Frames, change: Callable[[Frames], Frames]) -> Frames:
        """Return the changed frames; those of the last few videos are made once for all questions."""
        if frames.digest not in self._changed:
            self._changed[frames.digest] = change(frames)
            if len(self._changed) > KEPT:
                self._changed.popitem(last=False)
        return self._changed[frames.digest]

    def collect(self) -> list[tuple[Hashable, Reply]]:
        """Return what has been answered."""
        return self.engine.collect()

    def preview(self, request: Request) -> Preview:
        """Return what the model would read."""
        return self.engine.preview(self._change(request))

    def describe(self) -> dict[str, Any]:
        """Return what the engine says of itself."""
        return self.engine.describe()

    def close(self) -> None:
        """Free the engine."""
        self.engine.close()


@contextmanager
def controlled(judge: Judge, name: str) -> Iterator[Judge]:
    """Let a judge see through a control for a while; videos' texts, and prompts, stay as they are."""
    engine = judge.engine
    judge.engine = cast(Engine, Controlled(engine, CONTROLS[name]))
    try:
        yield judge
    finally:
        judge.engine = engine
