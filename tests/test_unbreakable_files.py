"""Hostile files: readers give what is sound, or one error for people; nothing runs, nothing explodes."""

import io
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gaia_judge.cards import load_card
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.experiments.files import read_experiment
from gaia_judge.frames import FrameSpec
from gaia_judge.prompts import load_prompt_set
from gaia_judge.protocols import load_protocol
from gaia_judge.scales import load_scale
from gaia_judge.scales.files import parse_yaml
from gaia_judge.scores import ScoreTable
from gaia_judge.videos import read_videos
from gaia_judge.videos.actions import read_labels
from tests.hostiles import TAGS, alias_bomb, spoil_tree
from tests.readers import READERS, try_reader

TRIALS = 25
"""Spoilt files for each reader; ``benchmarks.faults`` tries more."""


@pytest.mark.parametrize("name", READERS)
def test_readers_survive_spoilt_files(name: str, tmp_path: Path) -> None:
    found = try_reader(name, tmp_path, TRIALS, seed=9)
    assert not found.wrong
    assert found.ends.total() == TRIALS
    assert found.ends["refused"]
    assert found.slowest_s < 10


LOADS: dict[str, tuple[Callable[[str], object], str]] = {
    "judges/mine.yaml": (load_card, "mine"),
    "elsewhere.yaml": (load_card, ""),
    "mine.yaml": (read_experiment, ""),
    "prompts/scales/mine.yaml": (load_scale, "mine"),
    "prompts/mine/prompt.yaml": (load_prompt_set, "mine"),
    "calibration/protocols/mine.yaml": (load_protocol, "mine"),
}
"""How the user's own file of each kind is loaded: by what, and under which name; empty for its path."""


@pytest.mark.parametrize("kind", LOADS)
@pytest.mark.parametrize("text", [*TAGS, alias_bomb()], ids=lambda text: text[:12])
def test_yaml_makes_no_objects_and_does_not_explode(
    text: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / kind
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text if text.startswith("a0:") else f"about: {text}\n", encoding="utf-8")
    start = time.monotonic()
    load, name = LOADS[kind]
    with pytest.raises(GaiaJudgeError) as caught:
        load(name or str(file))
    assert str(file) in caught.value.message
    assert time.monotonic() - start < 5
    assert not (tmp_path / "OWNED").exists()


def test_aliases_that_spell_out_to_little_are_read() -> None:
    assert parse_yaml("{a: &a [1, 2], b: *a, c: {<<: {d: 3}}}") == {"a": [1, 2], "b": [1, 2], "c": {"d": 3}}


@pytest.mark.parametrize(
    "name", ["trust_remote_code", "worker_cls", "worker_extension_cls", "logits_processors"]
)
def test_files_may_not_name_code_for_engines_to_run(name: str, tmp_path: Path) -> None:
    (tmp_path / "card.yaml").write_text(f"about: x\nmodel: x\nengine_args: {{{name}: evil.Class}}\n")
    with pytest.raises(GaiaJudgeError, match=f"engine_args may not hold {name}"):
        load_card(str(tmp_path / "card.yaml"))
    (tmp_path / "e.yaml").write_text(f"judges: [{{model: nano, engine_args: {{{name}: evil.Class}}}}]\n")
    with pytest.raises(GaiaJudgeError, match=f"engine_args may not hold {name}"):
        read_experiment(str(tmp_path / "e.yaml"))


def test_a_small_parquet_file_of_a_billion_rows_is_refused(tmp_path: Path) -> None:
    column = pa.DictionaryArray.from_arrays(pa.nulls(1 << 20, pa.int32()).fill_null(0), pa.array(["a.mp4"]))
    table = pa.table(dict.fromkeys(("path", "video", "dimension"), column))
    with pq.ParquetWriter(tmp_path / "big.parquet", table.schema) as writer:
        for _ in range(6):
            writer.write_table(table)
    assert (tmp_path / "big.parquet").stat().st_size < 100_000
    for read in (read_videos, ScoreTable.read):
        with pytest.raises(GaiaJudgeError, match="6291456 rows"):
            read(tmp_path / "big.parquet")


def test_a_workbook_that_unpacks_to_a_hundred_megabytes_is_refused(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/worksheets/sheet1.xml", bytes(10**8))
    (tmp_path / "labels.xlsx").write_bytes(packed.getvalue())
    with pytest.raises(GaiaJudgeError, match="100000000 bytes"):
        read_labels(tmp_path / "labels.xlsx")


@pytest.mark.parametrize("rate", [float("inf"), float("nan"), 0.0, -1.0])
def test_rates_are_finite(rate: float) -> None:
    with pytest.raises(ValueError, match="fps"):
        FrameSpec(fps=rate)


def test_the_same_seed_spoils_alike() -> None:
    tree = {"a": [1, 2, {"b": 3}], "c": "d"}
    assert repr(spoil_tree(Random(5), tree)) == repr(spoil_tree(Random(5), tree))
