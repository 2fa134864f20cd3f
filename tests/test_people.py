"""People's scores: tables of three kinds, generators by their names, and which score is of which video."""

import hashlib
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.people import bound_means, join, known_generator, known_generators, read_human, read_mos
from gaia_judge.scores import ScoreTable
from gaia_judge.videos import read_videos
from gaia_judge.videos.actions import fold, read_actions, read_prompts

GAIA = Path(__file__).parents[2] / "shared" / "gaia"
HEADER = "filename,final action subject,final action completeness,final action interaction\n"


def write(folder, *lines, header=HEADER, name="MOS.csv"):
    (folder / name).write_text(header + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return folder


def facts(**rows):
    """Return the facts of videos, each given as (generator, action)."""
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=["generator", "action"], dtype="string")
    return frame.assign(category=pd.NA, subset=pd.NA).rename_axis("video")


def test_scores_stand_under_the_ids_of_the_videos(tmp_path):
    names = ["(Gen-2)_(arm wrestling).mp4", "(Gen 3.5)_(arm wrestling).mp4"]
    for name in names:
        (tmp_path / name).touch()
    write(tmp_path, f"{names[0]},41.5,30,22.25", f"{names[1]},80,70,")
    mos = read_mos(tmp_path)
    assert {video.id for video in read_videos(tmp_path)} == set(mos.index)
    assert list(mos.columns) == ["subject", "completeness", "interaction"]
    assert mos.loc["(Gen-2)_(arm wrestling)"].tolist() == [41.5, 30.0, 22.25]
    assert mos.loc["(Gen 3.5)_(arm wrestling)", "subject"] == 80
    assert math.isnan(mos.loc["(Gen 3.5)_(arm wrestling)", "interaction"])


def test_a_folder_without_scores_is_named(tmp_path):
    with pytest.raises(GaiaJudgeError, match=r"has no MOS\.csv"):
        read_human(tmp_path)


@pytest.mark.parametrize(
    ("lines", "header", "named"),
    [
        (["a.mp4,1,2,3", "b.mp4,1,2,much"], HEADER, "line 3, column 'interaction': 'much' is not a number"),
        (["a.mp4,1,2,3", "a.mp4,1,2,3"], HEADER, "line 2 and"),
        (["a.mp4,1,2,3"], HEADER.replace("filename", "clip"), "no column that names the video"),
        (["a.mp4,1,2,3", ",1,2,3"], HEADER, "line 3, column 'filename': the cell is empty"),
        ([], HEADER, "has no rows"),
        (["a.mp4,x"], "filename,comment\n", "no column of scores"),
        (["a.mp4,1,1"], "filename,mos,MOS\n", "two columns 'mos'"),
        (
            ["a,s,1", "a,s,2"],
            "video,dimension,value\n",
            "line 3: a second score for video 'a', dimension 's'",
        ),
        (["a,r,s,1", "a,r,s,2"], "video,rater,dimension,score\n", "line 3: a second score"),
        (["a,1,1.5"], "video,mos,mos_probability\n", "line 2, column 'mos_probability': '1.5' cannot"),
        (["a,1,0"], "video,mos,probability\n", "line 2, column 'probability': '0' cannot"),
        (["a,1,-2"], "video,mos,mos_std\n", "line 2, column 'mos_std': '-2' cannot"),
        (["a,1,0"], "video,mos,mos_n\n", "line 2, column 'mos_n': '0' cannot"),
        (["a,1,2.5"], "video,mos,n\n", "line 2, column 'n': '2.5' cannot"),
        (["a,1", "", "b,bad"], "video,mos\n", "line 4, column 'mos': 'bad' is not a number"),
        (["a,1,2"], "video,mos\n", "line 2: more cells than columns"),
        (["a,inf"], "video,mos\n", "'inf' is not a number"),
        (["a,,"], "video,subject,completeness\n", "no score: all are empty"),
        (["a,1,high"], "video,mos,subject\n", "line 2, column 'subject': 'high' is not a number"),
        (["a,1,2,3"], "video,mos,realism,std\n", "of which dimension is the column 'std'"),
        (["a,r,,1"], "video,rater,dimension,score\n", "line 2, column 'dimension': the cell is empty"),
        (["a,,s,1"], "video,rater,dimension,score\n", "line 2, column 'rater': the cell is empty"),
    ],
)
def test_what_cannot_be_a_score_is_named(tmp_path, lines, header, named):
    with pytest.raises(GaiaJudgeError) as caught:
        read_human(write(tmp_path, *lines, header=header) / "MOS.csv")
    assert "MOS.csv" in str(caught.value)
    assert named in str(caught.value)


