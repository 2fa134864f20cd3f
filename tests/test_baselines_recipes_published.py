"""Settings of the recipes as they are published, each with the file of its authors' that says so."""

import inspect

import pytest

from gaia_judge.baselines import (
    actionnets,
    bvqas,
    cores,
    dovers,
    exemplars,
    fastvqas,
    i3ds,
    simplevqas,
    slowfasts,
    tsas,
    usdls,
    vsfas,
)
from gaia_judge.baselines.networks import distributions, fragments, poolings
from gaia_judge.baselines.trainings import Training

TRAININGS = {
    # lidq92/VSFA at b78751b, VSFA.py: a step is a tenth of the epochs.
    "vsfa": (vsfas.VSFA, Training(epochs=2000, batch=16, rate=1e-5, factor=0.8, step=200)),
    # zwx8981/TCSVT-2022-BVQA at 301fdf5, main.py: a step is a twentieth of the epochs.
    "bvqa": (bvqas.BVQA, Training(epochs=40, batch=32, rate=5e-4, factor=0.8, step=2)),
    # sunwei925/SimpleVQA at 757de37, train.py, its defaults; train.sh has 0.9 for 0.95.
    "simplevqa": (
        simplevqas.SIMPLEVQA,
        Training(epochs=10, batch=8, rate=1e-5, weight_decay=1e-7, factor=0.95, step=2),
    ),
    # VQAssessment/FAST-VQA-and-FasterVQA at 0f13ef9, options/fast/fast-b.yml, and new_train.py for the
    # decay of the average.
    "fast-vqa": (
        fastvqas.FASTVQA,
        Training(
            epochs=30,
            batch=16,
            rate=1e-3,
            optimiser="adamw",
            weight_decay=0.05,
            warmup=2.5,
            cosine=True,
            average=0.999,
        ),
    ),
    # VQAssessment/DOVER at 28fadf9, dover.yml: epochs of heads alone.
    "dover": (
        dovers.DOVER,
        Training(
            epochs=10,
            batch=8,
            rate=1e-3,
            optimiser="adamw",
            weight_decay=0.05,
            warmup=2.5,
            cosine=True,
            average=0.999,
        ),
    ),
    # nzl-thu/MUSDL at 274ad6b, MTL-AQA: config.py, and run.sh for no weight decay.
    "usdl": (usdls.USDL, Training(epochs=100, batch=4, rate=1e-4)),
    "usdl-expected": (usdls.USDL_EXPECTED, Training(epochs=100, batch=4, rate=1e-4)),
    # qinghuannn/ACTION-NET at 61c57db, conf.py: 300 to 500 epochs, 400 for one of the four apparatuses.
    "action-net": (
        actionnets.ACTIONNET,
        Training(epochs=400, batch=32, rate=0.01, optimiser="sgd", momentum=0.9, weight_decay=1e-4),
    ),
    # yuxumin/CoRe at 0fdb37e, configs/Seven_CoRe.yaml: two pairs, gradients of two batches summed.
    "core": (cores.CORE, Training(epochs=200, batch=4, rate=1e-3)),
    # xujinglin/FineDiving at aab7ca2, FineDiving_TSA.yaml.
    "tsa": (tsas.TSA, Training(epochs=200, batch=8, rate=1e-3)),
}


@pytest.mark.parametrize("name", TRAININGS)
def test_trainings_are_the_published_ones(name):
    metric, expected = TRAININGS[name]
    assert metric.recipe.learner.training == expected
    assert metric.name == name


TENS = [0, 10, 20, 30, 40, 50, 60, 70, 80]
EXTRACTION = {
    "vsfa": (vsfas.VSFA, {}),
    "bvqa": (bvqas.BVQA, {"chunk": 64}),
    "simplevqa": (simplevqas.SIMPLEVQA, {"short": 520, "crop": 448, "motion": 224, "seconds": 8}),
    "fast-vqa": (fastvqas.FASTVQA, {"length": 32, "interval": 2, "clips": 4, "seed": 0}),
    "dover": (dovers.DOVER, {"length": 32, "interval": 2, "clips": 3, "side": 224, "seed": 0}),
    "usdl": (
        usdls.USDL,
        {
            "count": 103,
            "starts": [*TENS, 87],
            "size": [256, 455],
            "crop": 224,
            "epsilon": 1e-3,
            "keeps": "features",
        },
    ),
    "core": (
        cores.CORE,
        {
            "count": 103,
            "starts": [*TENS, 86],
            "size": [256, 455],
            "crop": 224,
            "epsilon": 1e-5,
            "keeps": "features",
        },
    ),
    "tsa": (
        tsas.TSA,
        {"count": 96, "starts": TENS, "size": [112, 200], "crop": 112, "epsilon": 1e-5, "keeps": "maps"},
    ),
    "action-net": (actionnets.ACTIONNET, {"clips": 26, "images": 80, "step": 8}),
}
"""From the same: opts.py of MUSDL, dover.yml, conf.py of ACTION-NET, ... Its step and all seeds are ours."""


@pytest.mark.parametrize("name", EXTRACTION)
def test_videos_are_looked_at_as_published(name):
    metric, expected = EXTRACTION[name]
    assert metric.recipe.extractor.facts == expected
    assert metric.recipe.extractor.frames.every


def defaults(function):
    return {
        name: one.default
        for name, one in inspect.signature(function).parameters.items()
        if one.default is not one.empty
    }


CONSTANTS = [
    # What, here, as published, where.
    ("frames of an I3D clip", i3ds.LENGTH, 16),  # in all four metrics of action quality
    ("frames of SlowFast's fast path", slowfasts.FRAMES, 32),  # SlowFast-R50 8x8 on Kinetics
    ("exemplars", exemplars.COUNT, 10),  # Seven_CoRe.yaml and FineDiving_TSA.yaml: voter_number
    ("theta of CoRe", exemplars.HIGHEST, 100.0),  # Seven_CoRe.yaml: score_range
    ("levels of USDL", usdls.HIGHEST, 100.0),  # opts.py of MUSDL: output_dim 101
    ("weight of ranks", fastvqas.RANK, 0.3),  # FAST-VQA's new_train.py at e4143db
    ("clip of ACTION-NET, high", actionnets.SIDE, 224),  # ACTION-NET's extract_dynamic_feat.py
    ("clip of ACTION-NET, wide", actionnets.WIDE, 300),
    ("memory of frames", defaults(poolings.hysteresis), {"lengths": None, "tau": 12, "beta": 0.5}),
    ("memory of VSFA", defaults(poolings.temporal_pooling), {"lengths": None, "tau": 12, "beta": 0.5}),
    (
        "target of USDL",
        defaults(distributions.score_distributions),
        {"highest": 100.0, "levels": 101, "sigma": 5.0},
    ),
    ("fragments", defaults(fragments.places)["grid"], 7),  # fast-b.yml: fragments_h
    ("size of fragments", defaults(fragments.places)["side"], 32),
    ("mean of colours", fragments.MEAN, (123.675, 116.28, 103.53)),  # ImageNet's times 255
    ("deviation of colours", fragments.DEVIATION, (58.395, 57.12, 57.375)),
]


@pytest.mark.parametrize(
    ("here", "published"), [row[1:] for row in CONSTANTS], ids=[row[0] for row in CONSTANTS]
)
def test_constants_are_the_published_ones(here, published):
    assert here == published
