"""A made-up benchmark with raters, for tests: people's scores, and tables of raters who know them in part."""

from pathlib import Path

import numpy as np
import pandas as pd

DIMENSIONS = ("subject", "completeness", "interaction")
GENERATORS = ("Alpha", "Beta", "Gamma", "Delta", "Epsilon", "Zeta")
SUBSETS = ("Whole-body", "Hand", "Facial")


def write_mos(folder: Path, actions: int = 20, seed: int = 0) -> pd.DataFrame:
    """Write GAIA's MOS.csv and return its rows: later generators are better, the subject is ahead."""
    chance = np.random.default_rng(seed)
    rows = []
    for year, generator in enumerate(GENERATORS):
        for action in range(actions):
            quality = 25 + 6 * year + chance.normal(0, 12)
            rows.append(
                {
                    "video": f"({generator})_(action {action:02d})",
                    "generator": generator,
                    "action": f"action {action:02d}",
                    "category": f"class {action % 4}",
                    "subset": SUBSETS[action % 3],
                    "subject": quality + 5 + chance.normal(0, 4),
                    "completeness": quality + chance.normal(0, 6),
                    "interaction": quality - 2 + chance.normal(0, 6),
                }
            )
    frame = pd.DataFrame(rows)
    table = pd.DataFrame({"filename": frame["video"] + ".mp4"})
    for name in DIMENSIONS:
        table[f"final action {name}"] = frame[name]
    table.to_csv(folder / "MOS.csv", index=False)
    return frame


def write_rater(
    file: Path,
    people: pd.DataFrame,
    noise: float,
    *,
    seed: int = 1,
    failing: int = 0,
    rater: str | None = None,
) -> Path:
    """Write the scores of a rater who sees people's through noise and fails on the first videos."""
    chance = np.random.default_rng(seed)
    facts = people[["video", "generator", "action", "category", "subset"]]
    rows = []
    for name in DIMENSIONS:
        value = people[name] / 25 + chance.normal(0, noise, len(people))
        value[:failing] = np.nan
        error = ["cannot be decoded" if bad else None for bad in value.isna()]
        rows.append(facts.assign(dimension=name, value=value, error=error, rater=rater))
    pd.concat(rows).to_csv(file, index=False)
    return file
