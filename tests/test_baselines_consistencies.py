"""Subject Consistency: against DINO and VBench written out plainly, by hand, on defects and short clips."""

import json
import math

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.nn.functional import conv2d, gelu, interpolate, layer_norm, linear

from gaia_judge.baselines import Setting, load_battery
from gaia_judge.baselines.consistencies import BATCH, DINO, SubjectConsistency, positions, shrunk
from gaia_judge.baselines.similarities import consistency
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.videos import Video
from tests.clips import write_images
from tests.encoders import clip_of, noise, write_vit_checkpoint

MEAN, SPREAD = (np.array(three) for three in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_vit_checkpoint(tmp_path_factory.mktemp("vit"))


@pytest.fixture(scope="module")
def scores(folder):
    return SubjectConsistency(DINO, Setting(weights={"dino-vitb16": folder}))


def dino(weights, image, epsilon=1e-6):
    """Return the class token of DINO's transformer, image [3, h, w] -> [D], from the tensors alone."""

    def give(name):
        return [weights[f"{name}.{part}"] for part in ("weight", "bias")]

    _, height, width = image.shape
    rows, columns = height // 16, width // 16
    patches = conv2d(image[None], *give("embeddings.patch_embeddings.projection"), stride=16)[0].flatten(1).T
    table = weights["embeddings.position_embeddings"][0]
    side = math.isqrt(len(table) - 1)
    square = table[1:].reshape(side, side, -1).permute(2, 0, 1)[None]
    scale = ((rows + 0.1) / side, (columns + 0.1) / side)
    stretched = interpolate(square, scale_factor=scale, mode="bicubic")[0].flatten(1).T
    states = torch.cat([weights["embeddings.cls_token"][0] + table[:1], patches + stretched])
    size = states.shape[1]
    for layer in range(2):
        normed = layer_norm(states, (size,), *give(f"encoder.layer.{layer}.layernorm_before"), epsilon)
        query, key, value = (
            linear(normed, *give(f"encoder.layer.{layer}.attention.attention.{one}"))
            .reshape(len(states), 4, -1)
            .transpose(0, 1)
            for one in ("query", "key", "value")
        )
        share = (query @ key.transpose(1, 2) / math.sqrt(size / 4)).softmax(-1)
        mixed = (share @ value).transpose(0, 1).reshape(len(states), -1)
        states = states + linear(mixed, *give(f"encoder.layer.{layer}.attention.output.dense"))
        normed = layer_norm(states, (size,), *give(f"encoder.layer.{layer}.layernorm_after"), epsilon)
        inner = gelu(linear(normed, *give(f"encoder.layer.{layer}.intermediate.dense")))
        states = states + linear(inner, *give(f"encoder.layer.{layer}.output.dense"))
    return layer_norm(states, (size,), *give("layernorm"), epsilon)[0]


def by_pairs(vectors):
    """VBench's formula, one pair at a time."""

    def cosine(one, other):
        return max(0.0, float(one @ other / math.sqrt(one @ one) / math.sqrt(other @ other)))

    total = 0.0
    for now in range(1, len(vectors)):
        total += (cosine(vectors[now], vectors[now - 1]) + cosine(vectors[now], vectors[0])) / 2
    return total / (len(vectors) - 1)


@pytest.mark.parametrize("size", [(672, 672), (672, 1008), (1008, 672)])
@pytest.mark.parametrize("frames", [2, 3])
def test_the_score_is_that_of_dino_and_vbench_written_out(folder, scores, size, frames):
    weights = load_file(folder / "model.safetensors")
    images = noise(frames, frames, *size)
    # A third of the size without smoothing is every third pixel, beginning with the second.
    small = (images[:, 1::3, 1::3] / 255 - MEAN) / SPREAD
    told = [dino(weights, torch.tensor(image).permute(2, 0, 1).float()).double().numpy() for image in small]
    np.testing.assert_allclose(scores.vectors(images), told, atol=2e-4)
    (score,) = scores.measure([clip_of(images, spec=DINO.frames)])[0]
    assert score.value == pytest.approx(by_pairs(told), abs=1e-5)
    assert score.value < 0.999


def test_the_epsilon_is_the_authors_and_not_the_configurations(folder, tmp_path):
    config = json.loads((folder / "config.json").read_text())
    assert config["layer_norm_eps"] == 1e-12
    weights = load_file(folder / "model.safetensors")
    for name in ("embeddings.patch_embeddings.projection", "encoder.layer.0.output.dense"):
        weights |= {f"{name}.{part}": weights[f"{name}.{part}"] * 1e-4 for part in ("weight", "bias")}
    for name in ("embeddings.position_embeddings", "embeddings.cls_token"):
        weights[name] = weights[name] * 1e-4
    (tmp_path / "config.json").write_text(json.dumps(config))
    save_file(weights, tmp_path / "model.safetensors")
    faint = SubjectConsistency(DINO, Setting(weights={"dino-vitb16": tmp_path}))
    images = noise(3, 2, 672, 672)
    small = (images[:, 1::3, 1::3] / 255 - MEAN) / SPREAD
    given = [torch.tensor(image).permute(2, 0, 1).float() for image in small]
    told = np.stack([dino(weights, one).numpy() for one in given])
    np.testing.assert_allclose(faint.vectors(images), told, atol=2e-4)
    others = np.stack([dino(weights, one, epsilon=1e-12).numpy() for one in given])
    assert np.abs(told - others).max() > 1e-2


def test_halving_averages_four_pixels():
    images = noise(1, 2, 448, 500)
    made = shrunk(images[:, :, :448], "cpu").permute(0, 2, 3, 1).numpy()
    told = images[:, :, :448].reshape(2, 224, 2, 224, 2, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(made, (told / 255 - MEAN) / SPREAD, atol=1e-5)
    assert shrunk(images, "cpu").shape == (2, 3, 224, 250)


def test_positions_of_the_tables_own_shape_are_the_table():
    table = torch.randn(1, 17, 8)
    assert positions(table, 4, 4) is table
    assert positions(table, 4, 6).shape == (1, 25, 8)
    assert torch.equal(positions(table, 4, 6)[:, 0], table[:, 0])


def test_positions_stretch_along_the_right_axis():
    # A table that only rises from top to bottom stays level from left to right.
    table = torch.cat([torch.zeros(1), torch.arange(4.0).repeat_interleave(4)]).reshape(1, 17, 1)
    made = positions(table, 4, 9)[0, 1:, 0].reshape(4, 9)
    assert (made - made[:, :1]).abs().max() < 1e-5
    assert (made[1:, 0] - made[:-1, 0]).min() > 0.5


def test_the_formula_by_hand():
    # Cosines to the one before and to the first: 0.6 and 0.6; -1 and -0.6, which count as 0; 0 and 0.8.
    vectors = np.array([[1.0, 0.0], [1.2, 1.6], [-1.8, -2.4], [0.8, -0.6]])
    told = ((0.6 + 0.6) / 2 + (0 + 0) / 2 + (0 + 0.8) / 2) / 3
    assert consistency(vectors) == pytest.approx(told, abs=1e-12)
    assert by_pairs(vectors) == pytest.approx(told, abs=1e-12)


def test_flicker_lowers_consistency(scores):
    still = np.repeat(noise(1, 1, 40, 60), 6, axis=0)
    flicker = still.copy()
    flicker[1::2] = 255 - (flicker[1::2] // 8)
    values = [scores.measure([clip_of(images, spec=DINO.frames)])[0][0].value for images in (still, flicker)]
    assert values[0] == pytest.approx(1, abs=1e-6)
    assert values[1] < 0.95
    frames = scores.vectors(flicker).astype(np.float64)
    assert values[1] == pytest.approx(by_pairs(frames), abs=1e-6)


def test_every_frame_counts_however_many_go_through_at_once(scores):
    images = np.repeat(noise(2, 1, 32, 32), BATCH + 2, axis=0)
    images[-1] = 255 - images[-1]
    (score,) = scores.measure([clip_of(images, spec=DINO.frames)])[0]
    last = by_pairs(scores.vectors(images[-2:]).astype(np.float64))
    assert score.value == pytest.approx((BATCH + last) / (BATCH + 1), abs=1e-6)
    assert score.value < 0.999


def test_batches_change_nothing(scores):
    clips = [clip_of(noise(seed, count, 48, 64), spec=DINO.frames) for seed, count in enumerate((2, 8, 5))]
    together = [score.value for (score,) in scores.measure(clips)]
    assert together == pytest.approx([scores.measure([clip])[0][0].value for clip in clips], rel=1e-5)
    assert len(set(together)) == 3


def test_one_frame_cannot_be_compared(scores, folder, tmp_path):
    with pytest.raises(GaiaJudgeError, match="one frame has no second"):
        scores.measure([clip_of(noise(1, 1), spec=DINO.frames)])
    write_images(tmp_path / "one.mp4", noise(1, 1, 48, 64))
    write_images(tmp_path / "two.mp4", noise(1, 2, 48, 64))
    videos = [Video(id=name, path=tmp_path / f"{name}.mp4") for name in ("one", "two")]
    with load_battery([DINO], Setting(weights={"dino-vitb16": folder})) as battery:
        rows = battery.rate(videos).to_pandas().set_index("video")
    assert rows["value"].notna().tolist() == [False, True]
    assert "one frame has no second" in rows.loc["one", "error"]
    assert set(rows["rater"]) == {"subject-consistency (random weights)"}
