"""Probabilities of labels: true ones from vLLM, from other servers what their first tokens show."""

import asyncio
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from gaia_judge.engines import Labels, Reply
from gaia_judge.engines.openai.completions import Token, Unreadable
from gaia_judge.engines.openai.payloads import Payload
from gaia_judge.engines.openai.servers import Server
from gaia_judge.engines.tokens import NEGLIGIBLE, LabelWalk, Path
from gaia_judge.scales import spellings

MOST_IDS = 128
"""vLLM's bound on ``logprob_token_ids`` in one request."""

TAIL = 12
"""Characters of the prompt kept before a label when it is tokenised, so that it is split as in context."""

ENDINGS = ("<|endoftext|>", "<|im_end|>", "<|eot_id|>", "<|end|>", "<end_of_turn>", "</s>")
"""Tokens that end a turn in published models; each counts where it is one token."""

MASKED = -9000.0
"""Servers write -9999 for a token that a constraint forbids."""

HALF = 0.5
"""The least that labels must have of the first token for their shares to be the model's answer."""

TOP = 20
"""The most alternatives that servers show."""


class TokenReader:
    """Reads true label probabilities from one vLLM server, over labels of any number of tokens."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._tail = ""
        self._stops: list[int] = []
        self._spelled: dict[tuple[str, ...], dict[str, list[Path]]] = {}
        self._spelling = asyncio.Lock()

    async def read(self, payload: Payload, ask: Labels) -> Reply:
        """Return the labels' probabilities after a conversation.

        Raises:
            Unreadable: The server gives no probabilities for chosen tokens.
        """
        walk = LabelWalk(await self._paths(ask.labels), self._stops)
        counts: Counter[str] = Counter()
        nodes: list[Path] = [()]
        while nodes:
            found = await asyncio.gather(*(self._after(payload, n, walk.wanted(n), counts) for n in nodes))
            nodes = [
                more
                for node, logprobs in zip(nodes, found, strict=True)
                for more in walk.receive(node, logprobs)
            ]
        return walk.reply(**counts)

    async def _after(
        self, payload: Payload, node: Path, ids: Sequence[int], counts: Counter[str]
    ) -> dict[int, float]:
        """Return the log-probabilities of some tokens after the conversation and a label's first tokens."""
        chunks = [ids[at : at + MOST_IDS] for at in range(0, len(ids), MOST_IDS)]
        forced = await self._forced(node)
        found = await asyncio.gather(
            *(self._ask({**payload, **forced}, node, chunk, counts) for chunk in chunks)
        )
        return {token: logprob for part in found for token, logprob in part.items()}

    async def _ask(
        self, payload: Payload, node: Path, ids: Sequence[int], counts: Counter[str]
    ) -> dict[int, float]:
        wanted = {
            "max_tokens": len(node) + 1,
            "temperature": 0.0,
            "logprobs": True,
            "logprob_token_ids": list(ids),
            "return_tokens_as_token_ids": True,
            "return_token_ids": True,
        }
        allowed = {} if "allowed_token_ids" in payload else {"allowed_token_ids": sorted({*ids, *node})}
        completion = await self._server.complete({**payload, **wanted, **allowed})
        counts.update(completion.counts)
        (choice, *_) = completion.choices
        if (choice.token_ids or ())[: len(node)] != node or len(choice.tokens) <= len(node):
            raise Unreadable(f"The server did not continue the label's first tokens {list(node)}.")
        return _by_id(choice.tokens[len(node)], ids)

    async def _forced(self, node: Path) -> Payload:
        """Return the fields that make the model begin its answer with some tokens.

        One token can be forced as the only one allowed, which leaves the probabilities that vLLM reports
        alone. More need a pattern, free after them: there the reported probabilities leave out what a pattern
        can never match, which is next to nothing (control tokens, pieces of characters).
        """
        if not node:
            return {}
        if len(set(node)) == 1:
            return {"allowed_token_ids": [node[0]]}
        text = await self._server.detokenize(node)
        return {"structured_outputs": {"regex": _escaped(text) + r"[\s\S]*"}}

    async def _paths(self, labels: tuple[str, ...]) -> dict[str, list[Path]]:
        async with self._spelling:
            if not self._stops:
                await self._learn_turns()
            if labels not in self._spelled:
                paths = [self._token_path(text) for label in labels for text in spellings(label)]
                found = iter(await asyncio.gather(*paths))
                self._spelled[labels] = {
                    label: sorted({next(found) for _ in spellings(label)}) for label in labels
                }
        return self._spelled[labels]

    async def _token_path(self, text: str) -> Path:
        head, whole = await asyncio.gather(
            self._server.tokenize(self._tail), self._server.tokenize(self._tail + text)
        )
        alone = whole[: len(head)] != head
        return tuple(await self._server.tokenize(text) if alone else whole[len(head) :])

    async def _learn_turns(self) -> None:
        """Find out how the model's turn begins and which tokens end it."""
        talk = [{"role": "user", "content": "quartz"}, {"role": "assistant", "content": "zephyr"}]
        begun = await self._server.tokenize_chat(talk[:1], prompting=True)
        ended = await self._server.detokenize(await self._server.tokenize_chat(talk, prompting=False))
        self._tail = (await self._server.detokenize(begun))[-TAIL:]
        last = await self._server.tokenize(ended.rpartition("zephyr")[2].strip())
        known = await asyncio.gather(*(self._server.tokenize(ending) for ending in ENDINGS))
        self._stops = sorted({*last[:1], *(tokens[0] for tokens in known if len(tokens) == 1)})
        if not self._stops:
            raise Unreadable("The server does not tell which token ends a turn.")


def _by_id(token: Token, ids: Sequence[int]) -> dict[int, float]:
    found = {int(one.token.rpartition(":")[2]): one.logprob for one in token.top_logprobs}
    if missing := set(ids) - set(found):
        raise Unreadable(f"The server gives no probability for the tokens {sorted(missing)[:5]}.")
    if min(found[one] for one in ids) <= MASKED:
        raise Unreadable("The server masks the probabilities of labels.")
    return {one: found[one] for one in ids}


def _escaped(text: str) -> str:
    """Return a pattern for a text; only what means something in every dialect is escaped.

    >>> _escaped("10 (a)")
    '10 \\\\(a\\\\)'
    """
    return "".join(f"\\{sign}" if sign in r"\.^$*+?{}[]()|/" else sign for sign in text)


def read_first(token: Token, ask: Labels) -> dict[str, float] | None:
    """Return the labels' shares of what a server shows of the first token, or None where it shows too little.

    A token counts for the one label that it is or begins. Where it could begin several (``1`` of 1 and 10),
    nothing is known; nor where the model mostly begins with something else.
    """
    mass = dict.fromkeys(ask.labels, 0.0)
    unclear = 0.0
    for one in token.top_logprobs:
        said = one.token.strip().casefold()
        fits = [label for label in ask.labels if said and label.casefold().startswith(said)]
        probability = math.exp(min(0.0, one.logprob)) if one.logprob > MASKED else 0.0
        if len(fits) == 1:
            mass[fits[0]] += probability
        elif fits:
            unclear += probability
    total = sum(mass.values())
    if total < HALF or unclear > NEGLIGIBLE:
        return None
    return {label: share / total for label, share in mass.items()}


def top_fields() -> dict[str, Any]:
    """Return the fields that ask for the most probable tokens."""
    return {"logprobs": True, "top_logprobs": TOP}
