"""Plans: all that determines what a judge says, but for the engine that runs it."""

from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from gaia_judge.cards import JudgeCard, check_training, weights_digest
from gaia_judge.dialogues import Asking, Chain, check_asking
from gaia_judge.frames import FrameSpec
from gaia_judge.prompts import PromptSet, Readout


@dataclass(frozen=True, slots=True)
class Plan:
    """A judge before its model is loaded."""

    card: JudgeCard
    prompt: PromptSet
    frames: FrameSpec
    asking: Asking

    @property
    def rater(self) -> str:
        """The name its scores stand under."""
        name = f"{self.card.name}/{self.prompt.name}/{self.asking.readout}"
        return f"{name} (random weights)" if self.card.random_weights else name

    def manifest(self) -> dict[str, Any]:
        """Return versions, digests and settings, as JSON values."""
        card = self.card.model_dump(mode="json", exclude={"about", "citation", "licence", "non_commercial"})
        return {
            "gaia_judge": version("gaia-judge"),
            "rater": self.rater,
            "judge": {**card, "weights_digest": weights_digest(self.card.model)},
            "prompt": {"name": self.prompt.name, "digest": self.prompt.digest},
            "frames": self.frames.model_dump(exclude={"timeout_s", "memory_gib"}),
            "asking": {name: getattr(self.asking, name) for name in Asking.__slots__},
            "decoders": {name: version(name) for name in ("decord2", "av")},
        }


def plan_judge(
    card: JudgeCard,
    prompt: PromptSet,
    *,
    frames: FrameSpec | None = None,
    readout: Readout | None = None,
    chain: Chain = "mode",
    samples: int = 8,
    temperature: float = 1.0,
    seed: int = 0,
) -> Plan:
    """Return what a judge would do; see ``load_judge``.

    Raises:
        GaiaJudgeError: The judge, the prompt set and how it is asked do not fit together.
    """
    asking = Asking(
        readout=readout or prompt.readout or card.readout,
        chain=chain,
        samples=samples,
        temperature=temperature,
        seed=seed,
    )
    spec = frames or FrameSpec(count=card.frames)
    check_training(card, prompt, spec)
    check_asking(prompt, asking)
    return Plan(card, prompt, spec, asking)
