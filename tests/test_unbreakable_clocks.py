"""The wall clock, which may jump, tells when something was; how long it took, the monotonic one tells."""

import ast
from pathlib import Path

import pytest

import gaia_judge

ROOT = Path(gaia_judge.__file__).parent

WALL = {
    "time": {"time", "time_ns", "localtime", "gmtime", "ctime", "asctime", "strftime", "clock_gettime"},
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
}
"""Functions that read the wall clock, by the last name before the dot."""

RECORDS = {
    "runs/__init__.py": "when a run was started",
    "studio/owners.py": "until when an owner is signed in, which outlives the server",
    "studio/ratings.py": "when clips were shown and rated, which outlives the server",
}
"""Modules that may ask what time it is: they write it down, or compare it with what was written before."""


def readings(tree: ast.AST) -> list[str]:
    """Return the calls and imports of a module by which it learns the time of day."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
            if node.attr in WALL.get(owner, ()):
                found.append(f"{owner}.{node.attr}")
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            found += [f"from time import {one.name}" for one in node.names if one.name in WALL["time"]]
    return found


MODULES = sorted(str(path.relative_to(ROOT)) for path in ROOT.rglob("*.py"))


@pytest.mark.parametrize(
    "code", ["time.time()", "datetime.datetime.now(UTC)", "from time import time", "date.today()"]
)
def test_readings_are_found(code: str) -> None:
    assert readings(ast.parse(code))


@pytest.mark.parametrize("code", ["time.monotonic()", "time.perf_counter()", "time.sleep(1)", "row.time()"])
def test_other_clocks_are_not(code: str) -> None:
    assert not readings(ast.parse(code))


def test_nothing_but_records_asks_what_time_it_is() -> None:
    found = {name: readings(ast.parse((ROOT / name).read_text(encoding="utf-8"))) for name in MODULES}
    asking = {name: calls for name, calls in found.items() if calls}
    assert asking.keys() <= RECORDS.keys(), asking
