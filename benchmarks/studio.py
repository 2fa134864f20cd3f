"""Many raters at once, and a server that is killed in the middle: is each acknowledged vote there, once?

    python -m benchmarks.studio [--raters 200] [--session 10] [--seconds 0]

200 raters on two cores:

| | without a pause, 10 clips each | 8 s for an answer, 6 clips each |
|---|---|---|
| votes acknowledged | 2,000 | 1,200 |
| of these lost, changed or stored twice | 0 | 0 |
| votes stored that nobody was told of | 0 | 0 |
| requests lost with the server, sent again | 1,274 | 401 |
| votes a second | 73 | 10 |
| seconds until a vote is saved: median, 95%, 99% | 0.49, 0.72, 0.87 | 0.01, 0.25, 0.37 |
| seconds until a page is there | 0.54, 0.82, 1.04 | 0.02, 0.75, 1.09 |
| processor seconds of the server | 21 | 18 |

Raters share one process of httpx on the same machine, ask for the page and the clip, and vote without a pause
unless ``--seconds`` says how long they take on average. One vote in ten is sent twice at once. After a third
of all votes the server is killed (SIGKILL) and after a second started again; what was not acknowledged is
sent again. Times are as a rater waits for them, the client's own work and waiting for its core included.
"""

import argparse
import asyncio
import json
import random
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from tempfile import TemporaryDirectory
from typing import Any

import av
import httpx
import numpy as np

from gaia_judge.studio.creations import create_study
from gaia_judge.studio.raters import invite
from gaia_judge.studio.stores import open_store
from gaia_judge.studio.studies import Study
from gaia_judge.videos import read_videos

TWICE = 0.1
"""Share of votes that are sent twice at once."""

PATIENCE_S = 120.0
"""How long a rater tries to send a vote, or to open a page."""

Scores = dict[str, str]


@dataclass
class Tally:
    """What raters have seen."""

    acknowledged: dict[str, Scores] = field(default_factory=dict)
    """Scores of each showing that the server has said to be saved."""
    seconds: dict[str, list[float]] = field(default_factory=lambda: {"page": [], "clip": [], "vote": []})
    retries: int = 0
    """Requests that were lost and sent again."""
    twice: int = 0
    statuses: Counter[int] = field(default_factory=Counter)


@dataclass
class Server:
    """The studio in a process of its own."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "gaia_judge.cli", "study", "serve", str(self.folder)]
        self.process = subprocess.Popen([*command, "--port", str(self.port)], stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()


async def ask(client: httpx.AsyncClient, tally: Tally, kind: str, method: str, url: str, **more: Any) -> Any:
    """Return the answer to a request, sent again until there is one."""
    end = time.monotonic() + PATIENCE_S
    while True:
        begin = time.monotonic()
        try:
            answer = await client.request(method, url, **more)
        except httpx.HTTPError:
            if time.monotonic() > end:
                raise
            tally.retries += 1
            await asyncio.sleep(random.uniform(0.2, 0.6))
            continue
        tally.seconds[kind].append(time.monotonic() - begin)
        tally.statuses[answer.status_code] += 1
        return answer


async def rate(client: httpx.AsyncClient, token: str, tally: Tally, pause: float) -> None:
    """Go through a whole session."""
    home = f"/r/{token}"
    while True:
        text = (await ask(client, tally, "page", "GET", home)).text
        step = re.search(rf'action="{home}/(?!pass)(\w+)(?:/([^"]+))?"', text)
        if not step:
            assert "Thank you" in text, text
            return
        csrf = {"csrf": re.findall(r'name="csrf" value="([^"]+)"', text)[0]}
        if step[1] != "vote":
            options = dict(re.findall(r'type="radio" name="([^"]+)" value="([^"]+)"', text))
            path = f"{home}/{step[1]}" + (f"/{step[2]}" if step[2] else "")
            await ask(client, tally, "page", "POST", path, data={**csrf, **options})
            continue
        clip = re.findall(r'<video id="clip" src="([^"]+)"', text)[0]
        await ask(client, tally, "clip", "GET", clip, headers={"Range": "bytes=0-"})
        if pause:
            await asyncio.sleep(random.expovariate(1 / pause))
        names = re.findall(r'id="([a-z]+)-question"', text)
        scores = {name: str(random.randint(0, 100)) for name in names}
        await send(client, f"{home}/vote/{step[2]}", csrf, scores, tally)
        tally.acknowledged[step[2]] = scores


async def send(client: httpx.AsyncClient, path: str, csrf: Scores, scores: Scores, tally: Tally) -> None:
    """Send a vote until it is acknowledged, now and then twice at once."""
    count = 2 if random.random() < TWICE else 1
    tally.twice += count - 1
    headers = {"Accept": "application/json"}
    sent = [
        ask(
            client,
            tally,
            "vote",
            "POST",
            path,
            data={**csrf, **{f"score-{name}": score for name, score in scores.items()}},
            headers=headers,
        )
        for _ in range(count)
    ]
    for answer in await asyncio.gather(*sent):
        assert answer.status_code == 200, answer.text
        assert answer.json()["saved"] is True


async def run(server: Server, tokens: list[str], tally: Tally, kill_at: int, pause: float) -> float:
    """Let all rate at once, kill the server after so many votes, and return the seconds it took."""
    async with httpx.AsyncClient(base_url=server.url) as client:
        await ask(client, tally, "page", "GET", "/")
    tally.seconds["page"].clear()
    begin = time.monotonic()
    people = asyncio.gather(*(visit(server.url, token, tally, pause) for token in tokens))
    while len(tally.acknowledged) < kill_at and not people.done():
        await asyncio.sleep(0.01)
    server.kill()
    await asyncio.sleep(1)
    server.start()
    await people
    return time.monotonic() - begin


async def visit(url: str, token: str, tally: Tally, pause: float) -> None:
    """Go through a session on connections of one's own, as browsers do."""
    async with httpx.AsyncClient(base_url=url, timeout=60, verify=False, trust_env=False) as client:
        await rate(client, token, tally, pause)


