"""``gaia-judge study serve``: the pages on which a study is rated and watched."""

import os
import re
from pathlib import Path
from typing import Any

import click

from gaia_judge.cli.screens import err
from gaia_judge.errors import GaiaJudgeError

EPILOG = """
\b
Examples:
  gaia-judge study serve study/ --invite 20                      # prints 20 links, then serves
  gaia-judge study serve study/ --host 0.0.0.0 --url https://rate.example.org
  gaia-judge study serve study/ --judge runs/a --labels 200 --aim leaderboard

Each rater has a link of their own; only its digest is kept, so it is shown once, here or on the owner's page,
where a lost one can be replaced and a rater who withdraws is deleted. The owner's page is /owner; its secret
is in owner-secret.txt. Every vote is on the disk before it is acknowledged: the server may be stopped and
started at any time (--invite adds raters each time). Where raters come from elsewhere, let a web server with
TLS stand before it, and give its address with --url. Exit code: 0 stopped, 2 bad usage.
"""

EVERYWHERE = ("0.0.0.0", "::")
"""Hosts that are no address but all of this machine's."""


@click.command("study serve", epilog=EPILOG)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8765, show_default=True, help="Port.")
@click.option(
    "--invite", type=click.IntRange(0, 10_000), default=0, help="Add so many raters, print their links."
)
@click.option("--url", help="How raters reach the server, for links [default: http://HOST:PORT].")
@click.option("--judge", type=click.Path(path_type=Path), metavar="RUN", help="Ask where this run is unsure.")
@click.option("--labels", type=click.IntRange(1), help="With --judge: how many videos are asked about.")
@click.option(
    "--aim",
    type=click.Choice(["uncertainty", "leaderboard"]),
    default="uncertainty",
    show_default=True,
    help="With --judge: narrow the mean of all videos, or the widest interval of a generator.",
)
def command(folder: Path, host: str, port: int, invite: int, url: str | None, **given: Any) -> None:
    """Serve the study in DIR until it is stopped."""
    judge, labels, aim = given["judge"], given["labels"], given["aim"]
    if bool(judge) != bool(labels):
        raise GaiaJudgeError("--judge and --labels go together.", "Give both, or neither.")
    home = _check_home(host, port, url, invite)
    import uvicorn

    from gaia_judge.studio.apps import make_app
    from gaia_judge.studio.creations import read_secret
    from gaia_judge.studio.draws import draw
    from gaia_judge.studio.raters import invite as add
    from gaia_judge.studio.stores import open_store

    store, study = open_store(folder)
    secret = read_secret(folder)
    _check_port(host, port)  # before anything is written
    if judge:
        count = draw(store, judge, labels, aim)
        err.print(f"{count} videos are asked about, as {judge} is unsure of them.", soft_wrap=True)
    for token in add(store, invite):
        click.echo(f"{home}/r/{token}")
    page = f"{home or f'http://127.0.0.1:{port}'}/owner"
    err.print(f"Owner's page: {page} (its secret: {folder / 'owner-secret.txt'})", soft_wrap=True)
    # Links hold tokens, so no request is logged. Of the two parsers only h11 bounds headers.
    settings: dict[str, Any] = {"access_log": False, "server_header": False, "log_level": "warning"}
    settings |= {"http": "h11", "h11_max_incomplete_event_size": 32 * 1024, "limit_concurrency": 4096}
    uvicorn.run(make_app(store, study, secret, home), host=host, port=port, **settings)


def _check_home(host: str, port: int, url: str | None, invite: int) -> str:
    """Return the address that links begin with; nothing where only who opens the owner's page can tell."""
    if url is not None:
        if not re.fullmatch(r"https?://[^/?#\s]+/?", url):
            hint = "Give scheme and host alone, such as https://rate.example.org."
            raise GaiaJudgeError(f"--url {url} is no address that links can begin with.", hint)
        return url.rstrip("/")
    if host not in EVERYWHERE:
        return f"http://{'[' + host + ']' if ':' in host else host}:{port}"
    if invite:
        hint = "Say with --url how raters reach this machine, or make links on the owner's page."
        raise GaiaJudgeError(f"Links cannot begin with {host}.", hint)
    return ""


def _check_port(host: str, port: int) -> None:
    """Refuse an address before uvicorn logs it in its own way."""
    import socket

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as one:
        if os.name == "posix":
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((host, port))
        except OSError as error:
            message = f"{host}:{port} cannot be listened on: {error.strerror}."
            raise GaiaJudgeError(message, "Give another --port, or end what listens there.") from error
