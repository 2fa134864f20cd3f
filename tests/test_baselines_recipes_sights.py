"""What networks are shown of frames whose colours tell the place: which part, how large, on which scale."""

from functools import partial

import numpy as np
import pytest
import torch

from gaia_judge.baselines import (
    Setting,
    actionnets,
    bvqas,
    cores,
    dovers,
    fastvqas,
    i3ds,
    simplevqas,
    tsas,
    usdls,
    vsfas,
)
from gaia_judge.baselines.networks import i3d as i3d_networks
from gaia_judge.baselines.networks import resnets as resnet_networks
from gaia_judge.baselines.networks import slowfasts as slowfast_networks
from gaia_judge.baselines.networks.i3d import I3d
from gaia_judge.baselines.networks.resnets import PooledResNet
from gaia_judge.baselines.networks.slowfasts import SlowFast
from gaia_judge.frames import Frames
from tests.networks import stirred
from tests.test_baselines_recipes_extraction import written

HEIGHT, WIDTH, BLUE = 320, 512, 30
SCALES = {
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "kinetics": ((0.45, 0.45, 0.45), (0.225, 0.225, 0.225)),
    "unit": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
}
"""Mean and deviation of red, green and blue: ImageNet's, SlowFast's (card 15), and from -1 to 1."""


def frames(total, fps=8.0):
    """Frames that grow redder to the right and greener to the bottom, all a bit blue."""
    images = np.empty((total, HEIGHT, WIDTH, 3), np.uint8)
    images[..., 0] = 256 * (np.arange(WIDTH) + 0.5) / WIDTH
    images[..., 1] = (256 * (np.arange(HEIGHT) + 0.5) / HEIGHT)[:, None]
    images[..., 2] = BLUE
    return Frames(
        images=images,
        seconds=np.arange(total) / fps,
        indices=np.arange(total),
        total=total,
        duration=total / fps,
        decoder="none",
    )


class Watching:
    """Any network: keeps what it is shown by name, as images of shape [N, 3, H, W]."""

    def __init__(self):
        self.seen = {}

    def as_image(self, name):
        def see(images):
            self.keep(name, images)
            return torch.zeros(len(images), 8)

        return see

    def as_pair(self, slow, fast):
        self.keep("motion", fast)
        return torch.zeros(1, 4, *slow.shape[2:]), torch.zeros(1, 4, *fast.shape[2:])

    def as_maps(self, name):
        def see(clips):
            self.keep(name, clips)
            return torch.zeros(len(clips), 4, 2, 1, 1)

        see.maps = see
        return see

    def keep(self, name, shown):
        images = shown.transpose(1, 2).flatten(0, 1) if shown.ndim == 5 else shown
        self.seen.setdefault(name, []).append(images)


def clips(metric, watch):
    return partial(i3ds.describe, watch.as_maps("clips"), "cpu", metric.recipe.extractor.facts)


DESCRIBE = {
    "vsfa": lambda watch: partial(vsfas.describe, watch.as_image("images"), "cpu"),
    "bvqa": lambda watch: partial(bvqas.describe, watch.as_image("space"), watch.as_pair, "cpu"),
    "simplevqa": lambda watch: partial(simplevqas.describe, watch.as_image("space"), watch.as_pair, "cpu"),
    "usdl": lambda watch: clips(usdls.USDL, watch),
    "core": lambda watch: clips(cores.CORE, watch),
    "tsa": lambda watch: clips(tsas.TSA, watch),
    "action-net": lambda watch: partial(
        actionnets.describe, watch.as_maps("clips"), watch.as_image("images"), "cpu"
    ),
    "fast-vqa": lambda watch: partial(fastvqas.describe, watch.as_maps("clips"), "cpu"),
    "dover": lambda watch: partial(
        dovers.describe, watch.as_maps("technical"), watch.as_maps("aesthetic"), "cpu"
    ),
}

