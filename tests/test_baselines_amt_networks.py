"""AMT-S: parameters and parts beside plain loops, its numbers beside those of the authors' own module."""

import math

import numpy as np
import pytest
import torch

from gaia_judge.baselines.amt import load_interpolator
from gaia_judge.baselines.amt.blocks import SideResidual, pick, warp
from gaia_judge.baselines.amt.correlations import Correlations
from gaia_judge.baselines.amt.networks import LEAST, LEVELS, MULTIPLE, RADIUS, Interpolator, blended, combined
from gaia_judge.errors import GaiaJudgeError
from tests.interpolators import listed, one_thread, waves

OFFICIAL = [
    [[0.296610, 0.643391, 0.757354, 0.551822], [0.343796, 0.115462, 0.029350, 0.230395]],
    [[0.358319, 0.149811, 0.126029, 0.214609], [0.317012, 0.680126, 0.757452, 0.530903]],
    [[0.090530, 0.106990, 0.000000, 0.029207], [0.317568, 0.342717, 0.265522, 0.345852]],
    [[0.631132, 0.729603, 0.729094, 0.814686], [0.575026, 0.883858, 0.872024, 0.971983]],
    [[0.479075, 0.308754, 0.774174, 1.000000], [0.437325, 0.293729, 0.782629, 1.000000]],
    [[0.414602, 0.369287, 0.734242, 1.000000], [0.569007, 0.364121, 0.768032, 1.000000]],
]
"""What the authors' module gives for ``waves`` and ``pair``: by channel, rows 16, 48, ...; of each, columns
18, 54, ..."""


def pair():
    """Two frames, [1, 3, 128, 144], the second moved by (4, -3) pixels."""
    rows, columns = np.mgrid[:128, :144]
    images = [
        [np.sin((columns - 4 * at) / (5 + c)) * np.cos((rows + 3 * at) / (7 - c)) for c in range(3)]
        for at in (0, 1)
    ]
    return [torch.tensor(0.5 + 0.5 * np.array([one]), dtype=torch.float32) for one in images]


def value_at(image, x, y, outside):
    """Bilinear value of an image [H][W], written out."""
    height, width = len(image), len(image[0])
    if outside == "border":
        x, y = min(max(x, 0), width - 1), min(max(y, 0), height - 1)
    left, top, total = math.floor(x), math.floor(y), 0.0
    for row, column in ((top, left), (top, left + 1), (top + 1, left), (top + 1, left + 1)):
        if 0 <= row < height and 0 <= column < width:
            total += (1 - abs(y - row)) * (1 - abs(x - column)) * float(image[row][column])
    return total


def test_parameters_have_the_names_and_shapes_of_the_authors():
    ours = {name: tuple(one.shape) for name, one in Interpolator().state_dict().items()}
    assert ours == listed()
    assert len(ours) == 213
    assert sum(math.prod(shape) for shape in ours.values()) == 2_990_543


def test_the_network_gives_what_the_authors_gives():
    network = load_interpolator({"state_dict": waves()}, "waves")
    with one_thread(), torch.inference_mode():
        found = network(*pair())[0, :, 16::32, 18::36]
    assert found.numpy() == pytest.approx(np.array(OFFICIAL).reshape(3, 4, 4), abs=1e-4)


@pytest.mark.parametrize("outside", ["border", "zeros"])
def test_values_between_pixels_beside_loops(outside):
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(2, 2, 5, 7, generator=generator)
    points = torch.rand(2, 4, 3, 2, generator=generator) * torch.tensor([10.0, 8.0]) - 1.5
    found = pick(image, points, outside)
    for n, c, i, j in np.ndindex(2, 2, 4, 3):
        x, y = points[n, i, j].tolist()
        assert found[n, c, i, j] == pytest.approx(value_at(image[n, c].tolist(), x, y, outside), abs=1e-5)


def test_warping_beside_loops():
    generator = torch.Generator().manual_seed(1)
    images, flow = torch.rand(1, 3, 6, 9, generator=generator), torch.randn(1, 2, 6, 9, generator=generator)
    found = warp(images, 4 * flow)
    for c, row, column in np.ndindex(3, 6, 9):
        x, y = column + 4 * flow[0, 0, row, column].item(), row + 4 * flow[0, 1, row, column].item()
        told = value_at(images[0, c].tolist(), x, y, "border")
        assert found[0, c, row, column] == pytest.approx(told, abs=1e-5)


