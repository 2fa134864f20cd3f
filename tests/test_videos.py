import csv
import json
import unicodedata
from collections import Counter
from pathlib import Path, PurePosixPath

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.videos import Video, read_videos
from gaia_judge.videos.entries import clean
from gaia_judge.videos.ids import name_ids


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def write(file: Path, text: str, encoding: str = "utf-8") -> Path:
    file.write_bytes(text.encode(encoding))
    return file


def refusal(source: Path) -> str:
    with pytest.raises(GaiaJudgeError) as caught:
        read_videos(source)
    assert caught.value.hint
    return str(caught.value)


# One file, and folders


@pytest.mark.parametrize("name", ["a.mp4", "a.WebM", "a.MOV", "a.mkv", "a.avi", "a.gif"])
def test_one_video(tmp_path, name):
    file = touch(tmp_path, name) / name
    assert read_videos(str(file)) == [Video(id="a", path=file)]


def test_what_is_not_there_or_no_video_is_refused(tmp_path):
    touch(tmp_path, "notes.txt")
    assert "no file or folder" in refusal(tmp_path / "absent.mp4")
    assert ".webm" in refusal(tmp_path / "notes.txt")
    assert ".webm" in refusal(tmp_path)


def test_a_folder_is_searched_in_order_past_hidden_files_and_links(tmp_path):
    folder = touch(
        tmp_path / "f", "b/2.mp4", "a.mp4", "b/1.gif", ".x/h.mp4", "._a.mp4", "__MACOSX/m.mp4", "n.txt"
    )
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    assert [video.path.relative_to(folder).as_posix() for video in read_videos(folder)] == [
        "a.mp4",
        "b/1.gif",
        "b/2.mp4",
    ]


def test_shared_stems_are_told_apart_by_path(tmp_path):
    touch(tmp_path, "x/a.mp4", "y/a.mp4", "y/a.gif", "z/b.mp4")
    assert [video.id for video in read_videos(tmp_path)] == ["x/a", "y/a.gif", "y/a.mp4", "b"]


def test_only_parenthesised_names_are_read_in_a_plain_folder(tmp_path):
    touch(tmp_path, "(Gen_2)_(hurling (sport)).mp4", "my_clip.mp4")
    found, plain = read_videos(tmp_path)
    assert (found.generator, found.action) == ("Gen_2", "hurling (sport)")
    assert (plain.generator, plain.action) == ("", "")


def test_ids_are_one_line(tmp_path):
    touch(tmp_path, "two\nlines.mp4")
    assert read_videos(tmp_path)[0].id == "two lines"


@pytest.mark.parametrize(
    "key", ["path,prompt\n./x/(g)_(a).mp4", "video,prompt\nx/(g)_(a).mp4", "ID,Prompt\n(g)_(a)"]
)
def test_prompts_csv_is_joined(tmp_path, key):
    touch(tmp_path, "x/(g)_(a).mp4", "other.mp4")
    write(tmp_path / "prompts.csv", f'{key},"Hello, you"\n')
    other, found = read_videos(tmp_path)
    assert (found.prompt, found.generator, found.action) == ("Hello, you", "g", "a")
    assert other == Video(id="other", path=tmp_path / "other.mp4")


def test_prompts_csv_wins_over_the_name_and_may_give_ids(tmp_path):
    touch(tmp_path, "(g)_(a).mp4")
    write(tmp_path / "prompts.csv", "path,id,action,generator\n(g)_(a).mp4,mine,jump,\n")
    (video,) = read_videos(tmp_path)
    assert (video.id, video.action, video.generator) == ("mine", "jump", "g")


def test_rows_of_prompts_csv_that_name_no_video(tmp_path):
    touch(tmp_path, "a.mp4")
    file = write(tmp_path / "prompts.csv", "id,prompt\na,A\nb,B\n")
    with pytest.warns(UserWarning, match=r"1 rows.*line 3"):
        assert read_videos(tmp_path)[0].prompt == "A"
    write(file, "id,prompt\nb,B\n")
    assert "no row names a video" in refusal(tmp_path)
    write(file, "id,prompt\na,A\na,B\n")
    assert "line 2" in refusal(tmp_path)
    write(file, "id,prompt\n,A\n")
    assert "line 2 names no video" in refusal(tmp_path)


# Manifests

ROWS = [
    {"path": "x/a.mp4", "id": "one", "prompt": "A cat, jumping", "subset": "hand", "seed": 3},
    {"path": "gone.mp4", "id": None, "prompt": None, "subset": "", "seed": 4},
]


