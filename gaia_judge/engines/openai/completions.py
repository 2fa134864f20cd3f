"""What a server answers, read with no more trust than it deserves."""

import math
from collections import Counter
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from gaia_judge.engines.replies import Written


class Unreadable(ValueError):
    """An answer that says nothing that can be used."""


class Garbled(Unreadable):
    """No completion at all: the server is ill, or something else answers in its name."""


CERTAIN = 1e-3
"""The most that a logarithm of a probability may be: 0, and some rounding."""

ALL = 1.01
"""The most that probabilities of different tokens may add up to."""


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Alternative(_Read):
    """A token that could have stood at a place."""

    token: str
    logprob: float = Field(le=CERTAIN)
    """Natural logarithm; not a number (NaN) and logits, which some servers give in its place, are refused."""


class Token(Alternative):
    """A token that was written, and what could have stood there."""

    top_logprobs: tuple[Alternative, ...] = ()

    @field_validator("top_logprobs")
    @classmethod
    def _add_up(cls, tops: tuple[Alternative, ...]) -> tuple[Alternative, ...]:
        # Broken characters may make one text of several tokens, but each token stands once.
        if sum(math.exp(one.logprob) for one in tops) > ALL:
            raise ValueError("the probabilities add up to more than 1")
        return tops

    @property
    def alternatives(self) -> dict[str, float]:
        """Log-probability by text; of two tokens with one text, such as broken characters, the likelier."""
        found: dict[str, float] = {}
        for one in self.top_logprobs:
            found[one.token] = max(one.logprob, found.get(one.token, one.logprob))
        return found


class _Logprobs(_Read):
    content: tuple[Token, ...] | None = None


class _Message(_Read):
    content: str | None = None
    refusal: str | None = None


class Choice(_Read):
    """One of the answers."""

    message: _Message
    logprobs: _Logprobs | None = None
    finish_reason: str | None = None
    token_ids: tuple[int, ...] | None = None

    @property
    def text(self) -> str:
        """What was said.

        Raises:
            Unreadable: Nothing was, or the model refused.
        """
        if self.message.refusal:
            raise Unreadable(f"The model refused: {self.message.refusal[:200]}")
        if self.message.content is None:
            raise Unreadable(f"The server's answer is empty (finish_reason {self.finish_reason}).")
        return self.message.content

    @property
    def tokens(self) -> tuple[Token, ...]:
        """The tokens that were written; none where the server gives no probabilities."""
        return (self.logprobs.content or ()) if self.logprobs else ()

    @property
    def written(self) -> list[Written]:
        """The tokens as all engines give them to ``read_form``."""
        return [Written(token.token, token.alternatives) for token in self.tokens]


class _Cached(_Read):
    cached_tokens: int | None = None


class _Usage(_Read):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _Cached | None = None


class Completion(_Read):
    """The answer to one HTTP request."""

    choices: tuple[Choice, ...] = Field(min_length=1)
    usage: _Usage | None = None

    @property
    def counts(self) -> Counter[str]:
        """Tokens used, under the names that a ``Reply`` has for them."""
        usage = self.usage or _Usage()
        details = usage.prompt_tokens_details or _Cached()
        return Counter(
            prompt_tokens=usage.prompt_tokens or 0,
            cached_tokens=details.cached_tokens or 0,
            output_tokens=usage.completion_tokens or 0,
        )


def read_completion(body: Any) -> Completion:
    """Return an answer's parts.

    Raises:
        Garbled: It is not what an OpenAI-compatible server answers.
    """
    try:
        return Completion.model_validate(body)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"]) or "the body"
        raise Garbled(f"The server's answer is not a completion ({where}: {first['msg']}).") from error