def test_a_wide_table_of_ones_own_says_how_sure_each_score_is(tmp_path):
    header = "Video;generator;Realism;Realism_std;Realism_n;Realism_probability;comment\n"
    write(tmp_path, "a;G;40;12.5;30;0.25;good", "b;G;50;;;;", header=header, name="own.csv")
    human = read_human(tmp_path / "own.csv")
    assert human.mos["realism"].tolist() == [40, 50]
    assert list(human.mos.columns) == ["realism"]
    assert (human.spread.loc["a", "realism"], human.counts.loc["a", "realism"]) == (12.5, 30)
    assert human.probability["realism"].tolist()[0] == 0.25
    assert human.spread.loc["b"].isna().all()
    assert human.digest == hashlib.sha256((tmp_path / "own.csv").read_bytes()).hexdigest()[:12]


def test_one_probability_is_of_all_dimensions(tmp_path):
    write(tmp_path, "a,40,30,0.25,12", "b,,,0.5,0", header="video,subject,completeness,probability,n\n")
    human = read_human(tmp_path / "MOS.csv")
    assert list(human.mos.columns) == ["subject", "completeness"]
    assert human.probability.loc["a"].tolist() == [0.25, 0.25]
    assert human.counts.loc["a"].tolist() == [12, 12]
    assert human.mos.loc["b"].isna().all()


def test_a_table_written_by_us_reads_back(tmp_path):
    frame = pd.DataFrame({"video": ["=a", "'b", "c"], "dimension": "Subject", "value": [1.0, 2.0, 3.0]})
    ScoreTable.from_pandas(frame.assign(rater="people")).write(tmp_path)
    human = read_human(tmp_path / "scores.csv")
    assert human.mos["subject"].to_dict() == {"=a": 1, "'b": 2, "c": 3}


