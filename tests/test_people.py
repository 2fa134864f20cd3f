"""People's scores, from files as GAIA has them."""

import math

import pytest
from scipy import stats

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.people import compare, read_mos
from gaia_judge.scores import Score, ScoreTable
from gaia_judge.videos import read_videos

HEADER = "filename,final action subject,final action completeness,final action interaction\n"


def write(folder, *lines, header=HEADER):
    (folder / "MOS.csv").write_text(header + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return folder


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
        read_mos(tmp_path)


@pytest.mark.parametrize(
    ("lines", "header", "named"),
    [
        (["a.mp4,1,2,much"], HEADER, "line 2: final action interaction is 'much'"),
        (["a.mp4,1,2,3", "a.mp4,1,2,3"], HEADER, "line 3"),
        (["a.mp4,1,2"], HEADER.replace(",final action interaction", ""), "final action interaction"),
        (["a.mp4,1,2,3"], HEADER.replace("filename", "clip"), "filename"),
    ],
)
def test_what_cannot_be_a_score_is_named(tmp_path, lines, header, named):
    with pytest.raises(GaiaJudgeError) as caught:
        read_mos(write(tmp_path, *lines, header=header))
    assert "MOS.csv" in str(caught.value)
    assert named in str(caught.value)


def test_agreement_counts_the_videos_that_either_side_lacks(tmp_path):
    values = {"a": 1.0, "b": 2.0, "c": 4.0, "d": 3.0, "failed": None, "unknown": 5.0}
    scores = [Score(video=id, dimension="subject", rater="me", value=value) for id, value in values.items()]
    mos = read_mos(write(tmp_path, *(f"{id}.mp4,{n},1,1" for n, id in enumerate("bdcae"))))
    found = compare(ScoreTable.from_records(score.row() for score in scores), mos)
    assert list(found) == ["subject"]
    srcc, plcc = found["subject"]
    assert (srcc.name, srcc.n, srcc.missing) == ("srcc", 4, 2)
    assert srcc.value == pytest.approx(stats.spearmanr([1, 2, 4, 3], [3, 0, 2, 1]).statistic, abs=1e-12)
    assert plcc.value == pytest.approx(stats.pearsonr([1, 2, 4, 3], [3, 0, 2, 1]).statistic, abs=1e-12)
