"""Batches: features of one shape per name, stacked."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gaia_judge.baselines.features import Features

if TYPE_CHECKING:
    from torch import Tensor


def stacked(features: Sequence[Features]) -> "dict[str, Tensor]":
    """Return each array of the videos as one tensor of floats, shape [B, ...].

    >>> stacked([{"clips": np.zeros((2, 3))}] * 4)["clips"].shape
    torch.Size([4, 2, 3])
    """
    import torch

    return {
        name: torch.from_numpy(np.stack([np.asarray(one[name], np.float32) for one in features]))
        for name in features[0]
    }
