"""SlowFast-R50 as BVQA and SimpleVQA use it: frozen, 32 frames at a time."""

from typing import TYPE_CHECKING, Any

from gaia_judge.baselines.metrics import Setting
from gaia_judge.baselines.weights import Weights, load_tensors

if TYPE_CHECKING:
    from torch import Tensor

SLOWFAST = Weights(
    name="slowfast-r50",
    licence="Apache-2.0",
    url="https://dl.fbaipublicfiles.com/pytorchvideo/model_zoo/kinetics/SLOWFAST_8x8_R50.pyth",
)
"""Pytorchvideo's, trained on Kinetics; neither size nor digest could be verified."""

FRAMES = 32
"""Of the fast path."""


def load_slowfast(setting: Setting) -> Any:
    """Return SlowFast without its classifier, in evaluation."""
    from gaia_judge.baselines.networks.keys import load_official
    from gaia_judge.baselines.networks.slowfasts import SlowFast, slowfast_name

    network = SlowFast(classes=0)
    tensors = load_tensors(SLOWFAST.bring(setting.weights.get(SLOWFAST.name)))
    load_official(network, tensors, slowfast_name)
    return network.eval().to(setting.device)


def both_paths(network: Any, frames: "Tensor") -> "tuple[Tensor, Tensor]":
    """Return slow and fast maps, each of shape [1, F, T, H, W], of frames, shape [32, 3, H, W]."""
    import torch

    from gaia_judge.baselines.networks.slowfasts import slow_frames

    fast = frames.transpose(0, 1)[None].contiguous()
    with torch.inference_mode():
        slow_maps, fast_maps = network(slow_frames(fast), fast)
    return slow_maps.float(), fast_maps.float()
