"""The logistic functions by which video quality studies map scores to people's."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

Numbers = NDArray[np.float64]


class Logistic(BaseModel):
    """A logistic function of four or five parameters."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["logistic4", "logistic5"]
    parameters: tuple[float, ...]

    def predict(self, features: Numbers) -> Numbers:
        """Return the function at the first column, shape [N]."""
        raise NotImplementedError


def fit_curve(kind: Literal["logistic4", "logistic5"], x: Numbers, y: Numbers) -> Logistic | None:
    """Return the logistic function of least squares; None where the fit does not converge."""
    raise NotImplementedError
