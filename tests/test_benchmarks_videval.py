"""The script that repeats VIDEVAL's reported figures, on made matrices: what it reads and how it divides."""

import math

import numpy as np
import pytest
from scipy.io import savemat
from scipy.stats import spearmanr
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import MinMaxScaler
from sklearn.svm import SVR

from benchmarks import videval
from gaia_judge.baselines.regressors import SupportVectors


@pytest.fixture
def files(tmp_path):
    noise = np.random.default_rng(0)
    features = noise.normal(size=(50, 4))
    features[3, 1], features[7, 2] = np.nan, np.inf
    scores = 3 + np.nan_to_num(features, posinf=0) @ [1, 0.5, 0, 0] + 0.3 * noise.normal(size=50)
    savemat(tmp_path / "features.mat", {"feats_mat": features})
    lines = "\n".join(f"v{at},{score}" for at, score in enumerate(scores))
    (tmp_path / "meta.csv").write_text(f"name,MOS\n{lines}")
    return tmp_path / "features.mat", tmp_path / "meta.csv"


def test_as_the_authors_it_divides_by_the_seeds_of_their_program(files, monkeypatch):
    one = SupportVectors(costs=(8.0,), gammas=(0.25,), epsilon=0.1)
    monkeypatch.setattr(videval, "VIDEVAL", one)
    x, y = videval.read(*files)
    x = np.nan_to_num(x, posinf=0)
    expected = []
    for number in (1, 2, 3):
        parts = train_test_split(x, y, test_size=0.2, random_state=math.ceil(8.8 * number))
        scaler = MinMaxScaler().fit(parts[0])
        machine = SVR(C=8.0, gamma=0.25).fit(scaler.transform(parts[0]), parts[2])
        expected.append(spearmanr(machine.predict(scaler.transform(parts[1])), parts[3])[0])
    found = videval.main([*map(str, files), "--splits", "3", "--divided", "authors"])
    assert found["SRCC"] == pytest.approx(np.median(expected))


def test_it_prints_medians_over_the_shared_protocols_splits(files, capsys):
    found = videval.main([*map(str, files), "--splits", "2"])
    assert f"SRCC: median {found['SRCC']:.4f}" in capsys.readouterr().out
    assert found["PLCC"] > 0.6


def test_files_of_other_videos_are_refused(files):
    text = files[1].read_text()
    files[1].write_text(text.rpartition("\n")[0])
    with pytest.raises(SystemExit, match="has 50 videos"):
        videval.main([*map(str, files)])
