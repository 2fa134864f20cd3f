"""Galleries: the ratings on which a judge and people are furthest apart, with the clips."""

import json
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gaia_judge.agreement.correlations import rank
from gaia_judge.comparison.raters import Rater
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.pages.clips import read_clips
from gaia_judge.pages.contents.materials import Material, Numbers
from gaia_judge.pages.sections import Exhibit, Gallery, Section

BUDGET = 4_000_000
"""Bytes of all clips of a gallery; in a page a third more. The rest of 15 MB is for tables and plots."""

RATERS = 2
"""How many raters have galleries: those that agree best with people."""


@dataclass(frozen=True, slots=True)
class _Gap:
    """How far a rating is from people's."""

    rater: Rater
    dimension: str
    video: str
    judge: float
    """On people's scale, where a function maps it there."""
    people: float
    width: float
    """Between the two, on people's scale or in ranks."""


def gallery_section(material: Material, count: int) -> Section | None:
    """Return the largest disagreements with people, each video once per rater; None without people.

    Args:
        material: What is reported.
        count: Clips in all.
    """
    if material.panel is None or not count:
        return None
    raters = _raters(material)[:count]
    each = count // len(raters)
    chosen = {rater.name: _gaps(material, rater)[:each] for rater in raters}
    clips = _clips(material, [gap.video for gaps in chosen.values() for gap in gaps], BUDGET // count)
    galleries = []
    for rater in raters:
        rows = _rows(rater, {gap.video for gap in chosen[rater.name]})
        shown = tuple(_exhibit(material, gap, rows, clips) for gap in chosen[rater.name])
        if shown:
            galleries.append(Gallery(f"{rater.name} and people", shown, (_note(material, rater),)))
    if not galleries:
        return None
    about = "The ratings that are furthest from what people said, the largest difference first."
    return Section("gallery", "Disagreements", about, tuple(galleries))


def _raters(material: Material) -> list[Rater]:
    """Return whose galleries are shown: calibrated scores, which have no distributions, come last."""
    calibrated = {one.name for one in material.raters if "calibration" in one.table.to_pandas()}
    return sorted(material.ranked, key=lambda one: one.name in calibrated)[:RATERS]


def _note(material: Material, rater: Rater) -> str:
    maps = {name: material.map(rater, name) for name in material.own}
    told = [f"{name} is left out: {why}." for name, (curve, why) in maps.items() if curve is None]
    if len(told) == len(maps):
        return "Ratings are on the rater's own scale; the largest difference in rank comes first."
    return " ".join(["Ratings are mapped to people's scale by a fitted logistic.", *told])


def _gaps(material: Material, rater: Rater) -> list[_Gap]:
    """Return each video's largest gap, the largest first: on people's scale, or else in ranks."""
    sides = {name: (material.values(rater, name), material.people(name)) for name in material.own}
    maps = {name: material.map(rater, name)[0] for name in material.own}
    found: dict[str, _Gap] = {}
    for name, (values, people) in sides.items():
        if (curve := maps[name]) is not None:
            gaps = _differences(material, rater, name, curve(values), people)
        elif not any(maps.values()):
            gaps = _differences(material, rater, name, values, people, ranked=True)
        else:
            continue
        for gap in gaps:
            if gap.video not in found or gap.width > found[gap.video].width:
                found[gap.video] = gap
    return sorted(found.values(), key=lambda gap: (-gap.width, gap.video))


def _differences(
    material: Material,
    rater: Rater,
    dimension: str,
    values: Numbers,
    people: Numbers,
    *,
    ranked: bool = False,
) -> Iterator[_Gap]:
    """Yield the gap of each video that both have scored; none from a side that never changes."""
    assert material.panel is not None
    kept = np.isfinite(values) & np.isfinite(people)
    values, people = values[kept], people[kept]
    if not len(values) or np.ptp(values) == 0 or np.ptp(people) == 0:
        return
    widths = np.abs(rank(values) - rank(people)) if ranked else np.abs(values - people)
    videos = map(str, material.panel.people.index[kept])
    for told in zip(videos, values.tolist(), people.tolist(), widths.tolist(), strict=True):
        yield _Gap(rater, dimension, *told)


def _clips(material: Material, videos: Sequence[str], budget: int) -> dict[str, bytes | GaiaJudgeError]:
    """Return a clip of each video whose file is known, or why there is none."""
    paths = {name: material.paths[name] for name in dict.fromkeys(videos) if name in material.paths}
    answers = (answer for _, answer in read_clips(paths.values(), budget=budget))
    return dict(zip(paths, answers, strict=True))


def _rows(rater: Rater, videos: set[str]) -> dict[tuple[str, str], dict[Hashable, Any]]:
    """Return the rows of some videos by video and dimension; a rater of one dimension stands for all."""
    frame = rater.table.to_pandas()
    records = frame[frame["video"].isin(videos)].to_dict("records")
    found = {(str(row["video"]), ""): row for row in records}
    return found | {(str(row["video"]), str(row["dimension"])): row for row in records}


def _exhibit(
    material: Material,
    gap: _Gap,
    rows: Mapping[tuple[str, str], Mapping[Hashable, Any]],
    clips: Mapping[str, bytes | GaiaJudgeError],
) -> Exhibit:
    facts = material.facts.loc[gap.video]
    row = rows.get((gap.video, gap.dimension)) or rows[gap.video, ""]
    exhibit = Exhibit(
        video=gap.video,
        rater=gap.rater.name,
        dimension=gap.dimension,
        generator=_text(facts["generator"]),
        action=_text(facts["action"]),
        prompt=_text(row.get("prompt")),
        judge=gap.judge,
        people=gap.people,
        distribution=_distribution(row.get("distribution")),
        rationale=_text(row.get("rationale")),
        clip=None,
        problem="The run does not tell where the video's file is, or it has been moved.",
    )
    clip = clips.get(gap.video)
    if isinstance(clip, bytes):
        return replace(exhibit, clip=clip, problem=None)
    return exhibit if clip is None else replace(exhibit, problem=str(clip))


def _text(cell: Any) -> str | None:
    return cell if isinstance(cell, str) and cell else None


def _distribution(cell: Any) -> dict[str, float] | None:
    if not isinstance(cell, str):
        return None
    found = json.loads(cell)
    return {str(label): float(share) for label, share in found.items()}