def count_faults(folder: Path, tally: Tally) -> dict[str, int]:
    """Return what differs between what was acknowledged and what is stored; read by sqlite3 alone."""
    import sqlite3

    stored: dict[str, Scores] = {}
    rows = 0
    with sqlite3.connect(folder / "study.db") as base:
        query = "SELECT public, dimension, score FROM votes JOIN showings ON showing = showings.id"
        for public, dimension, score in base.execute(query):
            stored.setdefault(public, {})[dimension] = f"{score:g}"
            rows += 1
        (counted,) = base.execute("SELECT sum(votes) FROM videos").fetchone()
        (ratings,) = base.execute(
            "SELECT count(*) FROM showings WHERE role = 'rating' AND answered IS NOT NULL"
        ).fetchone()
        (check,) = base.execute("PRAGMA integrity_check").fetchone()
    return {
        "acknowledged": len(tally.acknowledged),
        "lost": sum(public not in stored for public in tally.acknowledged),
        "changed": sum(stored.get(public, scores) != scores for public, scores in tally.acknowledged.items()),
        "never acknowledged": sum(public not in tally.acknowledged for public in stored),
        "stored twice": rows - sum(map(len, stored.values())),
        "miscounted": abs(counted - ratings),
        "damaged": int(check != "ok"),
    }


def write_videos(folder: Path, count: int) -> None:
    """Write short clips of noise."""
    folder.mkdir()
    noise = np.random.default_rng(0)
    for number in range(count):
        with av.open(str(folder / f"clip{number}.mp4"), "w") as container:
            stream = container.add_stream("libx264", rate=8, options={"preset": "ultrafast", "crf": "40"})
            stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
            for _ in range(8):
                image = noise.integers(0, 256, (120, 160, 3), dtype=np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
            container.mux(stream.encode(None))


def measure(
    folder: Path, *, raters: int, session: int, pause: float = 0.0, videos: int = 40
) -> dict[str, Any]:
    """Run the whole and return what was found.

    Args:
        folder: Empty.
        raters: At once.
        session: Clips of each.
        pause: Mean seconds that a rater takes for an answer.
        videos: To be rated.
    """
    write_videos(folder / "videos", videos)
    study = Study(votes=10_000, session=session, checks=1, repeats=0.1, pause=5, full_viewing=False).filled()
    create_study(study, read_videos(folder / "videos"), folder / "study")
    store, _ = open_store(folder / "study")
    tokens = invite(store, raters)
    store.close()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        server = Server(folder / "study", free.getsockname()[1])
    tally = Tally()
    server.start()
    try:
        seconds = asyncio.run(run(server, tokens, tally, raters * session // 3, pause))
    finally:
        server.kill()
    times = {
        kind: {f"p{level}": round(float(np.quantile(many, level / 100)), 3) for level in (50, 95, 99)}
        for kind, many in tally.seconds.items()
    }
    client, servers = (getrusage(who) for who in (RUSAGE_SELF, RUSAGE_CHILDREN))
    return {
        "raters": raters,
        "votes": len(tally.acknowledged),
        "expected": raters * session,
        "seconds": round(seconds, 1),
        "votes_per_second": round(len(tally.acknowledged) / seconds, 1),
        "processor_seconds": {
            "client": round(client.ru_utime + client.ru_stime, 1),
            "server": round(servers.ru_utime + servers.ru_stime, 1),
        },
        "lost_requests": tally.retries,
        "sent_twice": tally.twice,
        "statuses": dict(sorted(tally.statuses.items())),
        "times": times,
        "faults": count_faults(folder / "study", tally),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--raters", type=int, default=200)
    parser.add_argument("--session", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=0.0)
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        found = measure(Path(folder), raters=given.raters, session=given.session, pause=given.seconds)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
