"""Weights of UMT and VideoMAE V2 in transformers' network: names, shapes, positions, logits.

``tests/data/umt-l16.keys`` lists the state dict of vit_large_patch16_224 in VBench at 45e79ec (as
human_action.py builds it), ``videomae-v2-b16.keys`` that of the recogniser in mmaction2 at 4d6c934.
"""

import math
from pathlib import Path

import pytest
import torch

from gaia_judge.baselines.videomaes import load_recogniser, make_positions, read_config, rename
from gaia_judge.errors import GaiaJudgeError
from tests.recognisers import WIDTH, as_mmaction, make_state, plain_logits

DATA = Path(__file__).with_name("data")
SIZES = {
    "umt-l16.keys": {
        "num_hidden_layers": 24,
        "num_attention_heads": 16,
        "hidden_size": 1024,
        "tubelet_size": 1,
    },
    "videomae-v2-b16.keys": {
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
        "hidden_size": 768,
        "tubelet_size": 2,
    },
}
COMMON = {"num_labels": 400, "patch_size": 16, "num_frames": 16, "image_size": 224, "layer_norm_eps": 1e-6}


def read_keys(name):
    lines = (line.split() for line in (DATA / name).read_text(encoding="utf-8").splitlines())
    return {key: torch.empty([int(one) for one in shape.split("x")], device="meta") for key, shape in lines}


@pytest.mark.parametrize("name", SIZES)
def test_upstream_tensors_fill_every_parameter_and_none_is_left(name):
    upstream = read_keys(name)
    model = load_recogniser(upstream, device="meta")
    assert {key: getattr(model.config, key) for key in SIZES[name]} == SIZES[name]
    assert {key: getattr(model.config, key) for key in COMMON} == COMMON
    wanted = {key: tensor.shape for key, tensor in model.named_parameters()}
    assert {key: tensor.shape for key, tensor in rename(upstream).items()} == wanted
    (positions,) = (tensor for key, tensor in upstream.items() if key.endswith("pos_embed"))
    assert model.videomae.embeddings.position_embeddings is not None
    assert model.videomae.embeddings.position_embeddings.shape == positions.shape
    used = sum(tensor.numel() for key, tensor in upstream.items() if not key.endswith("pos_embed"))
    assert sum(tensor.numel() for tensor in model.parameters()) == used > 80e6


def test_a_tensor_too_few_or_too_many_or_of_another_shape_is_refused():
    state = make_state()
    load_recogniser(state)
    for key in state:
        if key != "pos_embed":
            with pytest.raises(GaiaJudgeError, match="not those of UMT"):
                load_recogniser({other: tensor for other, tensor in state.items() if other != key})
    with pytest.raises(GaiaJudgeError, match="gamma_1"):
        load_recogniser(state | {"blocks.0.gamma_1": torch.zeros(1)})
    with pytest.raises(GaiaJudgeError, match="positions"):
        load_recogniser(state | {"pos_embed": torch.zeros(1, 7, WIDTH)})
    with pytest.raises(GaiaJudgeError, match="fc_norm"):
        load_recogniser(state | {"fc_norm.weight": torch.zeros(7)})


@pytest.mark.parametrize("scale", [1.0, 0.002])
@pytest.mark.parametrize("tubelet", [1, 2])
@pytest.mark.parametrize(
    "wrap", [lambda state: state, lambda state: {"epoch": 3, "model": state}, as_mmaction]
)
def test_logits_equal_a_plain_forward_pass(tubelet, wrap, scale):
    state = make_state(seed=tubelet, tubelet=tubelet, labels=7, scale=scale)
    pixels = torch.randn(2, 16, 3, 224, 224, generator=torch.Generator().manual_seed(5))
    model = load_recogniser(wrap(state))
    with torch.inference_mode():
        found = model(pixels).logits
    wanted = torch.stack([plain_logits(state, clip) for clip in pixels])
    assert (wanted[0] - wanted[1]).abs().max() > 0.01  # the networks look at their input
    torch.testing.assert_close(found.double(), wanted, rtol=1e-4, atol=1e-4)


def test_half_precision_files_are_computed_in_single():
    model = load_recogniser({name: tensor.half() for name, tensor in make_state().items()})
    assert {tensor.dtype for tensor in model.parameters()} == {torch.float32}


@pytest.mark.parametrize(("tubelet", "depth"), [(1, 16), (2, 8)])
def test_positions_that_the_file_lacks_are_waves_stretched_in_time(tubelet, depth):
    state = {name: tensor for name, tensor in make_state(tubelet=tubelet).items() if name != "pos_embed"}
    found = make_positions(read_config(state))
    assert found.shape == (1, depth * 16, WIDTH)

    def wave(position, column):
        angle = position / 10000 ** (2 * (column // 2) / WIDTH)
        return math.cos(angle) if column % 2 else math.sin(angle)

    for time in range(depth):
        moment = min(max((time + 0.5) * 8 / depth - 0.5, 0), 7)  # of eight frames, half pixels aligned
        early, late = math.floor(moment), min(math.floor(moment) + 1, 7)
        for patch in (0, 5, 15):
            for column in (0, 1, 2, 63, 127):
                ends = wave(early * 16 + patch, column), wave(late * 16 + patch, column)
                wanted = ends[0] + (moment - early) * (ends[1] - ends[0])
                assert found[0, time * 16 + patch, column].item() == pytest.approx(wanted, abs=1e-6)
    model = load_recogniser(state)
    torch.testing.assert_close(model.videomae.embeddings.position_embeddings, found)


@pytest.mark.parametrize("found", [{}, {"head.bias": torch.zeros(3)}, {"model": {"a": 1}}])
def test_other_files_are_refused(found):
    with pytest.raises(GaiaJudgeError, match="not those of UMT or VideoMAE V2"):
        load_recogniser(found)
