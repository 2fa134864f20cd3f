"""Size of a report of GAIA's size, and the time it takes: python benchmarks/pages.py [RATERS [DRAWS]].

18 generators x 510 actions, three dimensions; half of the raters are judges, half metrics of one value. No
clips: these have a budget of their own, which base64 makes 5.3 MB. Random scores pack worse than any others.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from gaia_judge.comparison.agreements import Asking
from gaia_judge.pages.contents.materials import read_material
from gaia_judge.pages.contents.reports import build_page
from gaia_judge.pages.html import write_page
from gaia_judge.people import read_human

DIMENSIONS = ("subject", "completeness", "interaction")
SUBSETS = ("Whole-body", "Hand", "Facial")


def write_tables(folder: Path, raters: int, generators: int = 18, actions: int = 510) -> list[str]:
    """Write people's scores as GAIA's MOS.csv and a table for each rater; return where these are."""
    chance = np.random.default_rng(0)
    names = [
        (f"Generator {maker}", f"doing thing {at}") for maker in range(generators) for at in range(actions)
    ]
    facts = pd.DataFrame(names, columns=["generator", "action"])
    facts.insert(0, "video", [f"({maker})_({action})" for maker, action in names])
    facts["category"] = [f"class {at % 9}" for at in range(actions)] * generators
    facts["subset"] = [SUBSETS[at % 3] for at in range(actions)] * generators
    mos = pd.DataFrame({name: chance.normal(50, 15, len(facts)) for name in DIMENSIONS})
    mos.add_prefix("final action ").assign(filename=facts["video"] + ".mp4").to_csv(
        folder / "MOS.csv", index=False
    )
    places = []
    for at in range(raters):
        own = DIMENSIONS if at % 2 == 0 else ("quality",)
        values = {one: mos.mean(axis=1) / 20 + chance.normal(0, 0.5, len(facts)) for one in own}
        rows = [facts.assign(dimension=one, value=values[one], rater=f"rater {at}") for one in own]
        places.append(str(folder / f"{at}.csv"))
        pd.concat(rows).to_csv(places[-1], index=False)
    return places


def main(raters: int = 30, draws: int = 1000) -> None:
    """Print the size of the page and what reading, measuring and drawing took."""
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        places = write_tables(folder, raters)
        start = time.perf_counter()
        material = read_material(places, read_human(folder / "MOS.csv"), Asking(draws=draws))
        measured = time.perf_counter()
        write_page(build_page(material, gallery=0), folder / "report.html")
        end = time.perf_counter()
        size = (folder / "report.html").stat().st_size / 1e6
        told = f"measured in {measured - start:.0f} s, written in {end - measured:.0f} s"
        print(f"{len(material.facts):,} videos, {raters} raters: {size:.1f} MB, {told}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
