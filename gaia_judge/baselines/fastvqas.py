"""FAST-VQA: fragments of frames at full resolution through a frozen Video Swin, and a small head.

Source: Wu et al., "FAST-VQA: Efficient End-to-end Video Quality Assessment with Fragment Sampling", ECCV
2022.

Adapted: the original trains its backbone on fragments drawn anew each epoch. Here four clips of fragments are
drawn once, by a fixed seed, and their maps are averaged over time and kept as half floats; training sees one
of the four at random, a test the mean of all. The backbone starts from Kinetics (torchvision's) or, with
``--weights fast-vqa=FAST_VQA_B_1_4.pth``, from the official weights (trained on LSVQ), whose
head is then where the head's training starts; else the head starts anew. A clip is 32 frames,
every second one; where the video ends it starts again, as upstream: one of 8 frames is seen 8 times over.
Frames with a side under 224 are enlarged; under 32 they are refused.
"""

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gaia_judge.baselines.batches import stacked
from gaia_judge.baselines.features import Extract, Extractor, Features
from gaia_judge.baselines.fittings import trained
from gaia_judge.baselines.loops import NetworkLearner
from gaia_judge.baselines.metrics import Setting
from gaia_judge.baselines.recipes import Recipe
from gaia_judge.baselines.starts import Start, under
from gaia_judge.baselines.trainings import Network, Training
from gaia_judge.baselines.weights import Weights, load_tensors
from gaia_judge.frames import Frames

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

START = Weights(
    name="fast-vqa",
    licence="BSD-3-Clause",
    url="https://download.pytorch.org/models/swin3d_t-7615ae03.pth",
    sha256="7615ae03",
)
"""What the backbone starts from: torchvision's ``swin3d_t``, unless the user gives FAST-VQA's own (MIT)."""

LENGTH, INTERVAL, CLIPS = 32, 2, 4
SEED = 0
"""Of where fragments lie; a score depends on it, as upstream on chance."""

RANK = 0.3
"""Weight of the loss of ranks."""


def load(extractor: Extractor, setting: Setting) -> Extract:
    """Return what describes frames by the backbone's maps."""
    return partial(describe, load_backbone(setting), setting.device)


def load_backbone(setting: Setting) -> "Module":
    """Return the backbone with Kinetics' weights or FAST-VQA's, whichever the file holds, in evaluation."""
    from gaia_judge.baselines.networks.fastvqas import FastVqa, fastvqa_name
    from gaia_judge.baselines.networks.keys import load_official, unwrapped
    from gaia_judge.baselines.networks.swins import from_kinetics

    tensors = unwrapped(load_tensors(START.bring(setting.weights.get(START.name))))
    network = FastVqa()
    if any(name.startswith("fragments_backbone.") for name in tensors):
        load_official(network, tensors, fastvqa_name)
    else:
        load_official(network.backbone, from_kinetics(tensors))
    return network.backbone.eval().to(setting.device)


def describe(backbone: "Module", device: str, frames: Frames) -> Features:
    """Return ``maps`` of each clip, averaged over time, shape [4, 768, 7, 7], as half floats.

    Args:
        backbone: Gives maps [B, F, T, H, W] for clips [B, 3, T, H, W].
        device: Where it is.
        frames: All frames of the video.
    """
    return {"maps": fragment_maps(backbone, device, frames.images, clips=CLIPS, parts=CLIPS)}


def fragment_maps(
    backbone: "Module", device: str, images: NDArray[np.uint8], *, clips: int, parts: int
) -> NDArray[np.float16]:
    """Return maps of clips of fragments, averaged over time, shape [clips, F, H, W].

    Args:
        backbone: As for ``describe``.
        device: Where it is.
        images: All frames, shape [T, H, W, 3].
        clips: How many.
        parts: Of the video, from each of which a clip is taken.
    """
    import torch

    from gaia_judge.baselines.networks.fragments import fragments, taken

    chance = torch.Generator().manual_seed(SEED)
    chosen = taken(len(images), length=LENGTH, parts=parts, interval=INTERVAL, generator=chance).numpy()
    seen = torch.from_numpy(images[chosen]).permute(3, 0, 1, 2)
    return clip_maps(backbone, device, fragments(seen, clips=clips, generator=chance), clips)


