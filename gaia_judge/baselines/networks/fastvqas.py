"""FAST-VQA and DOVER, assembled from backbones and heads."""

from torch import Tensor, nn

from gaia_judge.baselines.networks.convnexts import ConvNext3d
from gaia_judge.baselines.networks.heads import VqaHead
from gaia_judge.baselines.networks.swins import Swin3d, swin_name


class FastVqa(nn.Module):
    """A backbone and a head that scores each place of its map.

    FAST-VQA itself (Wu et al., ECCV 2022): 28,127,901 parameters, clips of 32 frames of 224x224 in fragments;
    a video's score is the mean over its clips (4 as published).

    Compared with upstream (VQAssessment/FAST-VQA-and-FasterVQA at 9f264e4), random weights: no
    difference.

    Args:
        backbone: Gives maps [B, F, T, H, W] for clips; ``Swin3d`` if none.
        head: ``VqaHead`` if none.
    """

    def __init__(self, backbone: nn.Module | None = None, head: nn.Module | None = None) -> None:
        super().__init__()
        self.backbone = backbone or Swin3d()
        self.head = head or VqaHead()

    def forward(self, clips: Tensor) -> Tensor:
        """Return the score of each clip, shape [B], from normalised clips, shape [B, 3, T, H, W]."""
        return self.head(self.backbone(clips))  # type: ignore[no-any-return]


class Dover(nn.Module):
    """DOVER (Wu et al., ICCV 2023): a technical branch on fragments, an aesthetic one on whole frames.

    Official size: 56,218,302 parameters; 3 technical clips, 1 aesthetic one. Its weights may not be used
    commercially (S-Lab licence); this code is independent of its.

    Compared with upstream (VQAssessment/DOVER at f1ddc96), random weights: scores do not differ.

    Args:
        technical: ``FastVqa`` if none.
        aesthetic: ``FastVqa`` of ``ConvNext3d`` if none.
    """

    def __init__(self, technical: nn.Module | None = None, aesthetic: nn.Module | None = None) -> None:
        super().__init__()
        self.technical = technical or FastVqa()
        self.aesthetic = aesthetic or FastVqa(ConvNext3d())

    def forward(self, fragments: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Return technical and aesthetic scores, each of shape [B].

        Args:
            fragments: Clips of fragments, shape [B, 3, T, H, W].
            frames: Clips of whole frames, shape [B, 3, T, H, W]; the batches may differ.
        """
        return self.technical(fragments), self.aesthetic(frames)


def fastvqa_name(name: str) -> str:
    """Return the name here of a parameter of FAST-VQA's checkpoint."""
    if name.startswith("fragments_backbone."):
        return f"backbone.{swin_name(name.removeprefix('fragments_backbone.'))}"
    return name.replace("vqa_head.", "head.")


def dover_name(name: str) -> str:
    """Return the name here of a parameter of DOVER's checkpoint.

    >>> dover_name("technical_backbone.layers.0.blocks.1.attn.qkv.bias")
    'technical.backbone.features.0.1.attn.qkv.bias'
    >>> dover_name("aesthetic_head.fc_hid.weight")
    'aesthetic.head.fc_hid.weight'
    """
    branch, part = name.split(".")[0].split("_")
    rest = name.removeprefix(f"{branch}_{part}.")
    return f"{branch}.{part}.{swin_name(rest) if (branch, part) == ('technical', 'backbone') else rest}"
