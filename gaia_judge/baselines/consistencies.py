"""Subject Consistency: how alike the frames of a video stay to a self-supervised vision transformer."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaia_judge.baselines.clips import Clip
from gaia_judge.baselines.encoders import portions
from gaia_judge.baselines.metrics import EVERY, Metric, Setting
from gaia_judge.baselines.similarities import consistency
from gaia_judge.baselines.weights import Weights, load_network
from gaia_judge.scores import Score

SIDE = 224
"""Pixels of the shorter side."""

BATCH = 16
"""Frames that go through the network at once, so that long videos do not fill its memory."""


class SubjectConsistency:
    """Subject Consistency of VBench (Huang et al., CVPR 2024), in [0, 1].

    Each frame is described by the class token of DINO ViT-B/16 (Caron et al., ICCV 2021); ``consistency``
    compares them. Every frame is taken, shrunk to a shorter side of 224 pixels (bilinear, without
    smoothing, as VBench does) and not cropped, so the table of positions is stretched to its shape as DINO
    stretches it. A video of one frame cannot be measured.
    """

    def __init__(self, metric: Metric, setting: Setting) -> None:
        import torch
        from transformers import ViTModel

        self._metric, self._device = metric, setting.device
        checkpoint = WEIGHTS.checkpoint(setting.weights.get(WEIGHTS.name))
        # The authors' network has this epsilon; the configuration on the hub says 1e-12.
        kept = {"dtype": torch.float32, "add_pooling_layer": False, "layer_norm_eps": 1e-6}
        self._model = load_network(ViTModel, checkpoint, **kept).to(setting.device).eval()
        embed = self._model.embeddings
        embed.interpolate_pos_encoding = lambda _, height, width: positions(
            embed.position_embeddings, height // embed.patch_size, width // embed.patch_size
        )

    def measure(self, clips: Sequence[Clip]) -> list[tuple[Score, ...]]:
        """Return one score per clip; a clip of one frame raises."""
        found = [consistency(self.vectors(clip.frames.images)) for clip in clips]
        return [self._metric.scores(clip, value) for clip, value in zip(clips, found, strict=True)]

    def describe(self) -> dict[str, Any]:
        """Return versions and settings."""
        return {"torch": version("torch"), "transformers": version("transformers"), "short_side": SIDE}

    def vectors(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the class token of each frame, shape [T, D]."""
        import torch

        with torch.inference_mode():
            parts = [
                self._model(shrunk(part, self._device), interpolate_pos_encoding=True).last_hidden_state[:, 0]
                for part in portions(frames, BATCH)
            ]
            found: NDArray[np.float32] = torch.cat(parts).cpu().numpy()
        return found


def shrunk(frames: NDArray[np.uint8], device: str) -> Any:
    """Return RGB frames, shape [T, H, W, 3], as the network sees them: [T, 3, h, w], the shorter 224."""
    import torch
    from torchvision.transforms.v2 import functional as tv

    images = torch.from_numpy(np.ascontiguousarray(frames)).to(device).permute(0, 3, 1, 2).float()
    images = tv.resize(images, [SIDE], interpolation=tv.InterpolationMode.BILINEAR, antialias=False)
    return tv.normalize(images / 255, mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])


def positions(table: Any, rows: int, columns: int) -> Any:
    """Return a square table of positions stretched to another shape, as the code of DINO does.

    DINO adds a tenth to the rows and columns that it stretches to, which shifts where it reads the table;
    transformers does not, so its own stretching gives slightly other vectors.

    Args:
        table: Shape [1, 1 + N, D]: the class token's position, then a square of N others.
        rows: Patches from top to bottom.
        columns: Patches from left to right.

    Returns:
        Shape [1, 1 + rows * columns, D].
    """
    import torch
    from torch.nn.functional import interpolate

    side = round((table.shape[1] - 1) ** 0.5)
    if rows == columns == side:
        return table
    square = table[:, 1:].reshape(1, side, side, -1).permute(0, 3, 1, 2)
    scale = ((rows + 0.1) / side, (columns + 0.1) / side)
    patches = interpolate(square, scale_factor=scale, mode="bicubic").flatten(2).transpose(1, 2)
    return torch.cat((table[:, :1], patches), dim=1)


WEIGHTS = Weights(
    name="dino-vitb16",
    licence="Apache-2.0",
    repo="facebook/dino-vitb16",
    # The one that many public repositories pin; the hub itself could not be asked.
    revision="f205d5d8e640a89a2b8ef0369670dfc37cc07fc2",
    size_mb=343,
)

DINO = Metric(
    name="subject-consistency",
    about="VBench's Subject Consistency: how alike all frames stay to DINO ViT-B/16",
    family="action",
    fidelity="library-equivalent",
    load=SubjectConsistency,
    licence=WEIGHTS.licence,
    citation="Huang et al., VBench, CVPR 2024; Caron et al., DINO, ICCV 2021",
    dimensions=("consistency",),
    frames=EVERY,
    weights=(WEIGHTS,),
)