WHOLE = (0, 1)
SHOWN = [
    # metric, what, scale, number, (height, width), and from where to where across and down
    ("vsfa", "images", "imagenet", 17, (320, 512), WHOLE, WHOLE),
    ("bvqa", "space", "imagenet", 17, (320, 512), WHOLE, WHOLE),  # each of the 17 once
    ("bvqa", "motion", "kinetics", 32, (320, 512), WHOLE, WHOLE),
    # The short side becomes 520, so the long one 832; 448 of each.
    ("simplevqa", "space", "imagenet", 2, (448, 448), (192 / 832, 640 / 832), (36 / 520, 484 / 520)),
    ("simplevqa", "motion", "kinetics", 2 * 32, (224, 224), WHOLE, WHOLE),
    # 455x256, of which 224 from column 115 and row 16 on.
    ("usdl", "clips", "imagenet", 10 * 16, (224, 224), (115 / 455, 339 / 455), (16 / 256, 240 / 256)),
    ("core", "clips", "imagenet", 10 * 16, (224, 224), (115 / 455, 339 / 455), (16 / 256, 240 / 256)),
    ("tsa", "clips", "imagenet", 9 * 16, (112, 112), (44 / 200, 156 / 200), WHOLE),
    # 358x224; of clips the middle 300 is squeezed, of images the middle 224 taken.
    ("action-net", "clips", "unit", 2 * 16, (224, 224), (29 / 358, 329 / 358), WHOLE),
    ("action-net", "images", "unit", 2, (224, 224), (67 / 358, 291 / 358), WHOLE),
    ("fast-vqa", "clips", "imagenet", 4 * 32, (224, 224), None, None),
    ("dover", "technical", "imagenet", 3 * 32, (224, 224), None, None),
    ("dover", "aesthetic", "imagenet", 32, (224, 224), WHOLE, WHOLE),
]


@pytest.mark.parametrize(
    ("name", "what", "scale", "count", "size", "across", "down"),
    SHOWN,
    ids=[f"{name}-{what}" for name, what, *_ in SHOWN],
)
def test_networks_see_this_part_at_this_size_in_these_colours(name, what, scale, count, size, across, down):
    watch = Watching()
    DESCRIBE[name](watch)(frames(17))
    images = torch.cat(watch.seen[what])
    assert images.shape == (count, 3, *size)
    mean, deviation = (torch.tensor(one)[:, None, None] for one in SCALES[scale])
    red, green, blue = ((images * deviation + mean) * 255).unbind(1)
    assert (blue - BLUE).abs().max() < 0.01
    if across is None:  # fragments, which lie anywhere
        assert red.min() < 64 < 192 < red.max()
        assert green.min() < 64 < 192 < green.max()
        return
    for found, axis, (start, end) in ((red, 2, across), (green, 1, down)):
        length = size[axis - 1]
        steps = (torch.arange(length) + 0.5) / length
        expected = 256 * (start + (end - start) * steps) - 0.5  # bytes were cut to whole numbers
        along = found.mean(dim=(0, 3 - axis))
        edge = length // 50 + 1  # where smoothing sees the border
        inner = slice(edge, -edge)
        assert (along - expected)[inner].abs().max() < 1


@pytest.mark.parametrize("name", ["fast-vqa", "dover"])
def test_patches_stand_in_their_cells_and_are_not_resized(name):
    watch = Watching()
    DESCRIBE[name](watch)(frames(17))
    images = torch.cat(watch.seen["clips" if name == "fast-vqa" else "technical"])
    red, green = (
        (images[:, at] * SCALES["imagenet"][1][at] + SCALES["imagenet"][0][at]) * 255 for at in (0, 1)
    )
    for patch in range(7):
        place = slice(32 * patch, 32 * patch + 32)
        for found, length, step in (
            (red[:, :, place], WIDTH, (0, 0, 1)),
            (green[:, place], HEIGHT, (0, 1, 0)),
        ):
            cell = length // 7
            low, high = 256 * cell * patch / length, 256 * cell * (patch + 1) / length
            assert low - 1.5 <= found.min() <= found.max() <= high + 1.5
            span = found[0, 31 * step[1], 31 * step[2]] - found[0, 0, 0]
            assert span == pytest.approx(31 * 256 / length, abs=1.01)


