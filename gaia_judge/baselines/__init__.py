"""The metrics of GAIA's benchmark table, and substitutes that need no weights: one file each.

From above: ``batteries`` decodes each video once and lets every metric measure it; ``registry`` finds metrics
by name; ``metrics`` says what one is, ``weights`` where its weights come from, ``clips`` what it is given.
All other modules hold one metric or family each, registered in pyproject.toml as an outsider's would be.
"""

from gaia_judge.baselines.batteries import Battery, load_battery
from gaia_judge.baselines.clips import Clip
from gaia_judge.baselines.metrics import EVERY, Measurer, Metric, Setting
from gaia_judge.baselines.registry import find_metric, find_metrics
from gaia_judge.baselines.weights import Weights

__all__ = [
    "EVERY",
    "Battery",
    "Clip",
    "Measurer",
    "Metric",
    "Setting",
    "Weights",
    "find_metric",
    "find_metrics",
    "load_battery",
]
