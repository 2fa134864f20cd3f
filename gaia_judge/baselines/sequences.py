"""Sequences: features of frames as batches of padded tensors, for networks with memory."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gaia_judge.baselines.features import Features

if TYPE_CHECKING:
    from torch import Tensor

FRAMES = "frames"
"""The one array of features of frames, shape [T, F]."""


def padded(features: Sequence[Features]) -> "dict[str, Tensor]":
    """Return ``features``, shape [B, T, F], padded with zeros at the end, and ``lengths``, shape [B].

    >>> batch = padded([{"frames": np.ones((2, 1))}, {"frames": np.ones((3, 1))}])
    >>> batch["features"][..., 0].tolist(), batch["lengths"].tolist()
    ([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0]], [2, 3])
    """
    import torch

    rows = [torch.from_numpy(np.ascontiguousarray(one[FRAMES], np.float32)) for one in features]
    lengths = torch.tensor([len(one) for one in rows])
    return {"features": torch.nn.utils.rnn.pad_sequence(rows, batch_first=True), "lengths": lengths}
