"""Optical flow: how far each pixel moves from one frame to another, by RAFT or by OpenCV's DIS.

Flow comes pair by pair, so that a long video never fills the memory with flow fields. One loaded network
serves all metrics of a run.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from gaia_judge.baselines.metrics import Setting
from gaia_judge.baselines.weights import Weights, load_tensors
from gaia_judge.errors import GaiaJudgeError

if TYPE_CHECKING:
    import torch

Pair = tuple[int, int]
"""The frame that flow starts from, and the frame that it leads to."""

RAFT_WEIGHTS = Weights(
    name="raft",
    licence="BSD-3-Clause",
    url="https://download.pytorch.org/models/raft_large_C_T_V1-22a6c225.pth",
    sha256="22a6c225",
    size_mb=20.1,
)
"""The authors' weights trained on FlyingChairs and FlyingThings3D (raft-things), as torchvision ported them.
The file's name says how its digest begins; that, and its size, could not be verified here."""

UPDATES = 20
"""Steps of RAFT's refinement, as VBench and EvalCrafter take."""

PIXELS = 2**19
"""Pixels per frame times pairs that RAFT sees at once, at most; a single pair always goes."""

RAFT_SIDE, DIS_SIDE = 128, 32
"""The smallest sides, in pixels: RAFT's coarsest correlation needs 128; DIS may crash below 16."""


class Flow(Protocol):
    """A way to compute optical flow; two are the same only if they compute the same."""

    @property
    def padded(self) -> int:
        """What sides are padded to multiples of, in pixels; 1 if they are not."""
        ...

    def stream(self, images: NDArray[np.uint8], pairs: Sequence[Pair]) -> Iterator[NDArray[np.float32]]:
        """Yield the flow of each pair of frames, in order.

        Args:
            images: RGB, shape [T, H, W, 3].
            pairs: Positions of frames.

        Yields:
            Motion of each pixel of the first frame, right and down, in pixels, shape [H, W, 2].

        Raises:
            GaiaJudgeError: The frames are too small.
        """
        ...

    def describe(self) -> Mapping[str, Any]:
        """Return versions and settings that determine the flow, as JSON values."""
        ...


class Raft:
    """RAFT as torchvision ships it (Teed and Deng, ECCV 2020).

    Frames are scaled to [-1, 1] and padded to multiples of 8 by repeating their edges, half on either side,
    as the authors do for Sintel; what falls on the padding is cut off again.

    Args:
        network: ``torchvision.models.optical_flow.raft_large``, in evaluation mode.
        device: Where it is and computes.
        updates: Steps of refinement.
        pixels: See ``PIXELS``.
    """

    padded = 8

    def __init__(
        self, network: "torch.nn.Module", *, device: str = "cpu", updates: int = UPDATES, pixels: int = PIXELS
    ) -> None:
        self._network = network
        self._device = device
        self._updates = updates
        self._pixels = pixels

    def stream(self, images: NDArray[np.uint8], pairs: Sequence[Pair]) -> Iterator[NDArray[np.float32]]:
        """Yield the flow of each pair, see ``Flow``; pairs go through the network in small batches."""
        height, width = images.shape[1:3]
        across, down = -width % 8, -height % 8
        check_side("RAFT", RAFT_SIDE, height + down, width + across)
        left, top = across // 2, down // 2
        edges = (left, across - left, top, down - top)
        most = max(1, self._pixels // (height * width))
        for start in range(0, len(pairs), most):
            firsts, seconds = zip(*pairs[start : start + most], strict=True)
            flows = self._flow(images[list(firsts)], images[list(seconds)], edges)
            yield from flows[:, top : top + height, left : left + width]

    def describe(self) -> dict[str, Any]:
        """Return versions and settings, see ``Flow``."""
        import torch
        import torchvision

        return {"torch": torch.__version__, "torchvision": torchvision.__version__, "updates": self._updates}

    def _flow(
        self, firsts: NDArray[np.uint8], seconds: NDArray[np.uint8], edges: tuple[int, int, int, int]
    ) -> NDArray[np.float32]:
        import torch

        # The network keeps the correlations of its last pairs, a gigabyte at 720p: new ones replace them.
        self._network.corr_block.corr_pyramid = []  # type: ignore[union-attr]
        with torch.inference_mode():
            sides = (self._prepared(images, edges) for images in (firsts, seconds))
            flows = self._network(*sides, num_flow_updates=self._updates)[-1]
        self._network.corr_block.corr_pyramid = []  # type: ignore[union-attr]
        found: NDArray[np.float32] = flows.permute(0, 2, 3, 1).cpu().numpy()
        return found

    def _prepared(self, images: NDArray[np.uint8], edges: tuple[int, int, int, int]) -> "torch.Tensor":
        import torch

        pixels = torch.from_numpy(images).to(self._device).permute(0, 3, 1, 2).float()
        return torch.nn.functional.pad(2 * (pixels / 255) - 1, edges, mode="replicate")


class Dis:
    """Dense inverse search as OpenCV ships it, medium preset, on grey frames (Kroeger et al., ECCV 2016).

    It needs no weights. Its result does not depend on how many threads OpenCV takes.
    """

    padded = 1

    def stream(self, images: NDArray[np.uint8], pairs: Sequence[Pair]) -> Iterator[NDArray[np.float32]]:
        """Yield the flow of each pair, see ``Flow``."""
        import cv2

        check_side("DIS", DIS_SIDE, *images.shape[1:3])
        search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        for pair in pairs:
            first, second = (cv2.cvtColor(images[at], cv2.COLOR_RGB2GRAY) for at in pair)
            # Without an array of its own for the result, OpenCV could start from an earlier one.
            yield search.calc(first, second, None)  # type: ignore[call-overload]

    def describe(self) -> dict[str, Any]:
        """Return versions and settings, see ``Flow``."""
        import cv2

        return {"opencv": cv2.__version__, "preset": "medium"}


LOADED: WeakValueDictionary[tuple[Path | None, str], Raft] = WeakValueDictionary()
DIS = Dis()


def load_flow(name: str, setting: Setting) -> Flow:
    """Return a flow by name; the same object for the same weights and device, as long as anyone holds it.

    Args:
        name: ``raft`` or ``dis``, which is what metrics say under ``flow`` in their facts.
        setting: Device and own weights.

    Raises:
        GaiaJudgeError: The weights cannot be had, or are not RAFT's.
    """
    if name == "dis":
        return DIS
    key = (setting.weights.get(RAFT_WEIGHTS.name), setting.device)
    flow = LOADED.get(key)
    if flow is None:
        network = _network(key[0]).to(setting.device)
        flow = LOADED[key] = Raft(network, device=setting.device, updates=UPDATES)
    return flow


def check_side(name: str, least: int, height: int, width: int) -> None:
    """Raise ``GaiaJudgeError`` if frames are too small for a flow."""
    if min(height, width) < least:
        raise GaiaJudgeError(f"{name} cannot see motion below {least} pixels a side.", "Leave the video out.")


def _network(given: Path | None) -> "torch.nn.Module":
    from torchvision.models.optical_flow import raft_large

    path = RAFT_WEIGHTS.bring(given)
    network: torch.nn.Module = raft_large(weights=None)
    try:
        network.load_state_dict(load_tensors(path))
    except (RuntimeError, TypeError) as error:
        raise GaiaJudgeError(
            f"{path} does not hold the large RAFT as torchvision names it.", f"Download {RAFT_WEIGHTS.url}."
        ) from error
    return network.eval()
