"""The synthetic world: what defects do to quality and to pixels, who generates, who rates."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import skew, spearmanr

from gaia_judge.synthetic.actions import ACTIONS
from gaia_judge.synthetic.benchmarks import pick_actions, plan_clips
from gaia_judge.synthetic.defects import DIMENSIONS, KINDS, Defect, applicable, qualities
from gaia_judge.synthetic.encoders import render
from gaia_judge.synthetic.generators import NAMES, chance_of, sample_generators
from gaia_judge.synthetic.plans import sample_plan
from gaia_judge.synthetic.poses import course
from gaia_judge.synthetic.raters import sample_raters, sample_votes
from gaia_judge.synthetic.scenes import Scene
from gaia_judge.synthetic.sheets import EXAMPLES, MOMENTS, SEAM, SEVERITIES, corner, defect_sheet, example


@pytest.mark.parametrize("name", KINDS)
def test_a_graver_defect_lowers_the_quality_of_its_dimension_and_raises_none(name):
    truths = [qualities([Defect(name, severity)] if severity else []) for severity in (0, 0.25, 0.5, 0.75, 1)]
    own = [truth[KINDS[name].dimension] for truth in truths]
    assert all(better > worse for better, worse in pairwise(own))
    for dimension in DIMENSIONS:
        assert all(before[dimension] >= after[dimension] for before, after in pairwise(truths))


def test_premises_bear_on_conclusions_but_not_the_other_way():
    assert qualities([Defect("melting", 0.8)])["interaction"] < qualities([])["interaction"]
    assert qualities([Defect("cut short", 0.8)])["interaction"] < qualities([])["interaction"]
    assert qualities([Defect("no contact", 0.8)])["subject"] == 1


def looks(action, defects):
    """Return all frames of a small clip; the same but for its defects, whatever they are."""
    plan = sample_plan(np.random.default_rng(4), action, defects, (72, 48), (16, 8.0))
    return np.stack(list(render(plan))).astype(int)


def shown(name):
    """Return a few actions of each subset in which a defect can be seen."""
    actions = [action for action in ACTIONS if name in applicable(KINDS[name].dimension, action)]
    for subset in sorted({action.subset for action in actions}):
        own = [action for action in actions if action.subset == subset]
        yield from own[:: max(1, len(own) // 3)]


def difference(name, severity):
    """Return by action how far all pixels are from those of the sound clip, in grey levels of 255."""
    defects = [Defect(name, severity)]
    return np.array([np.abs(looks(action, defects) - looks(action, [])).mean() for action in shown(name)])


SEEN = 0.4
"""Grey levels that a grave defect changes at least, all pixels of all frames taken together."""

STEPPED = ("melting", "blur", "cut short")
"""Defects of which the slightest trace is seen: a pixel of sag, a fixed share of the blur, and a clip that
ends when the movement does instead of standing still after it."""


@pytest.mark.parametrize("name", KINDS)
def test_a_defect_is_seen_the_better_the_graver_it_is(name):
    differences = [difference(name, severity) for severity in (1e-6, 0.2, 0.5, 0.8, 1.0)]
    means = [each.mean() for each in differences]
    assert all(milder < graver for milder, graver in pairwise(means)), means
    once = [not course(action).sway for action in shown(name)]  # what repeats may look alike by chance
    assert (differences[1] < differences[3])[once].all()
    assert means[3] > SEEN
    assert name in STEPPED or means[0] < SEEN


@pytest.mark.parametrize(
    "name", ["flicker", "too small", "looping", "passing through", "floating", "sliding"]
)
def test_a_defect_that_begins_without_a_step_cannot_be_seen_at_first(name):
    assert difference(name, 1e-6).max() < 0.01


def test_a_mild_loop_shows_in_eight_frames():
    """At 0.3 the last three of eight frames show the movement after it has started over, without its end."""
    for action in shown("looping"):
        plan = sample_plan(np.random.default_rng(4), action, [Defect("looping", 0.3)], (72, 48), (8, 4.0))
        both = (Scene(one) for one in (plan, replace(plan, defects=())))
        looped, sound = ([scene.moment(index).progress for index in range(8)] for scene in both)
        assert looped[:5] == sound[:5]
        assert looped[5] < 0.1 < sound[5]
        assert course(action).sway or max(looped[5:]) < 0.8 < sound[-1]


def test_the_sheet_shows_every_defect_in_an_action_where_it_applies():
    assert list(EXAMPLES) == list(KINDS)
    assert all(name in applicable(kind.dimension, example(name)) for name, kind in KINDS.items())


def test_rows_of_the_sheet_get_worse_from_left_to_right():
    """As its pixels have it: each strip is further from the sound one than the strip before."""
    height = 48
    sheet = np.asarray(defect_sheet(height)).astype(int)
    for row, name in enumerate(KINDS):
        strips = []
        for column in range(len(SEVERITIES)):
            left, top = corner(row, column, height)
            strips.append(sheet[top : top + height, left : left + len(MOMENTS) * (height + SEAM)])
        distances = [np.abs(strip - strips[0]).mean() for strip in strips]
        assert all(before < after for before, after in pairwise(distances)), name
        steps = [np.abs(after - before).max(axis=-1) > 24 for before, after in pairwise(strips)]
        assert min(step.mean() for step in steps) > 0.002, f"{name}: two severities look alike"


def test_generators_have_their_names_at_any_seed_and_skills_of_their_own():
    first, second = sample_generators(18, 0), sample_generators(18, 1)
    assert [(one.name, one.year) for one in first] == list(NAMES) == [(two.name, two.year) for two in second]
    assert all(one.skills != two.skills for one, two in zip(first, second, strict=True))
    assert len({one.name for one in sample_generators(40, 0)}) == 40
    assert [one.name for one in sample_generators(2, 0)] == [NAMES[0][0], NAMES[-1][0]]


@pytest.mark.parametrize("seed", range(3))
def test_later_generators_are_better_and_all_are_best_at_the_subject(seed):
    generators = sample_generators(18, seed)
    skills = np.array([list(one.skills.values()) for one in generators])
    years = [one.year for one in generators]
    assert all(spearmanr(years, column).statistic > 0.7 for column in skills.T)
    assert all(skills[:, 0].mean() > skills[:, other].mean() + 0.05 for other in (1, 2))


@pytest.mark.parametrize("seed", range(3))
def test_the_format_of_a_generator_does_not_tell_its_skill(seed):
    generators = sample_generators(18, seed)
    skills = np.array([list(one.skills.values()) for one in generators])
    facts = [(g.size[0] * g.size[1], g.size[0] / g.size[1], g.timing[0], g.timing[1]) for g in generators]
    assert len({g.size for g in generators}) > 5
    assert min(g.timing[0] for g in generators) == 8
    assert np.abs(np.corrcoef(np.array(facts).T, skills.T)[:4, 4:]).max() < 0.3


def whole(seed):
    """Return clips, votes and raters of a full benchmark, undrawn."""
    clips = plan_clips(sample_generators(18, seed), pick_actions(ACTIONS, 60, seed), seed, tuple(KINDS))
    truth = np.array([[clip.plan.truth[name] for name in DIMENSIONS] for clip in clips])
    chance = chance_of(seed, "raters")
    raters = sample_raters(chance, 54)
    return clips, truth, sample_votes(chance, raters, truth), raters


@pytest.fixture(scope="module")
def benchmark():
    return whole(0)


def test_scores_follow_the_truth_and_lean_to_the_left(benchmark):
    clips, truth, votes, _ = benchmark
    mos = votes.mos()
    assert all(spearmanr(mos[:, k], truth[:, k]).statistic > 0.94 for k in range(3))
    assert (skew(mos) < -0.2).all()
    names = np.array([clip.generator.name for clip in clips])
    leaning = np.array([skew(mos[names == name]) < 0 for name, _ in NAMES])
    assert (leaning.mean(axis=0) > 0.5).all()
    assert leaning.mean() > 0.7
    assert mos[:, 0].mean() > mos[:, 1:].mean(axis=0).max() + 3


def test_generators_explain_a_part_of_the_scores_only(benchmark):
    clips, _, votes, _ = benchmark
    mos = votes.mos()
    names = np.array([clip.generator.name for clip in clips])
    means = np.array([mos[names == name].mean(axis=0) for name, _ in NAMES])
    explained = means.var(axis=0) / mos.var(axis=0)
    assert ((explained > 0.1) & (explained < 0.4)).all()


def test_style_does_not_tell_quality(benchmark):
    clips, truth, _, _ = benchmark
    styles = [clip.plan.style for clip in clips]
    facts = {
        "brightness": [sum(style.paints["wall"]) for style in styles],
        "striped": [style.background == "stripes" for style in styles],
        "scale": [style.scale for style in styles],
        "place": [abs(style.offset) for style in styles],
        "start": [clip.plan.start for clip in clips],
        "pixels": [clip.plan.width * clip.plan.height for clip in clips],
        "frames": [clip.plan.frames for clip in clips],
        "rate": [clip.plan.fps for clip in clips],
    }
    for name, fact in facts.items():
        for column in truth.T:
            # Four standard errors of a correlation over 1,080 clips.
            assert abs(spearmanr(fact, column).statistic) < 4 / np.sqrt(len(clips)), name


def test_careless_raters_are_few_and_can_be_found(benchmark):
    _, _, votes, raters = benchmark
    mos = votes.mos()
    agreement, pace = [], []
    for rater in range(54):
        seen = ~np.isnan(votes.scores[:, rater, 0])
        agreement.append(np.corrcoef(votes.scores[seen, rater].ravel(), mos[seen].ravel())[0, 1])
        pace.append(np.nanmedian(votes.seconds[:, rater]))
    careless = raters.careless
    assert careless.sum() == 3
    assert max(np.array(agreement)[careless]) < 0.2 < 0.5 < min(np.array(agreement)[~careless])
    assert max(np.array(pace)[careless]) < min(np.array(pace)[~careless])


def test_votes_stay_on_the_slider_and_each_video_has_as_many(benchmark):
    _, _, votes, _ = benchmark
    given = ~np.isnan(votes.scores)
    assert set(given.sum(axis=1).ravel()) == {35}
    assert (given.all(axis=2) == given.any(axis=2)).all()
    assert np.nanmin(votes.scores) >= 0
    assert np.nanmax(votes.scores) <= 100


@pytest.mark.parametrize("count", [1, 2, 8])
def test_few_raters_still_rate_every_video(count):
    chance = np.random.default_rng(0)
    votes = sample_votes(chance, sample_raters(chance, count), np.full((5, 3), 0.5))
    assert np.isfinite(votes.mos()).all()
