"""VSFA: features of every frame by a frozen ResNet-50, a GRU, and a temporal memory of the worst.

Source: Li, Jiang and Jiang, "Quality Assessment of In-the-Wild Videos", ACM Multimedia 2019.

Training starts anew, or with ``--weights vsfa=VSFA.pt`` from the authors' head. The head untrained on the
scores at hand is no metric here.
"""

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gaia_judge.baselines.features import Extract, Extractor, Features
from gaia_judge.baselines.fittings import trained
from gaia_judge.baselines.loops import NetworkLearner
from gaia_judge.baselines.metrics import Setting
from gaia_judge.baselines.recipes import Recipe
from gaia_judge.baselines.samplings import coloured
from gaia_judge.baselines.sequences import FRAMES, padded
from gaia_judge.baselines.starts import Start
from gaia_judge.baselines.trainings import Network, Training
from gaia_judge.baselines.weights import Weights, load_tensors
from gaia_judge.frames import Frames

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

RESNET50 = Weights(
    name="resnet50",
    licence="BSD-3-Clause",
    url="https://download.pytorch.org/models/resnet50-0676ba61.pth",
    sha256="0676ba61",
    size_mb=102.5,
)
"""Torchvision's, trained on ImageNet (its first version, as the paper's); the digest is in its name."""

HEAD = Weights(
    name="vsfa",
    licence="MIT",
    url="https://github.com/lidq92/VSFA/raw/b78751b58b05321aea0f13ee913b4bee1531a233/models/VSFA.pt",
    sha256="07ce3eab277f3351b989f8d9b39fd22507262a9daf05a309eee4106ab2a0e57b",
    size_mb=2.2,
)
"""The authors' head, trained on KoNViD-1k with labels divided by the highest."""

PIXELS = 2**23
"""Pixels that go through the network at once; no frame's features depend on it."""


def load_resnet(extractor: Extractor, setting: Setting) -> Extract:
    """Return what describes frames by means and deviations of ResNet-50's last maps, shape [T, 4096]."""
    return partial(describe, load_pooled(setting, layers=(4,)), setting.device)


def load_pooled(setting: Setting, layers: tuple[int, ...]) -> "Module":
    """Return ResNet-50 that gives means and deviations of some layers; see ``PooledResNet``."""
    from gaia_judge.baselines.networks.keys import load_official
    from gaia_judge.baselines.networks.resnets import PooledResNet, resnet_name

    network = PooledResNet(layers=layers)
    tensors = load_tensors(RESNET50.bring(setting.weights.get(RESNET50.name)))
    load_official(network, tensors, resnet_name)
    return network.eval().to(setting.device)


def describe(network: "Module", device: str, frames: Frames) -> Features:
    """Return features of each frame at its own size, normalised as for ImageNet.

    Args:
        network: Gives [N, F] for images [N, 3, H, W].
        device: Where it is.
        frames: Of one video.
    """
    return {FRAMES: pooled(network, device, frames.images)}


def pooled(network: "Module", device: str, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return features, shape [N, F], of images, shape [N, H, W, 3]; see ``describe``."""
    import torch

    _, height, width, _ = images.shape
    batch = max(1, PIXELS // (height * width))
    found = []
    with torch.inference_mode():
        for at in range(0, len(images), batch):
            part = torch.from_numpy(images[at : at + batch]).to(device)
            found.append(network(coloured(part.permute(0, 3, 1, 2), "imagenet")).float().cpu().numpy())
    return np.concatenate(found)


def build(features: int = 4096) -> "Module":
    """Return VSFA's head, untrained."""
    from gaia_judge.baselines.networks.heads import Vsfa

    return Vsfa(features)


def score(module: "Module", inputs: Any) -> "Tensor":
    """Return the score of each video, shape [B]."""
    found: Tensor = module(inputs["features"], inputs["lengths"])
    return found


def loss(module: "Module", inputs: Any, targets: "Tensor") -> "Tensor":
    """Return the mean absolute error, as published."""
    from torch.nn.functional import l1_loss

    return l1_loss(score(module, inputs), targets)


def network(features: int = 4096) -> Network:
    """Return VSFA's head as the loop takes it, for features of this size."""
    return Network(build=partial(build, features), collate=padded, score=score, loss=loss)


def head_name(name: str) -> str | None:
    """Return the name here of a parameter of the authors' head, or None for a layer that is never used."""
    from gaia_judge.baselines.networks.heads import vsfa_name

    return vsfa_name(name)


TRAINING = Training(epochs=2000, batch=16, rate=1e-5, factor=0.8, step=200)
"""As published; with videos to choose by, the epoch is kept that ranks them best."""

VSFA = trained(
    "vsfa",
    Recipe(
        extractor=Extractor(name="resnet50-res5c", revision=1, load=load_resnet, weights=(RESNET50,)),
        learner=NetworkLearner(network(), TRAINING),
        start=Start(weights=HEAD, rename=head_name, optional=True),
    ),
    about="ResNet-50's features of every frame, a GRU, and a memory that dwells on the worst.",
    family="vqa",
    fidelity="library-equivalent",
    licence="MIT",
    citation="Li et al., Quality Assessment of In-the-Wild Videos, ACM Multimedia 2019",
)