def clip_maps(backbone: "Module", device: str, seen: "Tensor", clips: int) -> NDArray[np.float16]:
    """Return maps of clips, averaged over time, shape [clips, F, H, W].

    One clip at a time, so that rounding to half floats cannot depend on what stands beside it.

    Args:
        backbone: As for ``describe``.
        device: Where it is.
        seen: Colours from 0 to 255, shape [3, clips * T, H, W].
        clips: How many.
    """
    import torch

    from gaia_judge.baselines.networks.fragments import normalised

    found = []
    with torch.inference_mode():
        for clip in seen.chunk(clips, dim=1):
            maps = backbone(normalised(clip.to(device))[None]).float()
            found.append(maps.mean(2)[0].cpu().numpy().astype(np.float16))
    return np.stack(found)


def build(features: int = 768) -> "Module":
    """Return FAST-VQA's head, untrained."""
    from gaia_judge.baselines.networks.heads import VqaHead

    return VqaHead(features)


def head_scores(head: "Module", maps: "Tensor") -> "Tensor":
    """Return the score of each video, shape [B]: in training by one clip at random, else the mean over all.

    Args:
        head: Gives scores [N] for maps [N, F, T, H, W].
        maps: Shape [B, clips, F, H, W].
    """
    import torch

    if head.training:
        rows = torch.arange(len(maps), device=maps.device)
        picked = maps[rows, torch.randint(maps.shape[1], (len(maps),)).to(maps.device)]
        return head(picked[:, :, None])  # type: ignore[no-any-return]
    return head(maps.flatten(0, 1)[:, :, None]).view(maps.shape[:2]).mean(1)  # type: ignore[no-any-return]


def score(module: "Module", inputs: Any) -> "Tensor":
    """Return the score of each video, shape [B], on no scale in particular."""
    return head_scores(module, inputs["maps"])


def loss(module: "Module", inputs: Any, targets: "Tensor") -> "Tensor":
    """Return the published loss."""
    return ordered_loss(score(module, inputs), targets)


def ordered_loss(predictions: "Tensor", targets: "Tensor") -> "Tensor":
    """Return the loss of correlation plus 0.3 times that of ranks; one video alone teaches nothing."""
    from gaia_judge.baselines.networks.losses import plcc_loss, rank_loss

    predictions = predictions.float()
    if len(targets) < 2:
        return predictions.sum() * 0
    return plcc_loss(predictions, targets) + RANK * rank_loss(predictions, targets)


def network(features: int = 768) -> Network:
    """Return FAST-VQA's head as the loop takes it, for maps of this many channels."""
    return Network(build=partial(build, features), collate=stacked, score=score, loss=loss, scale_free=True)


TRAINING = Training(
    epochs=30,
    batch=16,
    rate=1e-3,
    optimiser="adamw",
    weight_decay=0.05,
    warmup=2.5,
    cosine=True,
    average=0.999,
)
"""As published for the head. The moving average spans a thousand steps: with few videos, take more epochs."""

FASTVQA = trained(
    "fast-vqa",
    Recipe(
        extractor=Extractor(
            name="fast-vqa",
            revision=1,
            load=load,
            weights=(START,),
            facts={"length": LENGTH, "interval": INTERVAL, "clips": CLIPS, "seed": SEED},
        ),
        learner=NetworkLearner(network(), TRAINING),
        start=Start(weights=START, rename=under("vqa_head.")),
        facts={"backbone": "frozen here; trained too as published", "maps": "averaged over time"},
    ),
    about="Fragments at full resolution by Video Swin (frozen here), a score for each place.",
    family="vqa",
    fidelity="adapted",
    licence="BSD-3-Clause",
    citation="Wu et al., FAST-VQA, ECCV 2022",
)
