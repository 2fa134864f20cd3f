"""Experiments for tests: small clips of known generators and actions, and a judge without a model."""

from collections.abc import Callable, Sequence
from pathlib import Path

from gaia_judge.cards import JudgeCard
from gaia_judge.engines import Reply, Request
from gaia_judge.experiments.files import Experiment, JudgeChoice
from gaia_judge.videos import Video
from tests.clips import write_clip
from tests.scripted import ScriptedEngine


def write_card(folder: Path, name: str = "scripted", frames: int = 4) -> JudgeChoice:
    """Write the card of a judge without a model."""
    file = folder / f"{name}.yaml"
    file.write_text(f"model: none\nabout: A judge for tests.\nframes: {frames}\n", encoding="utf-8")
    return JudgeChoice(model=str(file))


def write_videos(folder: Path, generators: Sequence[str], actions: Sequence[str]) -> list[Video]:
    """Write a clip for each generator and action."""
    return [
        Video(
            id=f"{maker}-{action}",
            path=write_clip(folder / f"{maker}-{action}.mp4", frames=8, size=(96, 64)),
            prompt=f"Someone is {action}.",
            action=action,
            generator=maker,
            subset="hand",
        )
        for maker in generators
        for action in actions
    ]


def matrix(judge: JudgeChoice, **axes: object) -> Experiment:
    """Return an experiment as its file would say it."""
    told = {"judges": [judge.model_dump()], "about": "A test.", **axes}
    return Experiment.model_validate(told).model_copy(update={"name": "test"})


class Loader:
    """Stands for loading models: keeps the engines that it has made."""

    def __init__(self, script: Callable[[Request], Reply]) -> None:
        self.script = script
        self.engines: list[ScriptedEngine] = []

    def __call__(self, card: JudgeCard, choice: JudgeChoice) -> ScriptedEngine:
        self.engines.append(ScriptedEngine(self.script))
        return self.engines[-1]

    @property
    def asked(self) -> list[Request]:
        """All requests so far."""
        return [request for engine in self.engines for request in engine.asked]
