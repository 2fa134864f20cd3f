"""Heads of the video quality metrics: from features of frames to one score per video."""

import math

import torch
from torch import Tensor, nn

from gaia_judge.baselines.networks.poolings import temporal_pooling
from gaia_judge.baselines.networks.resnets import PooledResNet


class Vsfa(nn.Module):
    """VSFA (Li, Jiang and Jiang, ACM Multimedia 2019): a layer, a GRU, a quality per frame, memory.

    Official size: 4096 features, 540,001 parameters. Names are those of the official checkpoint, which also
    holds a second layer (``ann.fc``) that is never used and that ``vsfa_name`` drops.

    Compared with upstream (lidq92/VSFA at b78751b), random weights: max difference 2e-8.
    """

    def __init__(self, features: int = 4096, reduced: int = 128, hidden: int = 32) -> None:
        super().__init__()
        self.ann = nn.ModuleDict({"fc0": nn.Linear(features, reduced)})
        self.rnn = nn.GRU(reduced, hidden, batch_first=True)
        self.q = nn.Linear(hidden, 1)

    def frame_qualities(self, features: Tensor) -> Tensor:
        """Return the quality of each frame, shape [B, T], from features, shape [B, T, F]."""
        remembered, _ = self.rnn(self.ann["fc0"](features))
        return self.q(remembered)[..., 0]  # type: ignore[no-any-return]

    def forward(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return the score of each video, shape [B].

        Args:
            features: Of every frame, shape [B, T, F]; shorter videos padded at the end with anything finite.
            lengths: Real frames of each, shape [B]; all if none.
        """
        return temporal_pooling(self.frame_qualities(features), lengths)


class Bvqa(nn.Module):
    """BVQA (Li et al., TCSVT 2022): as VSFA, on space and motion, bounded and bent by a logistic.

    Official size: 4608 features (4096 of space, 512 of motion), 605,539 parameters. Names are those of the
    official checkpoint but for parts that stay as they are: the last layer of ``nlm`` is frozen at the
    identity, and ``lm`` maps to the scales of four data sets (``bvqa_name`` drops both).

    Compared with upstream (zwx8981/TCSVT-2022-BVQA at b5a3551), random weights: no difference.
    """

    def __init__(self, features: int = 4608, reduced: int = 128, hidden: int = 32) -> None:
        super().__init__()
        self.dimemsion_reduction = nn.Linear(features, reduced)  # spelt so upstream
        self.feature_aggregation = nn.GRU(reduced, hidden, batch_first=True)
        self.regression = nn.Linear(hidden, 1)
        self.nlm = nn.Sequential(nn.Linear(1, 1), nn.Sigmoid())
        nn.init.constant_(self.nlm[0].weight, 2 * math.sqrt(3))  # type: ignore[arg-type]
        nn.init.constant_(self.nlm[0].bias, -math.sqrt(3))  # type: ignore[arg-type]

    def forward(self, features: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return relative and mapped scores, both of shape [B] and between 0 and 1.

        The published loss is ``srcc_loss`` of the relative ones plus ``correlation_loss`` of the mapped ones.

        Args:
            features: Of frames, shape [B, T, F]; shorter videos padded at the end.
            lengths: Real frames of each, shape [B]; all if none.
        """
        remembered, _ = self.feature_aggregation(self.dimemsion_reduction(features))
        relative = torch.sigmoid(temporal_pooling(self.regression(remembered)[..., 0], lengths))
        return relative, self.nlm(relative[:, None])[:, 0]


class SimpleVqa(nn.Module):
    """SimpleVQA (Sun et al., ACM Multimedia 2022): a ResNet-50 trained end to end, beside frozen motion.

    Per key frame, means and deviations of layers 2 to 4 (7168) and motion of its second (2304) go through two
    layers with nothing between them; frames are averaged. Official size: 9472 features, 24,720,705
    parameters.

    Compared with upstream (sunwei925/SimpleVQA at 017edda), random weights: max difference 3e-7 of 0.76.

    Args:
        backbone: Gives [N, F] for images [N, 3, H, W]; ``PooledResNet`` of layers 2 to 4 if none.
        features: Size of what the backbone gives plus motion.
        hidden: Size of the layer between.
    """

    def __init__(self, backbone: nn.Module | None = None, features: int = 9472, hidden: int = 128) -> None:
        super().__init__()
        self.backbone = backbone or PooledResNet(layers=(2, 3, 4))
        self.quality = nn.Sequential(nn.Linear(features, hidden), nn.Linear(hidden, 1))

    def forward(self, frames: Tensor, motion: Tensor) -> Tensor:
        """Return the score of each video, shape [B].

        Args:
            frames: Key frames, normalised, shape [B, T, 3, H, W].
            motion: Of the second of each, slow before fast, shape [B, T, M].
        """
        space = self.backbone(frames.flatten(0, 1)).unflatten(0, frames.shape[:2])
        return self.quality(torch.cat([space, motion], dim=-1))[..., 0].mean(1)  # type: ignore[no-any-return]


class VqaHead(nn.Module):
    """The head of FAST-VQA and DOVER: two layers at each place of a feature map; places are averaged.

    Official size: 768 features, 49,281 parameters. Names are those of the official checkpoints.
    """

    def __init__(self, features: int = 768, hidden: int = 64, dropout: float = 0.5) -> None:
        super().__init__()
        self.fc_hid = nn.Conv3d(features, hidden, 1)
        self.fc_last = nn.Conv3d(hidden, 1, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, maps: Tensor) -> Tensor:
        """Return scores, shape [B], from feature maps, shape [B, F, T, H, W]."""
        hidden = nn.functional.gelu(self.fc_hid(self.dropout(maps)))
        return self.fc_last(self.dropout(hidden)).mean((1, 2, 3, 4))  # type: ignore[no-any-return]


def vsfa_name(name: str) -> str | None:
    """Return the name here of a parameter of VSFA's checkpoint, or None if it is not wanted."""
    return None if name.startswith("ann.fc.") else name


def bvqa_name(name: str) -> str | None:
    """Return the name here of a parameter of BVQA's checkpoint, or None if it is not wanted."""
    return None if name.startswith(("lm.", "nlm.2.")) else name


def simplevqa_name(name: str) -> str | None:
    """Return the name here of a parameter of SimpleVQA's checkpoint."""
    return name if name.startswith("quality.") else f"backbone.{name}"
