"""What ``gaia-judge baseline fit`` fits: features of videos, or a table of features from elsewhere."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gaia_judge.baselines import Metric, Setting, find_metric
from gaia_judge.baselines.features import Found, extract
from gaia_judge.baselines.fits import Described, Held
from gaia_judge.baselines.loops import NetworkLearner
from gaia_judge.baselines.recipes import Learner
from gaia_judge.baselines.regressions import FACTS, REGRESSIONS, Regression, gaps, read_features
from gaia_judge.baselines.stores import FeatureStore, default_store
from gaia_judge.cli.baseline import pick_torch_device, read_weights
from gaia_judge.cli.ratings import pick_videos
from gaia_judge.cli.screens import Progress
from gaia_judge.errors import EngineError, GaiaJudgeError
from gaia_judge.people import HumanScores, join
from gaia_judge.people.records import read_rows
from gaia_judge.protocols import Protocol, units_of
from gaia_judge.videos import Video

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What is fitted: features of videos, and what is known of all videos that were asked for."""

    name: str
    learner: Learner
    features: Described
    facts: "DataFrame"
    """Of the videos with features, in their order."""
    everyone: "DataFrame"
    """Of all videos."""
    errors: Mapping[str, str]
    """Why the others have no features."""
    manifest: Mapping[str, Any]
    metric: Metric | None = None
    key: str = ""
    contents: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of the files of videos, by id."""
    notes: Sequence[str] = ()
    """What a reader of the figures must know."""


def read_material(
    given: Mapping[str, Any],
    human: HumanScores,
    protocol: Protocol,
    begin: Callable[[str, Learner, Mapping[str, Any]], None],
) -> Material:
    """Return the material of a table of features that others have computed.

    Args:
        given: The options.
        human: People's scores, whose table may tell generators and actions.
        protocol: As in ``extract_material``.
        begin: As in ``extract_material``.

    Raises:
        GaiaJudgeError: It cannot be read.
    """
    table = read_features(given["features"])
    theirs = read_rows(Path(human.source)).facts(FACTS)
    everyone = _frame(
        {video: {**theirs.get(video, {}), **table.facts[video]} for video in (*table.videos, *table.bare)}
    )
    material = Material(
        name=given["regressor"],
        learner=_learner(REGRESSIONS[given["regressor"]], given),
        features=Held(table.features),
        facts=everyone.loc[list(table.videos)],
        everyone=everyone,
        errors=dict.fromkeys(table.bare, "all its features are missing"),
        manifest={"features": table.digest},
        notes=table.gaps,
    )
    join(material.facts, human)
    units_of(material.facts, protocol.by)
    begin(material.name, material.learner, material.manifest)
    return material


def extract_material(
    videos: Path,
    given: Mapping[str, Any],
    human: HumanScores,
    protocol: Protocol,
    begin: Callable[[str, Learner, Mapping[str, Any]], None],
) -> Material:
    """Return the material of videos, extracting what has not been before.

    Args:
        videos: Where they are.
        given: The options.
        human: People's scores, which must be of some of the videos.
        protocol: How videos are divided, which must be possible.
        begin: Called before any video is read, with the metric's name, the learner and the facts for the
            manifest; raises where the run's folder is of something else or in use.

    Raises:
        GaiaJudgeError: The metric is none that is trained, or no video has features.
        EngineError: The metric cannot run here; says what would work.
    """
    metric, setting, learner = _trainable(given)
    found = pick_videos(videos, None, given["limit"])
    join(_facts(found), human)  # raises before hours of extraction where nothing is common
    units_of(_facts(found), protocol.by)  # and where they cannot be divided
    recipe = metric.recipe
    assert recipe is not None
    frames = recipe.extractor.frames.model_copy(update={"decoder": given["decoder"]})
    extractor = replace(recipe.extractor, frames=frames)
    if not extractor.is_whole(setting):
        extractor.load(extractor, setting)  # only after the download is it known what the features are
    manifest = {"metric": metric.name, "features": extractor.shelf(setting), "videos": str(videos.resolve())}
    begin(metric.name, learner, manifest)
    store = FeatureStore(given["cache"] or default_store())
    with Progress("features", "videos", total=len(found)) as progress:
        calls = {"advance": progress.advance, "skip": progress.skip}
        places = extract(found, extractor, store, setting, processes=given["processes"], **calls)
    everyone = _facts(found)
    errors = {video: str(one) for video, one in places.items() if isinstance(one, GaiaJudgeError)}
    whole = {video: one for video, one in places.items() if isinstance(one, Path)}
    if not whole:
        raise GaiaJudgeError(f"No video of {videos} has features: {next(iter(errors.values()))}")
    features = Found(store, tuple(whole.values()))
    return Material(
        name=metric.name,
        learner=learner,
        features=features,
        facts=everyone.loc[list(whole)],
        everyone=everyone,
        errors=errors,
        manifest=manifest,
        metric=metric,
        key=recipe.extractor.key(setting),
        contents={video: place.stem for video, place in whole.items()},  # as the store names them
        notes=gaps(features, extractor.names(), list(whole)) if isinstance(learner, Regression) else (),
    )


def _trainable(given: Mapping[str, Any]) -> tuple[Metric, Setting, Learner]:
    """Return the metric to train, what it runs with and how it learns.

    Raises:
        GaiaJudgeError: The metric is none that is trained.
        EngineError: The metric cannot run here; says what would work.
    """
    metric = find_metric(given["metric"])
    if metric.recipe is None:
        message = f"{metric.name} is not trained: it needs no human scores."
        raise GaiaJudgeError(message, f"gaia-judge baseline VIDEOS --metric {metric.name}")
    setting, learner = read_setting(given, metric), _learner(metric.recipe.learner, given)
    if problems := replace(metric, obstacles=None).problems(setting):
        cures = "".join(f"\n  {problem.cure}" for problem in problems)
        raise EngineError(" ".join(problem.what for problem in problems), f"\nWhat would work:{cures}")
    return metric, setting, _started(learner, metric, setting)


def read_setting(given: Mapping[str, Any], metric: Metric) -> Setting:
    """Return what the options say about a metric.

    Raises:
        GaiaJudgeError: A device or weights that do not exist.
    """
    start = metric.recipe and metric.recipe.start
    heads = [start.weights] if start else []
    return Setting(
        device=pick_torch_device(given["device"]),
        weights=read_weights(given["weights"], {one.name for one in (*metric.weights, *heads)}),
        non_commercial=given["non_commercial"],
    )


def command_of(metric: Metric, folder: Path, given: Mapping[str, Any]) -> str:
    """Return the command that measures new videos with what was fitted, with weights as they were given."""
    names = {one.name for one in metric.weights}
    weights = [f"--weights={text}" for text in given["weights"] if text.partition("=")[0] in names]
    more = [*weights, *(["--non-commercial"] if given["non_commercial"] else [])]
    return shlex.join(["gaia-judge", "baseline", "VIDEOS", "--metric", f"{metric.name}:{folder}", *more])


def _facts(videos: Sequence[Video]) -> "DataFrame":
    return _frame({video.id: {name: getattr(video, name) for name in FACTS} for video in videos})


def _frame(facts: Mapping[str, Mapping[str, str]]) -> "DataFrame":
    """Return what is known of videos, None where it is not."""
    import pandas as pd

    return pd.DataFrame(
        [{name: told.get(name) or None for name in FACTS} for told in facts.values()],
        index=pd.Index(list(facts), name="video"),
        columns=list(FACTS),
        dtype=object,
    )


def _learner(learner: Learner, given: Mapping[str, Any]) -> Learner:
    """Return a learner as the options say.

    Raises:
        GaiaJudgeError: They say what only networks know.
    """
    told = {name: given[name] for name in ("epochs", "rate", "patience") if given[name] is not None}
    if isinstance(learner, NetworkLearner):
        return NetworkLearner(learner.network, replace(learner.training, **told)) if told else learner
    named = [*told, *(["select upstream"] if given["select"] == "upstream" else [])]
    if named:
        raise GaiaJudgeError(f"No network is trained, so --{named[0]} says nothing.", "Leave it out.")
    return learner


def _started(learner: Learner, metric: Metric, setting: Setting) -> Learner:
    """Return a learner that starts from the authors' head, where the weights in use hold one.

    Raises:
        GaiaJudgeError: The file is not there, or holds another head.
    """
    start = metric.recipe and metric.recipe.start
    if not start or not isinstance(learner, NetworkLearner):
        return learner
    from gaia_judge.baselines.networks.keys import load_official

    given = setting.weights.get(start.weights.name)
    if given and not given.is_file():
        raise GaiaJudgeError(f"--weights {start.weights.name}: {given} is no file.", "Check the path.")
    tensors = start.read(setting)
    if tensors is None:
        return learner
    load_official(learner.network.build(), tensors)  # a wrong one is refused before videos are decoded
    return NetworkLearner(learner.network, learner.training, tensors)
