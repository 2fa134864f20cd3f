"""Dialogues: how a prompt set's questions about one video become requests, and replies become scores.

A dialogue is a generator: it yields the requests that can be asked at once, is sent their replies in the
same order, and returns one score per dimension. It never waits for an engine itself, so one engine can
serve many dialogues at a time.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from gaia_judge.engines import Ask, Draws, Form, Labels, Message, Reply, Request, Text
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.frames import Frames
from gaia_judge.prompts import Dimension, PromptSet, Readout
from gaia_judge.readings import Reading, combine, read_reply
from gaia_judge.scores import Score, missing
from gaia_judge.videos import Video

Chain = Literal["mode", "marginal"]
Dialogue = Generator[list[Request], list[Reply], list[Score]]

FAINT = 1e-3
"""With ``--chain marginal``, courses less probable than this are not followed; the trace says what was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """How ratings are asked for and read."""

    readout: Readout = "expected"
    """``expected``: mean over the label distribution; ``choice``: its mode; ``sampled``: mean of samples;
    ``reasoned``: expected value after a rationale."""
    chain: Chain = "mode"
    """What the next question sees of a rating: its most probable level, or every level, weighted."""
    samples: int = 8
    """Samples per rating when ``sampled``."""
    temperature: float = 1.0
    """Temperature of samples."""
    seed: int = 0
    """Seed of samples."""


@dataclass(frozen=True, slots=True)
class _Course:
    """One course a conversation can take, given the premises' ratings, and how probable it is."""

    messages: tuple[Message, ...]
    weight: float = 1.0
    premises: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Answer:
    """A rating's reply, the conversation up to its question, and the rationale before it."""

    messages: tuple[Message, ...]
    reply: Reply
    rationale: str | None = None


_Talk = Generator[list[Request], list[Reply], list[_Answer]]


@dataclass(frozen=True, slots=True)
class _Case:
    """One video before one prompt set."""

    prompt: PromptSet
    asking: Asking
    video: Video
    frames: Frames
    rater: str

    def opening(self) -> tuple[Message, ...]:
        """Return what stands before the first question."""
        system = self.prompt.system(self.video)
        return (Message("system", system),) if system else ()

    def ask(self) -> Ask:
        """Return the kind of answer that a rating question wants."""
        labels, asking = self.prompt.scale.labels, self.asking
        if asking.readout == "sampled":
            return Draws(labels, asking.samples, asking.temperature, asking.seed)
        return Labels(labels)

    def score(self, dimension: Dimension, reading: Reading, premises: Mapping[str, str]) -> Score:
        """Return a dimension's score from what was read."""
        chain = {"chain": self.asking.chain} if self.prompt.style == "chained" else {}
        told = {"premises": dict(premises)} if premises else {}
        trace: dict[str, Any] = {"readout": self.asking.readout, "style": self.prompt.style}
        return Score(
            video=self.video.id,
            dimension=dimension.name,
            rater=self.rater,
            value=reading.value,
            distribution=reading.distribution,
            off_scale=reading.off_scale,
            error=reading.error,
            rationale=reading.rationale,
            trace={**trace, **chain, **told, **reading.trace},
        )


def converse(prompt: PromptSet, asking: Asking, video: Video, frames: Frames, rater: str) -> Dialogue:
    """Return the dialogue that rates one video on every dimension of a prompt set."""
    styles = {"chained": _chained, "independent": _independent, "form": _form}
    return styles[prompt.style](_Case(prompt, asking, video, frames, rater))


def check_asking(prompt: PromptSet, asking: Asking) -> None:
    """Refuse a readout or chaining that a prompt set has no questions for.

    Raises:
        GaiaJudgeError: Naming a prompt set or option that fits.
    """
    if asking.readout == "reasoned" and any(one.rationale is None for one in prompt.dimensions):
        raise GaiaJudgeError(
            f"The prompt set {prompt.name!r} asks for no rationale.", "Use --prompt syllogism-reasoned."
        )
    if asking.chain == "marginal" and prompt.style != "chained":
        raise GaiaJudgeError(
            f"The prompt set {prompt.name!r} is not a chain of questions.", "Leave --chain marginal out."
        )


def _chained(case: _Case) -> Dialogue:
    """Ask the dimensions in order, each rating standing in the context of the next."""
    courses, followed, dimensions = [_Course(case.opening())], 1.0, case.prompt.dimensions
    scores: list[Score] = []
    for place, dimension in enumerate(dimensions):
        answers = yield from _rate(case, dimension, courses, first=place == 0)
        readings = [read_reply(a.reply, case.prompt.scale, case.asking.readout, a.rationale) for a in answers]
        reading = combine(readings, [course.weight for course in courses], case.prompt.scale)
        premises = courses[0].premises if case.asking.chain == "mode" else {}
        pruned = {"followed": followed} if followed < 1 - 1e-6 else {}
        reading = replace(reading, trace={**reading.trace, **pruned})
        scores.append(case.score(dimension, reading, premises))
        if reading.error is not None:
            why = f"Its premise {dimension.name} could not be read: {reading.error}"
            rest = [one.name for one in dimensions[place + 1 :]]
            return [*scores, *missing(rest, case.video.id, case.rater, why)]
        courses, share = _continued(case, dimension, courses, answers, readings)
        followed *= share
    return scores


