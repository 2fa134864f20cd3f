"""How each kind of request is put to one server, and how its answer is read."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from gaia_judge.engines import VIDEO_MARK, Ask, Draws, Form, Labels, Message, Reply, Text
from gaia_judge.engines.checks import CHOICES, QUESTION
from gaia_judge.engines.openai.completions import Choice, Unreadable
from gaia_judge.engines.openai.labels import TokenReader, read_first, top_fields
from gaia_judge.engines.openai.payloads import (
    ANSWER,
    Payload,
    blank_frames,
    chat,
    json_choice,
    json_form,
    sequence_parts,
    vllm_choice,
    vllm_form,
    vllm_paragraph,
)
from gaia_judge.engines.openai.servers import Server, shown
from gaia_judge.engines.replies import read_draws, read_form, read_paragraph
from gaia_judge.errors import EngineError

UNFILTERED = {"top_p": 1.0, "top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0}
"""Undoes the sampling settings that vLLM takes from a model's generation_config.json."""

ROOM = 1024
"""Tokens for an answer in JSON: some models think first, and some pad."""


class Answerer:
    """Puts requests to one server. Where it does not answer, methods raise ``openai.OpenAIError``; where the
    answer is not one, ``Unreadable``.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self._native = server.knows("structured_outputs")
        self._reader = TokenReader(server)
        self._lengths: dict[int, int] = {}

    async def probe(self, more: Payload) -> None:
        """Ask for words that do not answer the question, and learn which fields the server refuses.

        Args:
            more: Fields that later requests will have.

        Raises:
            EngineError: The answer left the choices: the server ignores constraints.
        """
        asked = {**self.payload((QUESTION,), more), **self._drawing(Draws(CHOICES, 2), 0), **top_fields()}
        said = [_answer(choice) for choice in (await self.server.learn(asked)).choices]
        if not set(said) <= set(CHOICES):
            raise EngineError(
                f"{shown(self.server.url)} ignores structured outputs: asked to choose one of "
                f"{', '.join(CHOICES)}, it said {said[0][:80]!r}.",
                "Update it (old servers ignore the field without a word), or serve the model with vLLM.",
            )

    def payload(self, messages: Sequence[Message], media: Payload) -> Payload:
        """Return a conversation with its frames, to which each kind of question adds its own fields."""
        parts = media.get("parts", ())
        more = {name: value for name, value in media.items() if name != "parts"}
        if self.server.vllm:
            return {"messages": chat(messages, parts), **UNFILTERED, **more}
        # The ids are vLLM's, and others may refuse them.
        plain = [{name: value for name, value in part.items() if name != "uuid"} for part in parts]
        return {"messages": chat(messages, plain), **more}

    async def answer(self, payload: Payload, ask: Ask) -> Reply:
        """Return the answer to one question."""
        if isinstance(ask, Labels):
            return await self._labels(payload, ask)
        if isinstance(ask, Draws):
            return await self._draws(payload, ask)
        if isinstance(ask, Form):
            return await self._form(payload, ask)
        return await self._text(payload, ask)

    async def check_count(self, count: int) -> None:
        """Make sure that so many frames arrive where the server cannot be told to take all.

        It takes 32 unless started otherwise. Two frames fewer must make a shorter prompt (some models merge
        frames two by two).

        Raises:
            Unreadable: They do not, so the last frames are lost.
        """
        if count > 2 and await self._length(count) <= await self._length(count - 2):
            raise Unreadable(
                f"The server loses some of {count} frames: "
                "start it with --trust-request-mm-kwargs, or ask for fewer."
            )

    async def _length(self, count: int) -> int:
        """Return the prompt's length in tokens with so many empty frames."""
        if count not in self._lengths:
            payload = self.payload((Message("user", VIDEO_MARK),), sequence_parts(blank_frames(count)))
            completion = await self.server.complete({**payload, "max_tokens": 1})
            self._lengths[count] = completion.counts["prompt_tokens"]
        return self._lengths[count]

    async def _labels(self, payload: Payload, ask: Labels) -> Reply:
        if self.server.knows("logprob_token_ids"):
            return await self._reader.read(payload, ask)
        counts: Counter[str] = Counter()
        if "logprobs" not in self.server.refused:
            completion = await self.server.complete(
                {**payload, "max_tokens": 1, "temperature": 0.0, **top_fields()}
            )
            counts.update(completion.counts)
            tokens = completion.choices[0].tokens
            if tokens and (shares := read_first(tokens[0], ask)):
                note = "the server truncates probabilities to its top 20"
                return _counted(Reply(distribution=shares, note=note), counts)
        return await self._choose(payload, ask, counts)

    async def _choose(self, payload: Payload, ask: Labels, counts: Counter[str]) -> Reply:
        """Return the one label that a server says which gives no probabilities of use."""
        once = Draws(ask.labels, count=1, temperature=0.0)
        completion = await self.server.complete({**payload, **self._drawing(once, 0)})
        counts.update(completion.counts)
        reply = read_draws(once, [_answer(completion.choices[0])], **counts)
        return reply if reply.error else noted(reply, "the server gives no probabilities of the labels")

    async def _draws(self, payload: Payload, ask: Draws) -> Reply:
        """Return samples; some servers give one at a time whatever they are asked for."""
        counts: Counter[str] = Counter()
        said: list[str] = []
        while len(said) < ask.count:
            completion = await self.server.complete({**payload, **self._drawing(ask, len(said))})
            counts.update(completion.counts)
            said += [_answer(choice) for choice in completion.choices]
        lost = [name for name in ("temperature", "seed") if name in self.server.refused]
        reply = read_draws(ask, said[: ask.count], **counts)
        return noted(reply, f"the server takes no {' and no '.join(lost)}") if lost else reply

    async def _form(self, payload: Payload, ask: Form) -> Reply:
        constraint = vllm_form(ask) if self._native else json_form(ask)
        longest = sum(len(name) + max(map(len, labels)) for name, labels in ask.fields)
        sampling = {"temperature": ask.temperature, "seed": ask.seed, "max_tokens": self._room(longest)}
        completion = await self.server.complete({**payload, **constraint, **sampling, **top_fields()})
        choice = completion.choices[0]
        reply = read_form(ask, choice.written, choice.text, **completion.counts)
        return reply if reply.error or choice.tokens else noted(reply, "the server gives no probabilities")

    async def _text(self, payload: Payload, ask: Text) -> Reply:
        constraint = vllm_paragraph() if self._native else {"stop": ["\n"]}
        sampling = {"temperature": 0.0, "max_tokens": ask.max_tokens}
        completion = await self.server.complete({**payload, **constraint, **sampling})
        choice = completion.choices[0]
        paragraph = choice.text.strip().partition("\n")[0]
        return read_paragraph(paragraph, cut=choice.finish_reason == "length", **completion.counts)

    def _drawing(self, ask: Draws, done: int) -> Payload:
        # Greedy answers are all alike, and vLLM gives only one of them.
        single = ask.temperature == 0 or "n" in self.server.refused
        constraint = vllm_choice(ask.labels) if self._native else json_choice(ask.labels)
        return {
            **constraint,
            "n": 1 if single else ask.count - done,
            "temperature": ask.temperature,
            "seed": ask.seed + done,
            "max_tokens": self._room(max(map(len, ask.labels))),
        }

    def _room(self, characters: int) -> int:
        """Return the most tokens of an answer; a character has at most four, a form some quotes around it."""
        return 4 * characters + 64 if self._native else ROOM


def noted(reply: Reply, note: str) -> Reply:
    """Return a reply with one more note."""
    return replace(reply, note="; ".join(part for part in (reply.note, note) if part))


def _counted(reply: Reply, counts: Mapping[str, int]) -> Reply:
    usage: dict[str, Any] = dict(counts)
    return replace(reply, **usage)


def _answer(choice: Choice) -> str:
    """Return what was chosen, out of the JSON object where there is one, or why nothing was."""
    try:
        text = choice.text.strip()
    except Unreadable as error:
        return f"({error})"  # one sample of several may fail: this is on no scale
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict) and choice.finish_reason == "length":
        return f"({text}, cut)"  # of 1 and 10, "1" may be half an answer
    return str(said[ANSWER]) if isinstance(said, dict) and ANSWER in said else text
