"""``gaia-judge ls``: what there is."""

import json
from collections.abc import Callable

import click
from rich.table import Table

from gaia_judge.assets import Kind, list_assets
from gaia_judge.cards import read_card
from gaia_judge.cli.screens import out
from gaia_judge.engines.registry import engine_entries
from gaia_judge.prompts import load_prompt_set
from gaia_judge.protocols import Protocol, load_protocol
from gaia_judge.scales import Scale, load_scale

KINDS = ("judges", "prompts", "scales", "engines", "protocols")


@click.command("ls")
@click.argument("kind", type=click.Choice(KINDS))
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def command(kind: str, as_json: bool) -> None:
    """List judges, prompts, scales, engines or protocols, with where each comes from and its digest.

    \b
    Example:
      gaia-judge ls judges
    """
    rows = _rows(kind)
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    table = Table()
    shown = [name for name in (rows[0] if rows else ()) if name != "model"]  # too wide; in the JSON
    for name in shown:
        table.add_column(name, no_wrap=name in ("name", "memory", "digest"))
    for row in rows:
        table.add_row(*(row[name] for name in shown))
    out.print(table)


def _rows(kind: str) -> list[dict[str, str]]:
    if kind == "scales":
        return _plain("scales", load_scale)
    if kind == "protocols":
        return _plain("protocols", load_protocol)
    return {"judges": _judges, "prompts": _prompts, "engines": _engines}[kind]()


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
