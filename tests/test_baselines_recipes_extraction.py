"""What the recipes look at: which frames, how large, and that nothing depends on batches."""

import math
import re
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from gaia_judge.baselines import (
    Setting,
    actionnets,
    bvqas,
    cores,
    dovers,
    fastvqas,
    i3ds,
    simplevqas,
    slowfasts,
    tsas,
    usdls,
    vsfas,
)
from gaia_judge.baselines.networks import fastvqas as assembled
from gaia_judge.baselines.networks import i3d as i3d_networks
from gaia_judge.baselines.networks import resnets as resnet_networks
from gaia_judge.baselines.networks import slowfasts as slowfast_networks
from gaia_judge.baselines.networks.convnexts import ConvNext3d
from gaia_judge.baselines.networks.heads import VqaHead
from gaia_judge.baselines.networks.i3d import I3d
from gaia_judge.baselines.networks.resnets import PooledResNet
from gaia_judge.baselines.networks.slowfasts import SlowFast
from gaia_judge.baselines.networks.swins import Swin3d
from gaia_judge.baselines.samplings import coloured, cropped, resized, shortened, spread
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.frames import Frames
from tests.networks import stirred

LENGTHS = (8, 16, 60, 103)
I3D_RECIPES = {"usdl": usdls.USDL, "core": cores.CORE, "tsa": tsas.TSA}


def shown(images, fps=8.0):
    """Frames as decoders give them."""
    total = len(images)
    return Frames(
        images=np.ascontiguousarray(images, np.uint8),
        seconds=np.arange(total) / fps,
        indices=np.arange(total),
        total=total,
        duration=total / fps,
        decoder="none",
    )


def numbered(total, fps=8.0, height=36, width=64):
    """Frames that are grey all over, as light as their number."""
    return shown(np.ones((total, height, width, 3)) * np.arange(total)[:, None, None, None], fps)


def noisy(total, fps=8.0, height=40, width=64):
    return shown(np.random.default_rng(0).integers(0, 256, (total, height, width, 3)), fps)


@pytest.mark.parametrize("total", LENGTHS)
@pytest.mark.parametrize("count", [16, 96, 103])
def test_frames_are_spread_from_the_first_to_the_last(total, count):
    expected = [math.floor((total - 1) * at / (count - 1) + 0.5) for at in range(count)]
    assert spread(total, count).tolist() == expected


def test_clips_of_103_frames_start_every_tenth_frame_and_end_with_the_video():
    found = i3ds.clips_at(103, 103, usdls.STARTS)
    assert found[:, 0].tolist() == [0, 10, 20, 30, 40, 50, 60, 70, 80, 87]
    assert found[:, -1].tolist() == [15, 25, 35, 45, 55, 65, 75, 85, 95, 102]
    assert i3ds.clips_at(103, 103, cores.STARTS)[-1].tolist() == list(range(86, 102))
    assert i3ds.clips_at(96, 96, tsas.STARTS)[:, 0].tolist() == [0, 10, 20, 30, 40, 50, 60, 70, 80]


def test_clips_of_eight_frames_show_each_again_and_again():
    found = i3ds.clips_at(8, 103, usdls.STARTS)
    # Position p of 103 shows frame 7 p / 102, rounded: frame 1 begins at 8, frame 2 at 22.
    assert found[0].tolist() == [0] * 8 + [1] * 8
    assert found[1].tolist() == [1] * 12 + [2] * 4
    assert found[-1].tolist() == [6] * 8 + [7] * 8


@pytest.mark.parametrize(
    ("total", "starts"),
    [
        (16, [0]),
        (17, [0, 1]),
        (60, [0, 8, 16, 24, 32, 40, 44]),
        (103, [0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 87]),
    ],
)
def test_action_net_reads_a_clip_every_eight_frames_and_the_last(total, starts):
    found = actionnets.windows(total)
    assert found[:, 0].tolist() == starts
    assert all(row.tolist() == list(range(row[0], row[0] + 16)) for row in found)


