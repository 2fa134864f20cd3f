"""VIDEVAL's regressor on the authors' features: does it reach what they report?

    python -m benchmarks.videval FEATURES.mat METADATA.csv [--splits 100] [--divided authors]

Both files are in vztu/VIDEVAL (features/KONVID_1K_*, LIVE_VQC_*; at 8a86166). 100 splits 8:2 by video,
medians, PLCC after the logistic:

| videos | divided | SRCC | PLCC | reported |
|---|---|---|---|---|
| KoNViD-1k (1200) | as the authors | .7833 | .7804 | .7832 / .7803 |
| KoNViD-1k | ours, the first 52 of 100 | .7827 | .7786 | |
| LIVE-VQC (585) | as the authors | .7503 | .7510 | .7522 / .7514 |
| LIVE-VQC | ours | .7438 | .7563 | |

So KoNViD-1k is met within .0001. LIVE-VQC stays .0019 and .0004 below with the authors' own divisions; why
was not found. Over the splits SRCC has a deviation of .02 to .03 on the one and .04 on the other. Measured
with scikit-learn 1.9.1; on one slow core 2 to 12 seconds a split.
"""

import argparse
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gaia_judge.agreement import agree
from gaia_judge.baselines.fits import Course, Held, test
from gaia_judge.baselines.regressions import REGRESSIONS, VECTOR
from gaia_judge.baselines.regressors import VIDEVAL
from gaia_judge.protocols import Protocol, summarise

Numbers = NDArray[np.float64]
Figures = dict[str, float | None]


def read(features: Path, metadata: Path) -> tuple[Numbers, Numbers]:
    """Return features, shape [N, 60], and mean opinion scores, shape [N]: the column mos, or the second.

    What is missing or infinite is 0, as in the authors' program.
    """
    from scipy.io import loadmat

    table = pd.read_csv(metadata)
    names = [name for name in table.columns if name.strip().casefold() == "mos"] or [table.columns[1]]
    found = np.asarray(loadmat(features)["feats_mat"], np.float64)
    scores = table[names[0]].to_numpy(float)
    if len(found) != len(scores):
        raise SystemExit(f"{features} has {len(found)} videos, {metadata} {len(scores)}.")
    return np.nan_to_num(found, nan=0.0, posinf=0.0, neginf=0.0), scores


def ours(x: Numbers, y: Numbers, count: int) -> Iterator[Figures]:
    """Yield the figures of each split of the shared protocol."""
    index = pd.Index([f"v{at}" for at in range(len(x))], name="video")
    course = Course(
        learner=REGRESSIONS["videval"],
        features=Held(tuple({VECTOR: row} for row in x)),
        mos=pd.DataFrame({"mos": y}, index=index),
        facts=pd.DataFrame({"generator": None, "action": None}, index=index),
        division=Protocol(name="ours", by="video", splits=count, test_share=0.2),
    )
    for one in test(course):
        yield {"SRCC": one.srcc, "PLCC": one.plcc_mapped}


def authors(x: Numbers, y: Numbers, count: int) -> Iterator[Figures]:
    """Yield the same with the seeds of their program, by which it divides and chooses."""
    from sklearn.model_selection import train_test_split

    for number in range(1, count + 1):
        learnt, held = train_test_split(
            np.arange(len(x)), test_size=0.2, random_state=math.ceil(8.8 * number)
        )
        fitted = VIDEVAL.fit(x[learnt], y[learnt], seed=math.ceil(6.6 * number))
        told = agree(fitted.predict(x[held]), y[held], statistics=["srcc", "plcc"], mapping="logistic4")
        yield {"SRCC": told["srcc"].value, "PLCC": told["plcc_mapped"].value}


def main(words: Sequence[str] | None = None) -> dict[str, Any]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("features", type=Path)
    parser.add_argument("metadata", type=Path)
    parser.add_argument("--splits", type=int, default=100)
    parser.add_argument("--divided", choices=["ours", "authors"], default="ours")
    asked = parser.parse_args(words)
    x, y = read(asked.features, asked.metadata)
    figures = list({"ours": ours, "authors": authors}[asked.divided](x, y, asked.splits))
    found = {}
    for name in ("SRCC", "PLCC"):
        spread = summarise(one[name] for one in figures)
        found[name] = spread.median
        told = f"median {spread.median:.4f}, mean {spread.mean:.4f}, sd {spread.deviation:.4f}"
        print(f"{name}: {told}, n {spread.n}")
    return found


if __name__ == "__main__":
    main()
