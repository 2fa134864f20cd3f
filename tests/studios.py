"""Small studies for the tests, and visitors who go through them as a browser without scripts would.

What is heavy is imported inside functions: all tests load this module.
"""

import html
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from gaia_judge.videos import read_videos
from tests.clips import write_clip

VIDEOS = 8

PLAIN = {"votes": 3, "session": 12, "repeats": 0, "checks": 0, "pause": 0, "full_viewing": False}
"""Settings of a study that asks for nothing but ratings."""


def write_videos(folder: Path, count: int = VIDEOS, frames: int = 4) -> Path:
    """Write short clips of two generators, with prompts."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = ["path,prompt,action,generator"]
    for number in range(count):
        name = f"clip{number}.mp4"
        write_clip(folder / name, frames=frames, size=(96, 64), options={"preset": "ultrafast"})
        rows.append(f"{name},A person acts {number}.,acting {number},maker {number % 2}")
    (folder / "prompts.csv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture(scope="session")
def studio_home(tmp_path_factory) -> Path:
    """A folder with ``videos`` and a study ``plain`` of them, which is copied and never changed."""
    from gaia_judge.studio.creations import create_study
    from gaia_judge.studio.studies import Study

    home = tmp_path_factory.mktemp("studio")
    write_videos(home / "videos")
    create_study(Study(**PLAIN).filled(), read_videos(home / "videos"), home / "plain")
    return home


@dataclass
class Visitor:
    """One who follows a link; ``client`` is httpx's or Starlette's."""

    client: httpx.Client
    token: str
    page: httpx.Response | None = None
    voted: list[str] = field(default_factory=list)

    @property
    def home(self) -> str:
        return f"/r/{self.token}"

    @property
    def text(self) -> str:
        return self.page.text

    def look(self) -> str:
        """Open the link; return the stage at which the visitor stands."""
        self.page = self.client.get(self.home)
        assert self.page.status_code == 200, self.page.text
        return self.stage

    @property
    def stage(self) -> str:
        found = re.search(r'action="/r/[^/]+/(consent|background|vote|onward)(?:/([^"]+))?"', self.text)
        if not found:
            return "thanks" if "Thank you" in self.text else "message"
        if found[1] == "onward":
            return "pause" if found[2].isdigit() else "feedback"
        return {"vote": "training" if "<title>Example" in self.text else "rating"}.get(found[1], found[1])

    @property
    def csrf(self) -> str:
        return re.search(r'name="csrf" value="([^"]+)"', self.text)[1]

    @property
    def showing(self) -> str:
        return re.search(r"/(?:vote|onward)/([^\"]+)\"", self.text)[1]

    @property
    def clip(self) -> str:
        return html.unescape(re.search(r'<video id="clip" src="([^"]+)"', self.text)[1])

    @property
    def names(self) -> list[str]:
        """The dimensions that are asked about."""
        return list(dict.fromkeys(re.findall(r'id="([a-z_-]+)-question"', self.text)))

    def post(self, path: str, fields: dict | None = None, **more) -> httpx.Response:
        prefix = {"vote": "score-", "background": "about-"}.get(path.split("/")[0], "")
        data = {"csrf": self.csrf, **{prefix + name: value for name, value in (fields or {}).items()}}
        return self.client.post(f"{self.home}/{path}", data=data, follow_redirects=False, **more)

    def vote(self, scores: dict | None = None, showing: str | None = None, **more) -> httpx.Response:
        answer = self.post(
            f"vote/{showing or self.showing}", scores or dict.fromkeys(self.names, "50"), **more
        )
        if answer.status_code in (200, 303):
            self.voted.append(showing or self.showing)
        return answer

    def begin(self) -> str:
        """Go on to the first clip; return the stage."""
        while (stage := self.look()) in ("consent", "background"):
            told = {
                name: html.unescape(value)
                for name, value in re.findall(r'type="radio" name="about-([^"]+)" value="([^"]+)"', self.text)
            }
            assert self.post(stage, told).status_code == 303
        return stage

    def finish(self, score=lambda visitor: "50") -> int:
        """Go through everything that is left; return the number of clips that were rated."""
        count = 0
        while (stage := self.begin()) != "thanks":
            if stage in ("training", "rating"):
                count += 1
                assert self.vote({name: score(self) for name in self.names}).status_code == 303
            else:
                assert self.post(f"onward/{self.showing}").status_code == 303
        return count


class Studio:
    """A study that is served to test clients."""

    def __init__(self, folder: Path, home: str = "") -> None:
        from starlette.testclient import TestClient

        from gaia_judge.studio.apps import make_app
        from gaia_judge.studio.creations import read_secret
        from gaia_judge.studio.stores import open_store

        self.folder = folder
        self.store, self.study = open_store(folder)
        self.app = make_app(self.store, self.study, read_secret(folder), home)
        self.client = TestClient(self.app, base_url="http://studio", follow_redirects=False)

    @property
    def desk(self):
        return self.app.state.desk

    def visitors(self, count: int) -> list[Visitor]:
        from gaia_judge.studio.raters import invite

        return [Visitor(self.client, token) for token in invite(self.store, count)]

    def rows(self, query: str) -> list[tuple]:
        with self.store.read() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query)]


@pytest.fixture
def studio(studio_home, tmp_path):
    """Return a function that serves a copy of the plain study with some settings changed."""
    from sqlalchemy import update

    from gaia_judge.studio.records import settings
    from gaia_judge.studio.stores import open_store
    from gaia_judge.studio.studies import Study

    opened = []

    def serve(name: str = "study", **changes) -> Studio:
        folder = tmp_path / name
        shutil.copytree(studio_home / "plain", folder)
        if changes:
            store, _ = open_store(folder)
            study = Study(**{**PLAIN, **changes}).filled()
            with store.write() as connection:
                change = update(settings).where(settings.c.name == "study")
                connection.execute(change.values(value=study.model_dump(mode="json")))
                for example in study.training:
                    line = "UPDATE videos SET role = 'training' WHERE name = ?"
                    connection.exec_driver_sql(line, (example.video,))
            store.close()
        opened.append(Studio(folder))
        return opened[-1]

    yield serve
    for one in opened:
        one.client.close()
        one.store.close()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@dataclass
class Served:
    """A server in a process of its own, which may be killed and started again."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, *options: str) -> list[str]:
        """Start it and wait until it answers; return the links it printed."""
        command = [sys.executable, "-m", "gaia_judge.cli", "study", "serve", str(self.folder)]
        self.process = subprocess.Popen(
            [*command, "--port", str(self.port), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                httpx.get(f"{self.url}/", timeout=5)
                break
            except httpx.HTTPError:
                assert self.process.poll() is None, self.process.stderr.read()
                time.sleep(0.05)
        count = int(options[options.index("--invite") + 1]) if "--invite" in options else 0
        return [self.process.stdout.readline().strip() for _ in range(count)]

    def kill(self) -> None:
        """End it at once, as by ``kill -9``."""
        if self.process:
            self.process.kill()
            self.process.communicate()
            self.process = None


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    one = Served(folder)
    try:
        yield one
    finally:
        one.kill()
