"""Options about engines, for all commands that ask a model."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
import yaml

from gaia_judge.engines import EngineOptions
from gaia_judge.engines.registry import engine_entries
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.scales import parse_yaml


def engine_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that ``read_engine_options`` reads, and ``--engine``."""
    options = (
        click.option(
            "--engine", default="auto", show_default=True, help=f"auto, {', '.join(engine_entries())}."
        ),
        click.option(
            "--base-url",
            multiple=True,
            metavar="URL|FILE",
            help="OpenAI-compatible server, such as http://localhost:8000/v1; several, or a file with one in"
            " each line, share the work.",
        ),
        click.option(
            "--engine-arg",
            multiple=True,
            metavar="NAME=VALUE",
            help="Engine argument, such as tensor_parallel_size=2.",
        ),
        click.option(
            "--send",
            type=click.Choice(["auto", "images", "sequence", "mp4"]),
            default="auto",
            show_default=True,
            help="How frames go to a server; with mp4 the server chooses them.",
        ),
        click.option("--record", type=click.Path(), help="Recorded replies, for the replay engine."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def read_engine_options(given: Mapping[str, Any]) -> EngineOptions:
    """Return what the user set about the engine.

    Raises:
        GaiaJudgeError: An engine argument is not of the form NAME=VALUE.
    """
    return EngineOptions(
        base_urls=tuple(url for given_url in given["base_url"] for url in _urls(given_url)),
        engine_args=dict(_engine_arg(text) for text in given["engine_arg"]),
        send=given["send"],
        record=given["record"],
    )


def _urls(text: str) -> list[str]:
    """Return the addresses that a file lists, or the one that is given."""
    if "://" in text or not Path(text).is_file():
        return [text]
    try:
        lines = Path(text).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise GaiaJudgeError(f"{text} cannot be read: {error}.", "Write one address in each line.") from error
    found = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not found:
        raise GaiaJudgeError(f"{text} names no server.", "Write one address in each line.")
    return found


def _engine_arg(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise GaiaJudgeError(f"--engine-arg {text!r} is not NAME=VALUE.", "Write tensor_parallel_size=2.")
    try:
        return name, parse_yaml(value)
    except yaml.YAMLError as error:
        raise GaiaJudgeError(f"--engine-arg {text!r} cannot be read.", "Quote the value.") from error
