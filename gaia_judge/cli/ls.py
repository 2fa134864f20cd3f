"""``gaia-judge ls``: what there is."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click
from rich.table import Table

from gaia_judge.assets import Kind, list_assets
from gaia_judge.baselines import Metric, Setting, find_metric
from gaia_judge.baselines.loops import NetworkLearner
from gaia_judge.baselines.registry import metric_entries
from gaia_judge.cards import read_card
from gaia_judge.cli.screens import out, show_report
from gaia_judge.engines.registry import engine_entries
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.frames import frames_text
from gaia_judge.prompts import load_prompt_set
from gaia_judge.protocols import Protocol, load_protocol
from gaia_judge.reports import Report
from gaia_judge.scales import Scale, load_scale

KINDS = ("judges", "metrics", "prompts", "scales", "engines", "protocols")

LEGEND = (
    "Weights come from their official homes on first use; --json has sources, cures, revisions and digests as"
    " public sources name them (null: none found; none was checked against the hub). Fidelity:"
    " official-weights, library-equivalent, adapted (changed, or the definition is unpublished), substitute"
    " (something else under its own name). Heads that are trained start anew unless --json says otherwise."
)


@click.command("ls")
@click.argument("kind", type=click.Choice(KINDS))
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def command(kind: str, as_json: bool) -> None:
    """List judges, metrics, prompts, scales, engines or protocols, with where each comes from.

    \b
    Example:
      gaia-judge ls judges
      gaia-judge ls metrics
    """
    rows = _rows(kind)
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    if kind == "metrics":
        show_report(_metric_report(rows))
        return
    table = Table()
    shown = [name for name in (rows[0] if rows else ()) if name != "model"]  # too wide; in the JSON
    for name in shown:
        table.add_column(name, no_wrap=name in ("name", "memory", "digest"))
    for row in rows:
        table.add_row(*(row[name] for name in shown))
    out.print(table)


def _rows(kind: str) -> list[dict[str, Any]]:
    if kind == "scales":
        return _plain("scales", load_scale)
    if kind == "protocols":
        return _plain("protocols", load_protocol)
    return {"judges": _judges, "metrics": _metrics, "prompts": _prompts, "engines": _engines}[kind]()


def _judges() -> list[dict[str, str]]:
    found = []
    for asset in list_assets("judges"):
        card = read_card(asset.path)
        memory = f"{card.memory_gib:g} GiB" if card.memory_gib else "unknown"
        row = {"name": asset.name, "about": card.about, "model": card.model, "memory": memory}
        found.append({**row, "licence": card.licence, "origin": asset.origin, "digest": asset.digest})
    return found


def _prompts() -> list[dict[str, str]]:
    found = []
    for asset in list_assets("prompts"):
        prompt = load_prompt_set(asset.name)
        row = {"name": asset.name, "about": prompt.about, "origin": asset.origin}
        found.append({**row, "digest": prompt.digest[:12]})
    return found


def _metrics() -> list[dict[str, Any]]:
    """Return what is known of each metric; one of an outsider that cannot be imported is told as such."""
    found = []
    for name in metric_entries():
        try:
            found.append(_metric(find_metric(name)))
        except GaiaJudgeError as error:
            found.append({"name": name, "runs_here": False, "why_not": str(error)})
    return found


def _metric(metric: Metric) -> dict[str, Any]:
    problems = metric.problems(Setting())
    weights = [
        {
            "name": one.name,
            "source": one.source,
            "revision": one.revision,
            "sha256": one.sha256,
            "size_mb": one.size_mb,
            "licence": one.licence,
            "non_commercial": one.non_commercial,
        }
        for one in metric.weights
    ]
    return {
        "name": f"{metric.name}[:{metric.takes}]" if metric.takes else metric.name,
        "about": metric.about,
        "family": metric.family,
        "fidelity": metric.fidelity,
        "dimensions": list(metric.dimensions),
        "higher_is_better": metric.higher_is_better,
        "licence": metric.licence,
        "citation": metric.citation,
        "frames": frames_text(metric.frames),
        "weights": weights,
        "head_starts": _start(metric),
        "runs_here": not problems,
        "why_not": " ".join(problem.what for problem in problems) or None,
        "cures": [problem.cure for problem in problems],
    }


def _start(metric: Metric) -> str | None:
    """Return where training a network's head starts; None where nothing is trained."""
    if metric.recipe is None or not isinstance(metric.recipe.learner, NetworkLearner):
        return None
    return metric.recipe.start.told if metric.recipe.start else "anew"


def _metric_report(rows: Sequence[Mapping[str, Any]]) -> Report:
    columns = ("name", "family", "fidelity", "licence", "weights", "MB", "frames", "runs here")
    reasons: dict[str, list[str]] = {}
    for row in rows:
        if not row["runs_here"]:
            # One name or address more or less makes no other reason.
            bare = row["name"].partition("[")[0]
            why = row["why_not"].replace(f"{bare}: ", "").replace(f"{bare} ", "")
            why = re.sub(r"\b(the weights) \S+ (are)\b", r"\1 \2", why)
            reasons.setdefault(why, []).append(row["name"])
    absent = (f"Not here: {', '.join(names)}: {why}" for why, names in reasons.items())
    return Report("Metrics", columns, tuple(_metric_cells(row) for row in rows), (*absent, LEGEND))


def _metric_cells(row: Mapping[str, Any]) -> tuple[str | None, ...]:
    weights = row.get("weights", [])
    sizes = [one["size_mb"] for one in weights]
    size = "unknown" if None in sizes else f"{sum(sizes):.0f}" if sizes else None
    names = ", ".join(one["name"] for one in weights) or None
    facts = [row.get(name) for name in ("family", "fidelity", "licence")]
    return (row["name"], *facts, names, size, row.get("frames"), "yes" if row["runs_here"] else "no")


def _plain(kind: Kind, load: Callable[[str], Scale | Protocol]) -> list[dict[str, str]]:
    return [
        {"name": one.name, "about": load(one.name).about, "origin": one.origin, "digest": one.digest}
        for one in list_assets(kind)
    ]


def _engines() -> list[dict[str, str]]:
    return [
        {
            "name": name,
            "class": entry.value,
            "from": entry.dist.name if entry.dist else "",
        }
        for name, entry in engine_entries().items()
    ]
