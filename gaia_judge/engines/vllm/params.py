"""What vLLM is asked for a request, and what its output says."""

from collections.abc import Callable, Mapping
from typing import Any

from gaia_judge.engines import Draws, Form, Reply, Text
from gaia_judge.engines.replies import Written, read_draws, read_form, read_paragraph
from gaia_judge.scales import form_schema, paragraph_pattern


def logprobs_of(ids: list[int]) -> Any:
    """Return the parameters that give the true log-probabilities of these ids as the next token."""
    from vllm import SamplingParams

    # Nobody reads the text: vLLM would decode each id for itself, which took a seventh of a rating's time.
    return SamplingParams(
        temperature=0.0, max_tokens=1, logprob_token_ids=ids, allowed_token_ids=ids, detokenize=False
    )


def sampling_for(ask: Draws | Text | Form, longest: Callable[[Draws | Form], int]) -> Any:
    """Return the parameters of a request whose answer is written under a constraint.

    Args:
        ask: What is wanted.
        longest: The most tokens that its answer can have.
    """
    from vllm import SamplingParams
    from vllm.sampling_params import StructuredOutputsParams

    if isinstance(ask, Draws):
        return SamplingParams(
            n=ask.count,
            temperature=ask.temperature,
            seed=ask.seed,
            max_tokens=longest(ask),
            structured_outputs=StructuredOutputsParams(choice=list(ask.labels)),
        )
    if isinstance(ask, Text):
        return SamplingParams(
            temperature=0.0,
            max_tokens=ask.max_tokens,
            structured_outputs=StructuredOutputsParams(regex=paragraph_pattern()),
        )
    return SamplingParams(
        temperature=ask.temperature,
        seed=ask.seed,
        max_tokens=longest(ask),
        logprobs=20,
        structured_outputs=StructuredOutputsParams(json=form_schema(ask.fields)),
    )


def read_output(ask: Draws | Text | Form, output: Any, usage: Mapping[str, Any]) -> Reply:
    """Return the reply in vLLM's finished output."""
    first = output.outputs[0]
    if isinstance(ask, Draws):
        return read_draws(ask, [one.text for one in output.outputs], **usage)
    if isinstance(ask, Form):
        return read_form(ask, [_written(step) for step in first.logprobs], first.text, **usage)
    return read_paragraph(first.text, cut=first.finish_reason == "length", **usage)


def _written(step: Mapping[int, Any]) -> Written:
    """Return a generated token: vLLM lists the chosen one first."""
    chosen = next(iter(step.values()))
    return Written(chosen.decoded_token, {one.decoded_token: one.logprob for one in step.values()})