def test_what_is_in_no_format_we_read_is_named(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(GaiaJudgeError, match=r"notes\.txt is no table.*\.csv, \.jsonl, \.parquet"):
        read_human(tmp_path / "notes.txt")
    with pytest.raises(GaiaJudgeError, match="There is no file"):
        read_human(tmp_path / "none.csv")


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_a_long_table_reads_alike_in_every_format(tmp_path, suffix):
    rows = [("b", "subject", 3.5, 0.5), ("b", "completeness", 2.0, None), ("a", "subject", 1.0, 1.0)]
    frame = pd.DataFrame(rows, columns=["video", "dimension", "value", "probability"])
    file = tmp_path / f"long.{suffix}"
    if suffix == "csv":
        frame.to_csv(file, index=False)
    elif suffix == "jsonl":
        frame.to_json(file, orient="records", lines=True)
    else:
        frame.to_parquet(file)
    human = read_human(file)
    expected = pd.DataFrame(
        {"subject": [3.5, 1.0], "completeness": [2.0, np.nan]}, index=pd.Index(["b", "a"], name="video")
    )
    pd.testing.assert_frame_equal(human.mos, expected)
    assert human.probability.loc["a", "subject"] == 1
    assert human.spread is None


def test_votes_become_means_spreads_and_counts(tmp_path):
    lines = ["a,r1,subject,10", "a,r2,subject,20", "a,r3,subject,60", "b,r1,subject,5", "a,r1,interaction,7"]
    write(tmp_path, *lines, header="video,rater,dimension,score\n", name="votes.csv")
    human = read_human(tmp_path / "votes.csv")
    assert human.mos.loc["a", "subject"] == 30
    assert human.spread.loc["a", "subject"] == pytest.approx(np.std([10, 20, 60], ddof=1), abs=1e-12)
    assert human.counts.loc["a", "subject"] == 3
    assert math.isnan(human.spread.loc["b", "subject"])
    assert math.isnan(human.mos.loc["b", "interaction"])
    assert len(human.votes) == 5


def test_a_folders_votes_tell_of_its_scores(tmp_path):
    write(tmp_path, "a.mp4,30,1,1")
    lines = ["a,r1,subject,10", "a,r2,subject,20"]
    write(tmp_path, *lines, header="video,rater,dimension,score\n", name="votes.csv")
    human = read_human(tmp_path)
    assert human.mos.loc["a", "subject"] == 30
    assert human.counts.loc["a", "subject"] == 2
    assert human.source.endswith("MOS.csv")


def test_a_folders_votes_take_the_shape_of_its_scores(tmp_path):
    write(tmp_path, "a.mp4,30,1,1", "b.mp4,30,1,1")
    lines = ["c,r1,subject,10", "b,r1,subject,20", "b,r2,subject,24"]
    write(tmp_path, *lines, header="video,rater,dimension,score\n", name="votes.csv")
    human = read_human(tmp_path)
    for frame in (human.spread, human.counts):
        assert frame.index.equals(human.mos.index)
        assert frame.columns.equals(human.mos.columns)
    assert human.counts.loc["b", "subject"] == 2


def test_a_folders_votes_must_be_votes(tmp_path):
    write(tmp_path, "a.mp4,30,1,1")
    write(tmp_path, "a,1", header="video,subject\n", name="votes.csv")
    with pytest.raises(GaiaJudgeError, match=r"votes\.csv has no columns rater"):
        read_human(tmp_path)


def test_means_have_students_intervals(tmp_path):
    cast = {"a": [10, 20, 60, 30], "b": [5, 7], "c": [4]}
    lines = [f"{video},r{at},s,{one}" for video, votes in cast.items() for at, one in enumerate(votes)]
    human = read_human(
        write(tmp_path, *lines, header="video,rater,dimension,score\n", name="votes.csv") / "votes.csv"
    )
    low, high = bound_means(human.mos, human.spread, human.counts)
    for video in "ab":
        expected = scipy.stats.ttest_1samp(cast[video], 0).confidence_interval(0.95)
        assert low.loc[video, "s"] == pytest.approx(expected.low, rel=1e-12)
        assert high.loc[video, "s"] == pytest.approx(expected.high, rel=1e-12)
    assert math.isnan(low.loc["c", "s"])


def test_gaias_generators_are_eighteen_of_two_kinds():
    found = known_generators()
    assert len({one.name for one in found}) == 18
    kinds = [one.kind for one in found]
    assert (kinds.count("lab"), kinds.count("commercial")) == (11, 7)
    assert all(one.year in (2022, 2023, 2024) and 1 <= one.month <= 12 and one.source for one in found)


@pytest.mark.parametrize(
    ("spelling", "name"),
    [("Anmidiff", "AnimateDiff"), ("zeroScope", "ZeroScope"), ("gen2", "Gen-2"), ("Animatedif", None)],
)
def test_generators_go_by_names_of_the_table_only(spelling, name):
    found = known_generator(spelling)
    assert (found and found.name) == name


def test_two_generators_of_one_name_are_refused(tmp_path, monkeypatch):
    row = ",2024,1,T2V,1,1,8,2,lab"
    folder = tmp_path / "calibration" / "reference"
    folder.mkdir(parents=True)
    head = "name,year,month,mode,width,height,fps,seconds,kind,aliases,source\n"
    (folder / "generators.csv").write_text(f"{head}Kite{row},,x\nOwl{row},kite,x\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(GaiaJudgeError, match="'kite' may be Kite or Owl"):
        known_generator("Kite")


def test_scores_are_joined_by_id_and_by_the_tables_of_names(tmp_path):
    lines = ["Anmidiff_Abseiling.mp4,1,1,1", "zeroScope_Walk-Finger.mp4,2,2,2", "own name.mp4,3,3,3"]
    human = read_human(write(tmp_path, *lines, "Pika_Zumba.mp4,4,4,4") / "MOS.csv")
    videos = facts(
        **{
            "own name": (None, None),
            "x1": ("ZeroScope", "Walk"),
            "(AnimateDiff)_(abseiling)": (None, None),
            "stranger": ("Marmot", "Zumba"),
        }
    )
    joined = join(videos, human)
    assert joined.mos["subject"].tolist()[:3] == [3, 2, 1]
    assert math.isnan(joined.mos.loc["stranger", "subject"])
    assert joined.missing == ("stranger",)
    assert joined.surplus == ("Pika_Zumba",)
    assert list(joined.mos.index) == list(videos.index)


def test_near_names_are_never_taken_for_each_other(tmp_path):
    human = read_human(write(tmp_path, "Anmidif_Abseiling.mp4,1,1,1", "a.mp4,2,2,2") / "MOS.csv")
    joined = join(facts(a=(None, None), b=("AnimateDiff", "Abseiling"), c=("AnimateDiff", "Abseilin")), human)
    assert joined.missing == ("b", "c")


def test_two_spellings_of_one_video_are_refused(tmp_path):
    human = read_human(
        write(tmp_path, "Anmidiff_Abseiling.mp4,1,1,1", "AnimateDiff_abseiling.mp4,2,2,2") / "MOS.csv"
    )
    with pytest.raises(GaiaJudgeError, match="'Anmidiff_Abseiling' and 'AnimateDiff_abseiling'"):
        join(facts(b=("AnimateDiff", "Abseiling")), human)


def test_seeds_of_one_action_need_ids_only_where_people_scored_it(tmp_path):
    human = read_human(write(tmp_path, "x1.mp4,1,1,1", "Pika_Zumba.mp4,4,4,4") / "MOS.csv")
    seeds = facts(x1=("Gen-2", "Walk"), x2=("Gen-2", "Walk"), x3=("Gen-2", "Walk"))
    assert join(seeds, human).missing == ("x2", "x3")
    with pytest.raises(GaiaJudgeError, match="'y1' and 'y2' of the videos"):
        join(facts(x1=("Gen-2", "Walk"), y1=("Pika", "Zumba"), y2=("Pika", "Zumba")), human)


def test_scores_that_nobody_asks_for_may_be_twice(tmp_path):
    lines = ["Gen-2_Zumba.mp4,1,1,1", "gen2_Zumba.mp4,2,2,2", "a.mp4,3,3,3"]
    joined = join(facts(a=(None, None)), read_human(write(tmp_path, *lines) / "MOS.csv"))
    assert joined.surplus == ("Gen-2_Zumba", "gen2_Zumba")


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("Morph_Studio_Zumba", "(Morph Studio)_(zumba)"),
        ("Stable_Video_arm_wrestling", "(Stable Video)_(arm wrestling)"),
        ("AnimateDiff_abseiling", "Anmidiff_Abseiling"),
    ],
)
def test_names_are_split_at_the_longest_known_generator(tmp_path, theirs, ours):
    human = read_human(write(tmp_path, f"{theirs}.mp4,1,1,1") / "MOS.csv")
    assert join(facts(**{ours: (None, None)}), human).mos.loc[ours, "subject"] == 1


