"""Agreement of raters with people: correlation and error with bootstrap intervals, and who agrees better.

Everything here is a pure function of arrays. Where a statistic is undefined, such as a correlation with a
constant, the answer is None with the reason, never 0 or 1.
"""

from gaia_judge.agreement.concordances import pairwise_accuracy
from gaia_judge.agreement.contrasts import Test, correct, fisher, meng, steiger, williams
from gaia_judge.agreement.correlations import STATISTICS, Kendall, Name, krcc, plcc, rmse, srcc
from gaia_judge.agreement.differences import Duel, advantage, duels
from gaia_judge.agreement.intervals import Agreement
from gaia_judge.agreement.logistics import Logistic, fit_logistic
from gaia_judge.agreement.measures import Mapping, agree, interval
from gaia_judge.agreement.outliers import outlier_ratio
from gaia_judge.agreement.resamplings import Resampling, resample
from gaia_judge.agreement.strata import within

__all__ = [
    "STATISTICS",
    "Agreement",
    "Duel",
    "Kendall",
    "Logistic",
    "Mapping",
    "Name",
    "Resampling",
    "Test",
    "advantage",
    "agree",
    "correct",
    "duels",
    "fisher",
    "fit_logistic",
    "interval",
    "krcc",
    "meng",
    "outlier_ratio",
    "pairwise_accuracy",
    "plcc",
    "resample",
    "rmse",
    "srcc",
    "steiger",
    "williams",
    "within",
]