def averaged(table):
    """A table [H][W] at half its resolution; an odd last row or column is left out."""
    rows, columns = range(0, len(table) - 1, 2), range(0, len(table[0]) - 1, 2)
    return [[sum(table[i + a][j + b] for a in (0, 1) for b in (0, 1)) / 4 for j in columns] for i in rows]


def test_correlations_beside_loops():
    height, width, levels, radius = 5, 9, 2, 1
    generator = torch.Generator().manual_seed(2)
    first, second = torch.randn(2, 2, 4, height, width, generator=generator)
    points = torch.rand(2, 2, 2, height, width, generator=generator) * 10 - 1
    found = Correlations(first, second, levels=levels, radius=radius).around(points[0], points[1])
    assert found.shape == (2, 2 * levels * 9, height, width)
    pairs = ((first, second, points[0]), (second, first, points[1]))
    for n, i, j in np.ndindex(2, height, width):
        told = []
        for here, there, where in pairs:
            dots = (torch.einsum("c,ckm->km", here[n, :, i, j], there[n]) / 4**0.5).tolist()
            x, y = where[n, :, i, j].tolist()
            for level in range(levels):
                for across in (-1, 0, 1):
                    for down in (-1, 0, 1):
                        told.append(value_at(dots, x / 2**level + across, y / 2**level + down, "zeros"))
                dots = averaged(dots)
        assert found[n, :, i, j].tolist() == pytest.approx(told, abs=1e-4)


def test_guesses_are_blended_and_combined_as_loops_do():
    generator = torch.Generator().manual_seed(3)
    first, second = torch.rand(2, 1, 3, 4, 5, generator=generator)
    flows = torch.randn(2, 1, 6, 4, 5, generator=generator)
    masks = torch.rand(1, 3, 4, 5, generator=generator)
    residues = torch.randn(1, 9, 4, 5, generator=generator)
    guesses = blended(first, second, *flows, masks, residues)
    weights = [1.0, -2.0, 3.0, 0.5, 0.0, -1.0, 2.0, 0.25, 4.0]
    found = combined(guesses, lambda all_: sum(w * all_[:, k : k + 1] for k, w in enumerate(weights)))
    for row, column in np.ndindex(4, 5):
        told = []
        for flow in range(3):
            share = masks[0, flow, row, column].item()
            for c in range(3):
                seen = [
                    value_at(
                        image[0, c].tolist(),
                        column + ahead[0, 2 * flow, row, column].item(),
                        row + ahead[0, 2 * flow + 1, row, column].item(),
                        "border",
                    )
                    for image, ahead in ((first, flows[0]), (second, flows[1]))
                ]
                rest = residues[0, 3 * flow + c, row, column].item()
                told.append(share * seen[0] + (1 - share) * seen[1] + rest)
        extra = sum(w * one for w, one in zip(weights, told, strict=True))
        for c in range(3):
            mean = (told[c] + told[3 + c] + told[6 + c]) / 3
            assert found[0, c, row, column] == pytest.approx(mean + extra, abs=1e-4)


def test_side_channels_alone_go_through_layers_of_their_own():
    block = SideResidual(6, 2)
    with torch.no_grad():
        for name, one in block.named_parameters():
            one.zero_()
            if name.endswith("0.weight") or name == "conv5.weight":
                one[:, :, 1, 1] = torch.eye(len(one)) * (10 if name[:5] in ("conv2", "conv4") else 1)
            elif one.ndim == 1 and not name.endswith("bias"):
                one.fill_(1)  # rectifiers bend nothing
    found = block(torch.ones(1, 6, 3, 3))[0, :, 1, 1].tolist()
    assert found == [2, 2, 2, 2, 101, 101]


@pytest.mark.parametrize(("side", "finite"), [(LEAST, True), (LEAST - MULTIPLE, False)])
def test_correlations_are_undefined_below_the_least_frames(side, finite):
    features = torch.rand(2, 1, 4, side // 8, 20, generator=torch.Generator().manual_seed(4))
    points = torch.full((1, 2, side // 8, 20), 2.5)
    found = Correlations(*features, levels=LEVELS, radius=RADIUS).around(points, points)
    assert bool(found.isfinite().all()) == finite


def test_weights_of_another_network_are_refused(tmp_path):
    tensors = waves()
    tensors["comb_block.3.weight"] = tensors.pop("comb_block.2.weight")
    with pytest.raises(GaiaJudgeError, match=r"some\.pth is not AMT-S: .*comb_block\.2\.weight"):
        load_interpolator(tensors, "some.pth")