def test_simplevqa_sees_the_first_frame_of_each_second_and_all_that_move_after():
    watch, given = Watching(), frames(20)
    given.images[..., 2] = np.arange(20)[:, None, None]
    DESCRIBE["simplevqa"](watch)(given)
    blue = {name: torch.cat(found)[:, 2] for name, found in watch.seen.items()}
    stills = (blue["space"].mean((1, 2)) * 0.225 + 0.406) * 255
    moving = (blue["motion"].mean((1, 2)) * 0.225 + 0.45) * 255
    assert stills.round().tolist() == [0, 8]
    assert moving.round().tolist() == [min(start + at, 19) for start in (0, 8) for at in range(32)]


def test_the_paths_of_slowfast_are_eight_frames_and_all_of_them():
    found = []
    numbered = torch.arange(32.0)[:, None, None, None].expand(32, 3, 4, 4)

    def network(slow, fast):
        found.extend((slow[0, 0, :, 0, 0].tolist(), fast[0, 0, :, 0, 0].tolist()))
        return slow, fast

    simplevqas.both_paths(network, numbered)
    # Eight from the first to the last, cut to whole numbers.
    assert found == [[0, 4, 8, 13, 17, 22, 26, 31], list(range(32))]


SMALL = {
    "i3d": (i3d_networks, "I3d", lambda classes, epsilon: I3d(classes, thin=16, epsilon=epsilon)),
    "resnet50": (resnet_networks, "PooledResNet", lambda layers: PooledResNet(layers, (1, 1, 1, 1))),
    "slowfast-r50": (slowfast_networks, "SlowFast", lambda classes: SlowFast((1, 1, 1, 1), 8, 4, classes)),
}
BUILT = {
    "i3d": lambda: I3d(400, thin=16),
    "resnet50": lambda: PooledResNet((4,), (1, 1, 1, 1)),
    "slowfast-r50": lambda: SlowFast((1, 1, 1, 1), 8, 4, 400),
}

LAYERS = {
    "vsfa": (vsfas.VSFA, (4,), None),
    "bvqa": (bvqas.BVQA, (4,), None),
    "simplevqa": (simplevqas.SIMPLEVQA, (2, 3, 4), None),
    "action-net": (actionnets.ACTIONNET, (4,), 1e-5),
    "usdl": (usdls.USDL, None, 1e-3),
    "core": (cores.CORE, None, 1e-5),
    "tsa": (tsas.TSA, None, 1e-5),
}
"""Of ResNet-50, whose maps are looked at, and what I3D's normalisations add to variances."""


@pytest.mark.parametrize("name", LAYERS)
def test_what_is_loaded_looks_at_these_layers(name, tmp_path, monkeypatch):
    metric, layers, epsilon = LAYERS[name]
    made = []
    weights = {}
    for one in metric.recipe.extractor.weights:
        module, attribute, build = SMALL[one.name]
        monkeypatch.setattr(
            module, attribute, lambda *a, build=build, **k: made.append(build(*a, **k)) or made[-1]
        )
        folder = tmp_path / one.name
        folder.mkdir()
        tensors = stirred(BUILT[one.name]()).state_dict()
        if one.name == "resnet50":
            tensors |= {"fc.weight": torch.zeros(1000, 2048), "fc.bias": torch.zeros(1000)}
        weights[one.name] = written(folder, tensors)
    metric.recipe.extractor.load(metric.recipe.extractor, Setting(weights=weights))
    assert {one.layers for one in made if isinstance(one, PooledResNet)} == ({layers} if layers else set())
    norms = [one for network in made if isinstance(network, I3d) for one in network.modules()]
    assert {one.eps for one in norms if hasattr(one, "eps")} == ({epsilon} if epsilon else set())
    assert len(made) == len(weights)
    assert not any(one.training for one in made)
