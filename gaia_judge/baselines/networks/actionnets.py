"""ACTION-NET: what moves and what stands still, each read in context."""

import torch
from torch import Tensor, nn


class ActionNet(nn.Module):
    """ACTION-NET (Zeng et al., ACM Multimedia 2020): two streams, with graph layers and attention over time.

    Official size: 26 clips of 1024 features, 80 images of 2048; 3,542,787 parameters. It ends in a sigmoid:
    labels are divided by their highest. Names are upstream's; its two adjacency matrices are buffers here.

    Compared with upstream (qinghuannn/ACTION-NET at a60149c), random weights: no difference.

    Args:
        clips: Of the dynamic stream; shorter videos are padded with zeros, which take part, as upstream.
        images: Of the static stream, likewise.
        features: Of a clip and of an image.
        hidden: Of each stream.
    """

    adj1: Tensor
    adj2: Tensor

    def __init__(
        self, clips: int = 26, images: int = 80, features: tuple[int, int] = (1024, 2048), hidden: int = 256
    ) -> None:
        super().__init__()
        self.d_ct = Context(features[0], hidden)
        self.s_ct = Context(features[1], hidden)
        self.register_buffer("adj1", adjacency(clips))
        self.register_buffer("adj2", adjacency(images))
        self.fc = nn.Sequential(
            nn.Linear(4 * hidden, hidden // 2),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(hidden // 2, 1),
            nn.Sigmoid(),
        )

    def forward(self, clips: Tensor, images: Tensor) -> Tensor:
        """Return scores between 0 and 1, shape [B].

        Args:
            clips: Features, shape [B, at most clips, F].
            images: Features, shape [B, at most images, F].
        """
        moving = self.d_ct(_filled(clips, len(self.adj1)), self.adj1)
        still = self.s_ct(_filled(images, len(self.adj2)), self.adj2)
        return self.fc(torch.cat([moving, still], dim=1))[:, 0]  # type: ignore[no-any-return]


class Context(nn.Module):
    """One stream: features, their neighbours in time, and which times count."""

    def __init__(self, features: int, hidden: int) -> None:
        super().__init__()
        half = features // 2
        self.embedding = nn.Sequential(
            nn.Linear(features, half), nn.ReLU(), nn.Linear(half, hidden), nn.ReLU()
        )
        self.gcn1, self.gcn2 = nn.Linear(hidden, hidden), nn.Linear(hidden, hidden)
        self.att = nn.Sequential(nn.Linear(2 * hidden, hidden // 2), nn.ReLU(), nn.Linear(hidden // 2, 1))

    def forward(self, features: Tensor, adjacent: Tensor) -> Tensor:
        """Return one vector per video, shape [B, 2 hidden], from features, shape [B, T, F]."""
        own = self.embedding(features)
        context = torch.relu(self.gcn1(adjacent @ own))
        context = torch.relu(self.gcn2(adjacent @ context))
        both = torch.cat([own, context], dim=2)
        return (both * torch.softmax(self.att(both), dim=1)).sum(1)


def adjacency(count: int) -> Tensor:
    """Return how near times are to each other, shape [count, count].

    exp(-|i - j|), divided by the roots of the sums of its row and of its column.

    >>> adjacency(2).sum(1).round(decimals=5).tolist()
    [1.0, 1.0]
    """
    times = torch.arange(count, dtype=torch.float32)
    near = torch.exp(-(times[:, None] - times).abs())
    root = near.sum(1).rsqrt()
    return root[:, None] * near * root


def _filled(features: Tensor, count: int) -> Tensor:
    """Return features with zeros behind them up to ``count``, shape [B, count, F]."""
    return nn.functional.pad(features, (0, 0, 0, count - features.shape[1]))
