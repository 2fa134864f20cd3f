"""Regressors: the support vector machines that turn hand-crafted features into scores."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gaia_judge.agreement.logistics import fit_logistic
from gaia_judge.errors import GaiaJudgeError

Numbers = NDArray[np.float64]

HELD_BACK = 0.2
"""The share of training videos by which cost and gamma are chosen."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fitted:
    """A fitted regressor: support vectors and a scaling, all of it arrays.

    A score is ``bias`` plus the sum over vectors of ``weights`` exp(-``gamma`` |x - v|^2), x being the scaled
    features.
    """

    lows: Numbers
    """Least value of each feature in training, which becomes 0; shape [D]."""
    spans: Numbers
    """From the least to the greatest, which becomes 1; 1 for features that were constant, infinite for those
    that no training video had, which then count for nothing; shape [D]."""
    fills: Numbers
    """Median of each feature in training, which stands for a missing one; shape [D]."""
    vectors: Numbers
    """Scaled support vectors; shape [V, D]."""
    weights: Numbers
    """Dual coefficients; shape [V]."""
    bias: float
    gamma: float
    cost: float
    """Of errors, called C; kept as a record, since predictions need it no more."""

    def predict(self, features: NDArray[Any]) -> Numbers:
        """Return scores; shape [N, D] to [N].

        For NaN and infinite features stand the medians of training. Values beyond those of training are
        scaled beyond 0 to 1, not clipped.
        """
        from scipy.spatial.distance import cdist

        x = (_filled(_known(features), self.fills) - self.lows) / self.spans
        kernel = np.exp(-self.gamma * cdist(x, self.vectors, "sqeuclidean"))
        return np.asarray(kernel @ self.weights + self.bias, np.float64)

    def state(self) -> dict[str, NDArray[Any]]:
        """Return everything as arrays, for a safe file; ``fitted_from`` takes it back."""
        return {field.name: np.array(getattr(self, field.name), np.float64) for field in fields(self)}


def fitted_from(state: Mapping[str, NDArray[Any]]) -> Fitted:
    """Return the regressor that a state was taken of.

    Raises:
        GaiaJudgeError: An array is missing, or its shape does not fit the others.
    """
    try:
        state = {"fills": np.zeros_like(state["lows"]), **state}  # old fits took what is missing for 0
        arrays = {field.name: np.asarray(state[field.name], np.float64) for field in fields(Fitted)}
        count, width = arrays["vectors"].shape
        shapes = {
            "lows": (width,),
            "spans": (width,),
            "fills": (width,),
            "weights": (count,),
            "bias": (),
            "gamma": (),
            "cost": (),
        }
        wrong = [name for name, shape in shapes.items() if arrays[name].shape != shape]
        if wrong:
            raise ValueError(f"{wrong[0]} has the shape {arrays[wrong[0]].shape}")
    except (KeyError, ValueError) as error:
        raise GaiaJudgeError(f"This is no fitted regressor: {error}.", "Fit it again.") from error
    return Fitted(
        lows=arrays["lows"],
        spans=arrays["spans"],
        fills=arrays["fills"],
        vectors=arrays["vectors"],
        weights=arrays["weights"],
        bias=float(arrays["bias"]),
        gamma=float(arrays["gamma"]),
        cost=float(arrays["cost"]),
    )


