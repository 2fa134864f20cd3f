"""The logistic functions by which studies of video quality map scores to people's, with numbers of ours."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from gaia_judge.agreement import Logistic as Function
from gaia_judge.agreement import fit_logistic

Numbers = NDArray[np.float64]


class Logistic(BaseModel):
    """A logistic function of four or five parameters, as in ``gaia_judge.agreement.logistics``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["logistic4", "logistic5"]
    parameters: tuple[float, ...]

    def predict(self, features: Numbers) -> Numbers:
        """Return the function at the first column, shape [N]."""
        return Function(self.kind, self.parameters)(features[:, 0])


def fit_curve(kind: Literal["logistic4", "logistic5"], x: Numbers, y: Numbers) -> Logistic | str:
    """Return the logistic function of least squares, both sides of shape [N]; or why there is none."""
    found, reason = fit_logistic(x, y, kind)
    return reason or "no fit" if found is None else Logistic(kind=kind, parameters=found.parameters)
