"""Mappings from a rater's scores to people's, by name."""

from typing import Annotated, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from gaia_judge.calibration.curves import Cubic, Line, Steps, fit_cubic, fit_line, fit_steps
from gaia_judge.calibration.logistics import Logistic, fit_curve
from gaia_judge.calibration.ridges import Ridge, fit_ridge

Name = Literal["linear", "logistic4", "logistic5", "isotonic", "cubic", "ridge"]
NAMES: tuple[Name, ...] = get_args(Name)

Map = Annotated[Line | Logistic | Steps | Cubic | Ridge, Field(discriminator="kind")]
"""A fitted mapping: ``predict`` takes features of shape [N, F] and returns shape [N], NaN for NaN."""

LEAST: dict[Name, int] = {
    "linear": 3, "logistic4": 5, "logistic5": 6, "isotonic": 3, "cubic": 6, "ridge": 6
}  # fmt: skip
"""Labels below which a mapping is not fitted."""

Numbers = NDArray[np.float64]


class Unfit(Exception):
    """The labels do not determine a mapping; says why, for users."""


def fit_map(name: Name, features: Numbers, y: Numbers, units: NDArray[np.str_], seed: int = 0) -> Map:
    """Return a mapping fitted to the rows that miss nothing.

    Args:
        name: Which one; those of one score use the first column alone.
        features: Shape [N, F].
        y: People's scores, shape [N].
        units: Groups that stay together where something is selected inside, shape [N].
        seed: Of that selection.

    Raises:
        Unfit: There are too few labels, scores do not differ, or the fit did not converge.
    """
    whole = np.isfinite(features).all(1) & np.isfinite(y)
    features, y, units = features[whole], y[whole], units[whole]
    if len(y) < LEAST[name]:
        raise Unfit(f"{len(y)} labels are too few for {name}, which needs {LEAST[name]}")
    if not np.ptp(features, axis=0).any():
        raise Unfit("all scores are equal")
    if name == "ridge":
        if len(np.unique(units)) < 2:
            raise Unfit("one group is too few to choose a penalty")
        return fit_ridge(features, y, units, seed)
    x = features[:, 0]
    if name == "logistic4" or name == "logistic5":
        found = fit_curve(name, x, y)
        if isinstance(found, str):
            raise Unfit(found)
        return found
    if name == "linear":
        return fit_line(x, y)
    return fit_steps(x, y) if name == "isotonic" else fit_cubic(x, y)