def test_of_generators_whose_names_begin_alike_the_longer_counts(tmp_path):
    human = read_human(write(tmp_path, "Kite_walk.mp4,1,1,1", "Kite_XL_walk.mp4,2,2,2") / "MOS.csv")
    joined = join(facts(a=("Kite", "walk"), b=("Kite XL", "walk")), human)
    assert joined.mos["subject"].tolist() == [1, 2]


def test_all_of_gaias_actions_join_in_both_files_spelling(tmp_path):
    if not GAIA.is_dir():
        pytest.skip("GAIA's two files are not here")
    actions = read_actions(GAIA)
    spelt = list(read_prompts(GAIA / "prompts_all.csv"))
    write(tmp_path, *(f'"zeroScope_{name}.mp4",{at},0,0' for at, name in enumerate(spelt)))
    names = {f"v{at}": ("ZeroScope", actions[fold(name)].name) for at, name in enumerate(spelt)}
    joined = join(facts(**names), read_human(tmp_path / "MOS.csv"))
    assert (joined.missing, joined.surplus) == ((), ())
    assert joined.mos["subject"].tolist() == list(range(510))


def test_generators_that_no_table_knows_join_by_the_videos_own_facts(tmp_path):
    rows = ["(Marmot)_(walk).mp4,1,1,1", "(Kite)_(wave).mp4,2,2,2"]
    human = read_human(write(tmp_path, *rows) / "MOS.csv")
    joined = join(facts(**{"(Kite)_(wave)": ("Kite", "wave"), "clip 7": ("Marmot", "Walk")}), human)
    assert joined.mos["subject"].tolist() == [2, 1]


def test_nothing_in_common_shows_an_example_of_each_side(tmp_path):
    human = read_human(write(tmp_path, "theirs.mp4,1,1,1") / "MOS.csv")
    with pytest.raises(GaiaJudgeError, match=r"'ours'.*'theirs'"):
        join(facts(ours=(None, None)), human)


def test_votes_are_joined_under_the_videos_own_ids(tmp_path):
    write(tmp_path, "Anmidiff_Abseiling.mp4,1,1,1")
    header = "video,rater,dimension,score\n"
    lines = ["Anmidiff_Abseiling,r1,subject,1", "Anmidiff_Abseiling,r2,subject,2", "other,r1,subject,9"]
    write(tmp_path, *lines, header=header, name="votes.csv")
    joined = join(facts(b=("AnimateDiff", "Abseiling")), read_human(tmp_path))
    assert joined.votes["video"].tolist() == ["b", "b"]
    assert joined.counts.loc["b", "subject"] == 2