class Regressor(Protocol):
    """Learns to predict scores from features."""

    def fit(self, features: NDArray[Any], scores: NDArray[Any], seed: int = 0) -> Fitted:
        """Learn.

        Args:
            features: Shape [N, D]; NaN and infinite ones are missing.
            scores: Shape [N], finite, on any scale.
            seed: Of whatever is drawn.

        Raises:
            GaiaJudgeError: There are too few videos.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportVectors:
    """Epsilon-SVR with an RBF kernel on features scaled to 0..1 by the training videos."""

    costs: tuple[float, ...]
    gammas: tuple[float, ...]
    epsilon: float
    """What an error may be without counting, on the scale that the machine learns."""
    scale: tuple[float, float] | None = None
    """What the training scores are stretched to, so that ``epsilon`` means the same on any scale of people's;
    None learns them as they are, unless ``epsilon`` is more than a tenth of their range: then 1 to 5."""

    def fit(self, features: NDArray[Any], scores: NDArray[Any], seed: int = 0) -> Fitted:
        """Learn; see ``Regressor``.

        With more than one pair of cost and gamma, each is first fitted to four fifths of the videos, drawn by
        ``seed``, and the pair is kept whose predictions of the last fifth have the smallest root mean squared
        error after the four-parameter logistic; the first of equals, costs outermost. The chosen pair then
        learns from all videos, scaled anew. Missing features become the medians of those who learn.
        """
        x, y = _known(features), np.asarray(scores, np.float64)
        if len(x) != len(y) or x.ndim != 2:
            raise ValueError(f"features {x.shape} and scores {y.shape} do not belong together")
        pairs = [(cost, gamma) for cost in self.costs for gamma in self.gammas]
        if len(x) < (5 if len(pairs) > 1 else 1):
            raise GaiaJudgeError(f"{len(x)} videos are too few to learn from.", "Rate more videos.")
        best = pairs[0]
        if len(pairs) > 1:
            errors = list(self._try(x, y, pairs, seed))
            best = pairs[int(np.argmin(errors))]
        return self._learn(x, y, *best)

    def _try(self, x: Numbers, y: Numbers, pairs: list[tuple[float, float]], seed: int) -> Iterator[float]:
        """Yield the error of each pair on the videos held back."""
        from sklearn.model_selection import train_test_split

        rows = np.arange(len(x))
        learnt, held = train_test_split(rows, test_size=HELD_BACK, random_state=seed % 2**32)
        for cost, gamma in pairs:
            predicted = self._learn(x[learnt], y[learnt], cost, gamma).predict(x[held])
            yield _error(predicted, y[held])

    def _learn(self, x: Numbers, y: Numbers, cost: float, gamma: float) -> Fitted:
        from sklearn.svm import SVR

        seen = np.isfinite(x).any(axis=0)
        fills = np.zeros(x.shape[1])
        fills[seen] = np.nanmedian(x[:, seen], axis=0)
        x = _filled(x, fills)
        lows = x.min(axis=0)
        spans = x.max(axis=0) - lows
        spans[spans < 10 * np.finfo(np.float64).eps] = 1.0
        spans[~seen] = np.inf
        low, bottom, stretch = self._stretch(y)
        machine = SVR(kernel="rbf", C=cost, gamma=gamma, epsilon=self.epsilon)
        machine.fit((x - lows) / spans, (y - low) * stretch + bottom)
        return Fitted(
            lows=lows,
            spans=spans,
            fills=fills,
            vectors=machine.support_vectors_,
            weights=machine.dual_coef_[0] / stretch,
            bias=float((machine.intercept_[0] - bottom) / stretch + low),
            gamma=gamma,
            cost=cost,
        )

    def _stretch(self, y: Numbers) -> tuple[float, float, float]:
        """Return the least score, what it becomes, and by how much the range grows."""
        span = float(np.ptp(y))
        scale = self.scale or ((1.0, 5.0) if 0 < span < 10 * self.epsilon else None)
        if scale is None or span == 0:
            return 0.0, 0.0, 1.0
        return float(y.min()), scale[0], (scale[1] - scale[0]) / span


VIDEVAL = SupportVectors(
    costs=tuple(2.0**power for power in range(1, 11)),
    gammas=tuple(2.0**power for power in range(-8, 2)),
    epsilon=0.1,
)
"""Of VIDEVAL (Tu et al., IEEE Transactions on Image Processing 30:4449, 2021), which learns scores of 1 to 5
and of 0 to 100 alike as they are."""

TLVQM = SupportVectors(costs=(64.0,), gammas=(0.1,), epsilon=0.3, scale=(1.0, 5.0))
"""Of TLVQM (Korhonen, IEEE Transactions on Image Processing 28:5923, 2019), made for scores of 1 to 5."""


def _known(features: NDArray[Any]) -> Numbers:
    """Return features as numbers, NaN where they are missing."""
    given = np.asarray(features, np.float64)
    return np.where(np.isfinite(given), given, np.nan)


def _filled(features: Numbers, fills: Numbers) -> Numbers:
    return np.where(np.isnan(features), fills, features)


def _error(predicted: Numbers, scores: Numbers) -> float:
    """Return the root mean squared error after the logistic; without it where there is none to be fitted."""
    logistic, _ = fit_logistic(predicted, scores, "logistic4")
    mapped = logistic(predicted) if logistic else predicted
    return float(np.sqrt(np.mean((mapped - scores) ** 2)))