def _independent(case: _Case) -> Dialogue:
    """Ask every dimension in a conversation of its own, all at once."""
    dimensions = case.prompt.dimensions
    talks = [_rate(case, one, [_Course(case.opening())], first=True) for one in dimensions]
    found = yield from _together(talks)
    return [
        case.score(one, read_reply(a.reply, case.prompt.scale, case.asking.readout, a.rationale), {})
        for one, (a,) in zip(dimensions, found, strict=True)
    ]


def _form(case: _Case) -> Dialogue:
    """Ask for all dimensions in one constrained form, each written after those before it."""
    asking, labels = case.asking, case.prompt.scale.labels
    messages = (*case.opening(), Message("user", case.prompt.form_question(case.video)))
    fields = tuple((one.name, labels) for one in case.prompt.dimensions)
    sampled = asking.readout == "sampled"
    seeds = range(asking.seed, asking.seed + asking.samples) if sampled else ()
    forms = [Form(fields, asking.temperature, seed) for seed in seeds] or [Form(fields)]
    replies = yield [Request(messages, case.frames, form) for form in forms]
    found = [(one, _field(one.name, replies, sampled=sampled)) for one in case.prompt.dimensions]
    read = [(one, read_reply(reply, case.prompt.scale, asking.readout, None)) for one, reply in found]
    return [case.score(one, reading, {}) for one, reading in read]


def _field(name: str, replies: Sequence[Reply], *, sampled: bool) -> Reply:
    """Return what the forms say of one field, as a rating's reply."""
    failed = next((reply for reply in replies if reply.error is not None), None)
    if failed:
        return failed
    if sampled:
        return Reply(draws=tuple(reply.fields[name] for reply in replies))
    (reply,) = replies
    return Reply(distribution=reply.distributions.get(name), draws=(reply.fields[name],), note=reply.note)


def _rate(case: _Case, dimension: Dimension, courses: Sequence[_Course], *, first: bool) -> _Talk:
    """Ask one dimension's question in every course, after a rationale if one is wanted."""
    talks = [course.messages for course in courses]
    rationales: list[str | None] = [None] * len(talks)
    question = case.prompt.question(dimension, case.video, first=first)
    if case.asking.readout == "reasoned":
        assert dimension.rationale is not None
        why = Message("user", case.prompt.rationale_question(dimension, case.video, first=first))
        text = Text(dimension.rationale.max_tokens)
        replies = yield [Request((*talk, why), case.frames, text) for talk in talks]
        failed = next((reply for reply in replies if reply.error is not None), None)
        if failed:
            return [_Answer(talk, failed) for talk in talks]
        rationales = [reply.text for reply in replies]
        talks = [
            (*talk, why, Message("assistant", said or ""))
            for talk, said in zip(talks, rationales, strict=True)
        ]
        question = case.prompt.rating_question(dimension, case.video)
    talks = [(*talk, Message("user", question)) for talk in talks]
    replies = yield [Request(talk, case.frames, case.ask()) for talk in talks]
    return [_Answer(*parts) for parts in zip(talks, replies, rationales, strict=True)]


def _continued(
    case: _Case,
    dimension: Dimension,
    courses: Sequence[_Course],
    answers: Sequence[_Answer],
    readings: Sequence[Reading],
) -> tuple[list[_Course], float]:
    """Return the courses that the next question is asked in, and the probability of them all together."""
    following = []
    for course, answer, reading in zip(courses, answers, readings, strict=True):
        assert reading.mode is not None
        levels = {reading.mode: 1.0}
        if case.asking.chain == "marginal" and reading.distribution:
            levels = dict(reading.distribution)
        following += [
            _Course(
                (*answer.messages, Message("assistant", label)),
                course.weight * share,
                {**course.premises, dimension.name: label},
            )
            for label, share in levels.items()
        ]
    likely = max(course.weight for course in following)
    kept = [course for course in following if course.weight >= min(FAINT, likely)]
    total = sum(course.weight for course in kept)
    return [_Course(one.messages, one.weight / total, one.premises) for one in kept], min(1.0, total)


def _together(talks: Sequence[_Talk]) -> Generator[list[Request], list[Reply], list[list[_Answer]]]:
    """Run talks side by side, asking all their requests of a round at once."""
    rounds = {place: next(talk) for place, talk in enumerate(talks)}
    done: dict[int, list[_Answer]] = {}
    while rounds:
        replies = iter((yield [request for requests in rounds.values() for request in requests]))
        following = {}
        for place, requests in rounds.items():
            try:
                following[place] = talks[place].send([next(replies) for _ in requests])
            except StopIteration as end:
                done[place] = end.value
        rounds = following
    return [done[place] for place in range(len(talks))]