def write_manifest(folder: Path, suffix: str, rows: list[dict[str, object]]) -> Path:
    file = folder / f"list{suffix}"
    if suffix == ".jsonl":
        file.write_text("\n".join(map(json.dumps, rows)))
    elif suffix == ".parquet":
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), file)
    else:
        with file.open("w", newline="", encoding="utf-8-sig") as stream:
            table = csv.DictWriter(stream, rows[0], delimiter=";" if suffix == ".CSV" else ",")
            table.writeheader()
            table.writerows(rows)
    return file


@pytest.mark.parametrize("suffix", [".csv", ".CSV", ".jsonl", ".parquet"])
def test_manifests_of_every_kind_say_the_same(tmp_path, suffix):
    assert read_videos(write_manifest(tmp_path, suffix, ROWS)) == [
        Video(id="one", path=tmp_path / "x/a.mp4", prompt="A cat, jumping", subset="hand"),
        Video(id="gone", path=tmp_path / "gone.mp4"),
    ]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("path,promt\na.mp4,x\n", "'promt' looks like 'prompt'"),
        ("file,prompt\na.mp4,x\n", "no column 'path'"),
        ("path,prompt\na.mp4,a girl, running\n", "line 2: more cells"),
        ("path,prompt,Prompt\na.mp4,a,b\n", "two columns 'prompt'"),
        ('path,prompt\na.mp4,"open\nb.mp4,x\n', "quotes"),
        ("path,id\na.mp4,1\nb.mp4,2\nc.mp4,1\n", "line 2 and"),
        ("path,id\na.mp4,b\nb.mp4,\n", "line 3 have the same id 'b'"),
        ("path,prompt\n,x\n", "line 2: column 'path'"),
        ("path,prompt\n", "no rows"),
        ("", "no rows"),
    ],
)
def test_bad_manifests_are_refused_by_file_and_line(tmp_path, text, named):
    message = refusal(write(tmp_path / "list.csv", text))
    assert named in message
    assert "list.csv" in message


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('{"path": "a.mp4"}\n{"path": ', "line 2: not JSON"),
        ("[]", "line 1: not a JSON object"),
        ('{"path": "a.mp4", "prompt": ["x"]}', "column 'prompt' holds no text"),
        ('{"path": "a.mp4"}\n{"path": "b.mp4", "aciton": "x"}', "'aciton' looks like 'action'"),
    ],
)
def test_bad_json_lines_are_refused(tmp_path, text, named):
    assert named in refusal(write(tmp_path / "list.jsonl", text))


def test_unreadable_bytes_are_refused_by_line(tmp_path):
    assert "line 3: not UTF-8" in refusal(
        write(tmp_path / "l.csv", "path,prompt\na.mp4,x\nb.mp4,é\n", "latin-1")
    )
    assert "not a Parquet file" in refusal(write(tmp_path / "l.parquet", "path\na.mp4\n"))


def test_columns_of_other_meaning_are_left_out(tmp_path):
    (video,) = read_videos(write(tmp_path / "l.csv", "path,prompt,prompt_id,fid,caption\na.mp4,x,1,2,3\n"))
    assert video == Video(id="a", path=tmp_path / "a.mp4", prompt="x")


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
def test_any_prompt_survives_a_manifest_cleaned(tmp_path, prompts):
    rows = [{"path": f"{i}.mp4", "prompt": prompt} for i, prompt in enumerate(prompts)]
    for suffix in (".csv", ".jsonl", ".parquet"):
        assert [video.prompt for video in read_videos(write_manifest(tmp_path, suffix, rows))] == [
            *map(clean, prompts)
        ]


@given(st.text())
@example("cafe\u0301\x00 \ufffc\ud800")
def test_clean_text_is_one_composed_line(text):
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert unicodedata.is_normalized("NFC", cleaned)
    assert cleaned.splitlines() in ([], [cleaned])
    assert "\ufffc" not in cleaned
    assert {unicodedata.category(letter) for letter in cleaned}.isdisjoint({"Cc", "Cs"})


PARTS = st.text("ab.", min_size=1, max_size=3).filter(lambda part: part.strip("."))


@given(
    st.lists(st.lists(PARTS, min_size=1, max_size=3).map(lambda parts: PurePosixPath(*parts)), unique=True)
)
def test_different_paths_get_different_ids_or_their_whole_path(paths):
    ids = name_ids(paths)
    assert all(ids)
    for id, count in Counter(ids).items():
        assert count == 1 or id in map(str, paths)
