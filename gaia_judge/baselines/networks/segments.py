"""TSA: by how much a video differs from an exemplar, step by step."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional


class Tsa(nn.Module):
    """TSA (Xu et al., CVPR 2022) with fixed segments: cross-attention of a video's steps to an exemplar's.

    The clips of a video are channels, their features the length, for a network that halves length four times;
    its channels then count as moments. They fall into segments, here equal ones (the published network learns
    where they end, from labels of steps), each brought to ``steps`` steps. Those of one video attend to what
    the other shows in the same segment, and a small network turns each into a difference of scores, of which
    the mean counts.

    Official size: 9 clips of 1024 features, 96 moments of 64, 3 segments of 5 steps, 3 layers, 8 heads;
    311,759 parameters. Names are upstream's under ``psnet``, ``decoder`` and ``regressor``.

    Compared with upstream (xujinglin/FineDiving at a2b8057), random weights, part by part: no difference but
    1e-6 of 5.2 in the decoder. Not the same: upstream reshapes feature maps so that places, channels and
    clips mix; here places stay apart.

    Args:
        clips: Of a video.
        features: Of a clip.
        widths: Channels of the halving network.
        segments: Equal parts of the moments.
        steps: Of each segment.
        layers: Of the decoder.
        heads: Of its attention.
        transits: Steps whose end the network also predicts, 2 as published; 0 without labels for them.
    """

    def __init__(
        self,
        clips: int = 9,
        features: int = 1024,
        widths: tuple[int, ...] = (12, 24, 48, 96, 96),
        segments: int = 3,
        steps: int = 5,
        layers: int = 3,
        heads: int = 8,
        transits: int = 2,
    ) -> None:
        super().__init__()
        width = features // 2 ** (len(widths) - 1)
        self.psnet = Halving(clips, widths, width, transits)
        self.decoder = nn.ModuleDict({"model": nn.ModuleList(Attending(width, heads) for _ in range(layers))})
        self.regressor = nn.ModuleDict(_chain(width, 256, 64, 1))
        self.segments, self.steps = segments, steps

    def forward(self, query: Tensor, exemplar: Tensor) -> tuple[Tensor, Tensor]:
        """Return by how much the first outscores the second, and the second the first, each of shape [B].

        Args:
            query: Features of clips, shape [B, clips, F], or maps [B, clips, F, P], whose P places the other
                video attends to (upstream: the 4x4 places of I3D's maps, averaged over time).
            exemplar: The same of the other video.
        """
        first, second = (self._steps(self._moments(one)) for one in (query, exemplar))
        shown, seen = (
            self._memory(one) if one.ndim == 4 else steps
            for one, steps in ((query, first), (exemplar, second))
        )
        return self._difference(first, seen), self._difference(second, shown)

    def transitions(self, query: Tensor) -> Tensor:
        """Return the chance of each moment to end each step, shape [B, moments, transits]."""
        return torch.sigmoid(_through(self.psnet.tas, self._moments(query).transpose(1, 2)))

    def _moments(self, features: Tensor) -> Tensor:
        """Return moments, shape [B, width, moments], of features or of maps, whose places are averaged."""
        return self.psnet(features.mean(3) if features.ndim == 4 else features).transpose(1, 2)  # type: ignore

    def _steps(self, moments: Tensor) -> Tensor:
        """Return steps, shape [B, segments, steps, width], of moments, shape [B, width, moments]."""
        total = moments.shape[2]
        edges = [number * total // self.segments for number in range(self.segments + 1)]
        parts = [moments[:, :, start:end] for start, end in pairwise(edges)]
        found = [
            functional.interpolate(part, self.steps, mode="linear", align_corners=True) for part in parts
        ]
        return torch.stack(found, dim=1).transpose(2, 3)

    def _memory(self, features: Tensor) -> Tensor:
        """Return what maps show in each segment, shape [B, segments, steps * P, width]."""
        places = features.permute(0, 3, 1, 2)
        steps = self._steps(self._moments(places.flatten(0, 1)))
        return steps.view(*places.shape[:2], *steps.shape[1:]).transpose(1, 2).flatten(2, 3)

    def _difference(self, steps: Tensor, memory: Tensor) -> Tensor:
        """Return differences, shape [B]."""
        found, seen = steps.flatten(0, 1), memory.flatten(0, 1)
        for layer in self.decoder["model"].children():
            found = layer(found, seen)
        return _through(self.regressor, found).view(len(steps), -1).mean(1)


class Halving(nn.Module):
    """The encoder of a one-dimensional U-Net, and where steps end."""

    def __init__(self, clips: int, widths: tuple[int, ...], width: int, transits: int) -> None:
        super().__init__()
        self.inc = nn.ModuleDict({"conv": Twice(clips, widths[0])})
        self.downs = len(widths) - 1
        for number in range(1, len(widths)):
            pooled = nn.Sequential(nn.MaxPool1d(2), Twice(widths[number - 1], widths[number]))
            self.add_module(f"down{number}", nn.ModuleDict({"mpconv": pooled}))
        self.tas = nn.ModuleDict(_chain(width, 128, 64, transits) if transits else {})

    def forward(self, features: Tensor) -> Tensor:
        """Return moments, shape [B, moments, width], of features of clips, shape [B, clips, F]."""
        found: Tensor = self.inc["conv"](features)
        for number in range(1, self.downs + 1):
            found = getattr(self, f"down{number}")["mpconv"](found)
        return found


class Twice(nn.Module):
    """Two convolutions, each normalised."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.conv = nn.Sequential()
        for width in (before, after):
            self.conv.extend([nn.Conv1d(width, after, 3, padding=1), nn.BatchNorm1d(after), nn.ReLU()])

    def forward(self, features: Tensor) -> Tensor:
        """Return features, shape [B, after, F]."""
        return self.conv(features)  # type: ignore[no-any-return]


class Attending(nn.Module):
    """Attention to another video, and a layer on its own; both are added to what came in."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm_q, self.norm_v, self.norm2 = (nn.LayerNorm(width) for _ in range(3))
        maps = {f"{name}_map": nn.Linear(width, width, bias=False) for name in "qkv"}
        self.attn = nn.ModuleDict({**maps, "proj": nn.Linear(width, width)})
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(width, 4 * width), "fc2": nn.Linear(4 * width, width)})
        self.heads = heads

    def forward(self, steps: Tensor, memory: Tensor) -> Tensor:
        """Return steps of the same shape, [B, N, width], having seen the other's, shape [B, M, width]."""
        other = self.norm_v(memory)
        sources = {"q_map": self.norm_q(steps), "k_map": other, "v_map": other}
        query, key, value = (
            self.attn[name](source).view(*source.shape[:2], self.heads, -1).transpose(1, 2)
            for name, source in sources.items()
        )
        seen = functional.scaled_dot_product_attention(query, key, value)
        steps = steps + self.attn["proj"](seen.transpose(1, 2).flatten(2))
        return steps + self.mlp["fc2"](functional.gelu(self.mlp["fc1"](self.norm2(steps))))  # type: ignore


def _chain(*widths: int) -> dict[str, nn.Module]:
    """Return linear layers from width to width under upstream's names."""
    pairs = enumerate(pairwise(widths), start=1)
    return {f"layer{number}": nn.Linear(before, after) for number, (before, after) in pairs}


def _through(layers: nn.ModuleDict, values: Tensor) -> Tensor:
    """Return what a chain of layers makes, with what is negative between them cut off."""
    for number, layer in enumerate(layers.values()):
        values = layer(torch.relu(values) if number else values)
    return values