def test_action_net_repeats_frames_of_short_videos_and_takes_26_clips_of_long_ones():
    assert actionnets.windows(8).tolist() == [[at // 2 for at in range(16)]]
    long = actionnets.windows(1000)
    assert (len(long), long[0, 0], long[-1, -1]) == (26, 0, 999)


@pytest.mark.parametrize(
    ("total", "starts", "ends"),
    [
        (8, [0], [7]),
        (60, [0], [59]),
        (64, [0], [63]),
        (65, [0, 64], [63, 64]),
        (103, [0, 65], [63, 102]),  # of 39, 41, 43, ... and so on, 65 is the first that is new
        (128, [0, 64], [63, 127]),
    ],
)
def test_bvqa_sees_32_frames_of_each_64_and_keeps_what_is_new(total, starts, ends):
    found = bvqas.chunks(total)
    assert [int(places[rows[0]]) for places, rows in found] == starts
    assert [int(places[rows[-1]]) for places, rows in found] == ends
    for number, (places, rows) in enumerate(found):
        start, span = max(0, min(64 * (number + 1), total) - 64), min(64, total)
        assert places.tolist() == [start + math.floor((span - 1) * at / 31 + 1e-6) for at in range(32)]
        assert rows.tolist() == [at for at in range(32) if places[at] >= 64 * number]


@pytest.mark.parametrize(
    ("total", "fps", "starts"),
    [(8, 8, [0]), (8, 4, [0, 4]), (16, 30, [0]), (60, 24, [0, 24]), (103, 8, [8 * at for at in range(8)])],
)
def test_simplevqa_reads_each_whole_second_and_repeats_the_last_frame(total, fps, starts):
    found = simplevqas.seconds(total, fps)
    assert [row.tolist() for row in found] == [
        [min(start + at, total - 1) for at in range(32)] for start in starts
    ]


def test_dovers_aesthetic_branch_sees_one_frame_of_each_part():
    assert dovers.moments(8).tolist() == [0] * 32
    assert dovers.moments(60).tolist() == list(range(32))
    found = dovers.moments(320)
    assert all(10 * at <= one < 10 * at + 8 for at, one in enumerate(found))


def test_sizes_and_colours():
    images = torch.full((1, 30, 60, 3), 51, dtype=torch.uint8)
    assert resized(images, 20, 21).shape == (1, 3, 20, 21)
    assert shortened(images, 20).shape == (1, 3, 20, 40)
    assert shortened(images.transpose(1, 2), 20).shape == (1, 3, 40, 20)
    ramp = torch.arange(60.0).expand(1, 3, 30, 60)
    assert cropped(ramp, 10, 20)[0, 0, :, [0, -1]].unique().tolist() == [20, 39]
    assert cropped(ramp, 50, 50).shape == (1, 3, 30, 50)
    assert coloured(resized(images, 30, 60), "unit").unique().item() == pytest.approx(-0.6)
    red = coloured(resized(images, 30, 60), "imagenet")[0, :, 0, 0].tolist()
    assert red == pytest.approx([(0.2 - 0.485) / 0.229, (0.2 - 0.456) / 0.224, (0.2 - 0.406) / 0.225])


def test_resizing_is_pillows():
    from PIL import Image

    image = np.random.default_rng(0).integers(0, 256, (40, 64, 3), np.uint8)
    expected = np.asarray(Image.fromarray(image).resize((21, 17), Image.Resampling.BILINEAR), float)
    found = resized(torch.from_numpy(image)[None], 17, 21)[0].permute(1, 2, 0).numpy()
    assert np.abs(found - expected).max() <= 1  # Pillow rounds between its two passes


class Means:
    """In place of I3D: the mean of each colour in each frame."""

    def maps(self, clips):
        return clips.mean((3, 4), keepdim=True)


@pytest.mark.parametrize("name", I3D_RECIPES)
@pytest.mark.parametrize("total", LENGTHS)
def test_i3d_sees_the_frames_it_should(name, total):
    facts = I3D_RECIPES[name].recipe.extractor.facts
    found = i3ds.describe(Means(), "cpu", facts, numbered(total))
    numbers = i3ds.clips_at(total, facts["count"], facts["starts"]).mean(1)
    (array,) = found.values()
    means = torch.tensor([[0.485, 0.456, 0.406]]).numpy(), torch.tensor([[0.229, 0.224, 0.225]]).numpy()
    expected = (numbers[:, None] / 255 - means[0]) / means[1]
    assert np.allclose(array.reshape(len(numbers), 3), expected, atol=2e-3)


TINY = {
    "i3d": lambda: I3d(classes=0, thin=16),
    "resnet": lambda: PooledResNet((4,), (1, 1, 1, 1)),
    "resnet-234": lambda: PooledResNet((2, 3, 4), (1, 1, 1, 1)),
    "slowfast": lambda: SlowFast((1, 1, 1, 1), width=8, ratio=4, classes=0),
    "swin": lambda: Swin3d(width=8, depths=(1, 1, 1, 1), heads=(1, 1, 2, 2)),
    "convnext": lambda: ConvNext3d((4, 4, 8, 8), (1, 1, 1, 1)),
}


def tiny(name):
    """A random network whose normalisations have seen pictures, so that what it finds does not vanish."""
    torch.manual_seed(0)
    network = TINY[name]()
    run = getattr(network, "maps", network)
    with torch.no_grad():
        if name.startswith("resnet"):
            run(torch.randn(4, 3, 64, 64))
        elif name == "slowfast":
            run(torch.randn(2, 3, 2, 64, 64), torch.randn(2, 3, 8, 64, 64))
        elif name == "i3d":
            run(torch.randn(4, 3, 16, 64, 64))
    return network.eval()


def small_facts(name):
    size = {"size": [32, 40], "crop": 32}
    return {**I3D_RECIPES[name].recipe.extractor.facts, **size}


DESCRIBED = {
    "usdl": (
        lambda: partial(i3ds.describe, tiny("i3d"), "cpu", small_facts("usdl")),
        {"clips": ((10, 64), np.float32)},
    ),
    "tsa": (
        lambda: partial(i3ds.describe, tiny("i3d"), "cpu", small_facts("tsa")),
        {"maps": ((9, 64, 1), np.float16)},
    ),
    "action-net": (
        lambda: partial(actionnets.describe, tiny("i3d"), tiny("resnet"), "cpu"),
        {"clips": ((2, 64), np.float32), "images": ((2, 2048), np.float32)},
    ),
    "vsfa": (lambda: partial(vsfas.describe, tiny("resnet"), "cpu"), {"frames": ((17, 4096), np.float32)}),
    "bvqa": (
        lambda: partial(bvqas.describe, tiny("resnet"), tiny("slowfast"), "cpu"),
        {"frames": ((32, 4096 + 128), np.float32)},
    ),
    "simplevqa": (
        lambda: partial(simplevqas.describe, tiny("resnet-234"), tiny("slowfast"), "cpu"),
        {"space": ((2, 7168), np.float32), "motion": ((2, 256 + 64), np.float32)},
    ),
    "fast-vqa": (
        lambda: partial(fastvqas.describe, tiny("swin"), "cpu"),
        {"maps": ((4, 64, 7, 7), np.float16)},
    ),
    "dover": (
        lambda: partial(dovers.describe, tiny("swin"), tiny("convnext"), "cpu"),
        {"technical": ((3, 64, 7, 7), np.float16), "aesthetic": ((1, 8, 2, 2), np.float16)},
    ),
}


@pytest.fixture(autouse=True)
def smaller(monkeypatch):
    """Pictures and clips of a size for tests, where nothing but speed depends on it."""
    monkeypatch.setattr(actionnets, "SIDE", 32)
    monkeypatch.setattr(actionnets, "WIDE", 40)
    monkeypatch.setattr(fastvqas, "LENGTH", 4)
    monkeypatch.setattr(dovers, "SIDE", 64)
    for name, pixels in {"SHORT": 40, "CROP": 36, "MOTION_SIDE": 32}.items():
        monkeypatch.setattr(simplevqas, name, pixels)


@pytest.mark.parametrize("name", DESCRIBED)
def test_features_have_their_shapes_and_depend_on_no_batch(name, monkeypatch):
    load, shapes = DESCRIBED[name]
    function, frames = load(), noisy(17)
    found = function(frames)
    assert {key: (array.shape, array.dtype.type) for key, array in found.items()} == shapes
    assert all(np.isfinite(array).all() and array.std() > 0 for array in found.values())
    monkeypatch.setattr(i3ds, "BATCH", 1)
    monkeypatch.setattr(vsfas, "PIXELS", 1)
    function(noisy(9))  # another video before it changes nothing
    again = function(frames)
    for key, array in found.items():
        assert np.abs(again[key].astype(float) - array).max() <= 1e-5 * np.abs(array).max()


def test_fragments_of_frames_too_small_are_refused():
    with pytest.raises(GaiaJudgeError, match="smaller than a patch"):
        fastvqas.describe(tiny("swin"), "cpu", noisy(9, height=20))


def test_stills_of_action_net_are_one_per_second_as_shown_in_its_middle():
    still = SimpleNamespace(seen=[])

    def see(images):
        still.seen.append(images.mean().item() / 2 + 0.5)
        return torch.zeros(len(images), 8)

    actionnets.describe(Means(), see, "cpu", numbered(20, fps=8.0))
    # Two seconds and a half: two stretches (2.5 rounds to even), whose middles fall on frames 5 and 15.
    assert np.round(np.array(still.seen) * 255).tolist() == [5, 15]


def test_bvqa_joins_space_and_motion_of_the_same_frames():
    def space(images):
        return (images[:, :1, 0, 0] * 0.229 + 0.485) * 255

    def motion(slow, fast):
        return slow, (fast[:, :1] * 0.225 + 0.45) * 255

    found = bvqas.describe(space, motion, "cpu", numbered(103))["frames"]
    numbers = [one for places, rows in bvqas.chunks(103) for one in places[rows].tolist()]
    assert np.allclose(found[:, 0], numbers, atol=1e-3)
    assert np.allclose(found[:, 1], numbers, atol=1e-3)
    assert np.allclose(found[:, 2], 0, atol=1e-3)


def official_names(tensors, prefix=""):
    """Names as FAST-VQA's checkpoint spells those of a Swin."""
    found = {}
    for name, tensor in tensors.items():
        new = name.replace("mlp.0.", "mlp.fc1.").replace("mlp.3.", "mlp.fc2.")
        if match := re.match(r"features\.(\d)\.(.*)", new):
            stage, rest = int(match[1]), match[2]
            part = f"downsample.{rest}" if stage % 2 else f"blocks.{rest}"
            new = f"layers.{stage // 2}.{part}"
        found[prefix + new] = tensor
    return found


def branch(backbone):
    channels = 64 if isinstance(backbone, Swin3d) else 8
    return assembled.FastVqa(backbone, VqaHead(channels))


def written(folder, tensors):
    path = folder / "weights.safetensors"
    save_file({name: tensor.clone().contiguous() for name, tensor in tensors.items()}, path)
    return path


def test_fast_vqa_starts_from_kinetics_or_from_its_own_weights(tmp_path, monkeypatch):
    monkeypatch.setattr(assembled, "FastVqa", lambda real=assembled.FastVqa: real(tiny("swin"), VqaHead(64)))
    network = stirred(assembled.FastVqa())
    own = official_names(network.backbone.state_dict(), "fragments_backbone.")
    own |= {f"vqa_head.{name}": tensor for name, tensor in network.head.state_dict().items()}
    setting = Setting(weights={"fast-vqa": written(tmp_path, own)})
    loaded = fastvqas.load_backbone(setting).state_dict()
    assert all(torch.equal(loaded[name], one) for name, one in network.backbone.state_dict().items())
    kinetics = {
        name: one for name, one in network.backbone.state_dict().items() if "fragment_position" not in name
    }
    written(tmp_path, kinetics | {"head.weight": torch.zeros(400, 64), "head.bias": torch.zeros(400)})
    loaded = fastvqas.load_backbone(setting).state_dict()
    for name in kinetics:
        assert torch.equal(loaded[name], kinetics[name])
    tables = [name for name in loaded if "fragment_position" in name]
    assert len(tables) == 3
    assert all(torch.equal(loaded[name], kinetics[name.replace("fragment", "relative")]) for name in tables)


def test_dover_loads_both_branches(tmp_path, monkeypatch):
    real = assembled.Dover
    monkeypatch.setattr(assembled, "Dover", lambda: real(branch(TINY["swin"]()), branch(TINY["convnext"]())))
    network = stirred(assembled.Dover())
    own = official_names(network.technical.backbone.state_dict(), "technical_backbone.")
    for name, tensor in network.state_dict().items():
        if not name.startswith("technical.backbone."):
            own[name.replace(".", "_", 1)] = tensor
    setting = Setting(weights={"dover": written(tmp_path, own)})
    loaded = dovers.load(dovers.DOVER.recipe.extractor, setting)
    frames = noisy(9)
    expected = dovers.describe(network.technical.backbone, network.aesthetic.backbone, "cpu", frames)
    for name, array in loaded(frames).items():
        assert np.array_equal(array, expected[name])


def test_official_weights_load_where_they_belong(tmp_path, monkeypatch):
    small = {
        (i3d_networks, "I3d"): lambda classes, epsilon: I3d(classes, thin=16, epsilon=epsilon),
        (slowfast_networks, "SlowFast"): lambda classes: SlowFast((1, 1, 1, 1), 8, 4, classes),
        (resnet_networks, "PooledResNet"): lambda layers: PooledResNet(layers, (1, 1, 1, 1)),
    }
    for (module, name), build in small.items():
        monkeypatch.setattr(module, name, build)
    i3d = stirred(I3d(400, thin=16)).state_dict()
    network = i3ds.load_network(Setting(weights={"i3d": written(tmp_path, i3d)}), epsilon=1e-5)
    assert not network.training
    assert {one.eps for one in network.modules() if isinstance(one, torch.nn.BatchNorm3d)} == {1e-5}
    assert all(torch.equal(one, i3d[name]) for name, one in network.state_dict().items())
    slow = stirred(SlowFast((1, 1, 1, 1), 8, 4, 400)).state_dict()
    network = slowfasts.load_slowfast(Setting(weights={"slowfast-r50": written(tmp_path, slow)}))
    assert all(torch.equal(one, slow[name]) for name, one in network.state_dict().items())
    resnet = stirred(PooledResNet((4,), (1, 1, 1, 1))).state_dict()
    path = written(tmp_path, resnet | {"fc.weight": torch.zeros(1000, 2048), "fc.bias": torch.zeros(1000)})
    network = vsfas.load_pooled(Setting(weights={"resnet50": path}), layers=(2, 3, 4))
    assert network.layers == (2, 3, 4)
    assert all(torch.equal(one, resnet[name]) for name, one in network.state_dict().items())


METRICS = [
    usdls.USDL,
    cores.CORE,
    tsas.TSA,
    actionnets.ACTIONNET,
    vsfas.VSFA,
    bvqas.BVQA,
    simplevqas.SIMPLEVQA,
    fastvqas.FASTVQA,
    dovers.DOVER,
]


@pytest.mark.parametrize("metric", METRICS, ids=lambda one: one.name)
def test_features_are_filed_by_weights_and_by_settings(metric, tmp_path):
    extractor, keys = metric.recipe.extractor, set()
    for number in range(2):
        path = tmp_path / f"{number}"
        path.write_bytes(bytes([number]))
        for weights in extractor.weights:
            keys.add(extractor.key(Setting(weights={weights.name: path})))
    keys.add(extractor.key(Setting()))
    for name in extractor.facts:
        keys.add(replace(extractor, facts={**extractor.facts, name: -1}).key(Setting()))
    assert len(keys) == 2 * len(extractor.weights) + 1 + len(extractor.facts)


def test_no_two_recipes_share_features_but_those_of_usdl():
    keys = {metric.recipe.extractor.key(Setting()) for metric in METRICS}
    assert len(keys) == len(METRICS)
    assert usdls.USDL.recipe.extractor == usdls.USDL_EXPECTED.recipe.extractor
