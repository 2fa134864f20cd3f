"""Servers for the tests: one that speaks a known language and can be told to fail, and a real vLLM."""

import json
import math
import os
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

END = chr(3)
"""The scripted model's end of turn; its tokens are single characters, their ids code points."""

Fault = Callable[["ScriptedServer", dict[str, Any], str], tuple[int, bytes] | Callable[[Any], None] | None]
"""Answers instead of the model with status and body, drops the connection (None), or gives what
writes to it."""


class ScriptedServer(ThreadingHTTPServer):
    """An OpenAI-compatible server on a free port of the loopback.

    Args:
        says: Utterance -> probability: the model's language, from which every truth can be computed.
        vllm: Whether it has vLLM's fields and routes, or whole words as tokens and JSON schemas only.
        refuses: Fields that it answers with 400.
        ignores: Fields that it overlooks without a word, and paths that it does not have.
        unknown: Fields that it does not list either.
        takes: Frames that it takes of a sequence.
        fault: Called for every chat once ``armed``; it may raise ``Pass`` to let the model answer.
    """

    daemon_threads = True
    request_queue_size = 128  # of five, some of a burst of requests would wait a second to be let in

    def __init__(
        self,
        says: Mapping[str, float],
        *,
        vllm: bool = True,
        refuses: tuple[str, ...] = (),
        ignores: tuple[str, ...] = (),
        unknown: tuple[str, ...] = (),
        takes: int = 32,
        fault: Fault | None = None,
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.says, self.vllm, self.takes, self.fault = says, vllm, takes, fault
        self.refuses, self.ignores, self.unknown = refuses, (*ignores, *unknown), unknown
        self.armed = False
        self.chats: list[dict[str, Any]] = []
        self.busy = self.busiest = 0
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def __enter__(self) -> "ScriptedServer":
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, *_: object) -> None:
        """Clients that have gone are no news."""

    def get(self, path: str) -> Any:
        if path == "/v1/models":
            return {"data": [{"id": "scripted", "owned_by": "vllm" if self.vllm else "somebody"}]}
        if self.vllm and path == "/version":
            return {"version": "0.99"}
        if self.vllm and path == "/openapi.json":
            known = {"structured_outputs", "logprob_token_ids", "media_io_kwargs"} - set(self.unknown)
            fields = {name: {} for name in sorted(known)}
            return {"components": {"schemas": {"ChatCompletionRequest": {"properties": fields}}}}
        return None

    def post(self, path: str, body: dict[str, Any]) -> Any:
        if path in self.ignores:
            return None
        if path == "/v1/chat/completions":
            return self.chat({name: value for name, value in body.items() if name not in self.ignores})
        if path == "/tokenize":
            return {"tokens": [ord(sign) for sign in (body["prompt"] if "prompt" in body else _render(body))]}
        if path == "/detokenize":
            return {"prompt": "".join(map(chr, body["tokens"]))}
        return None

    def after(self, said: str) -> Counter[str]:
        """Return the probabilities of the next character."""
        found: Counter[str] = Counter()
        for text, share in self.says.items():
            if (text + END).startswith(said):
                found[(text + END)[len(said)]] += share
        total = sum(found.values())
        return Counter({sign: share / total for sign, share in found.items()})

    def chat(self, body: dict[str, Any]) -> Any:
        if self.vllm and "logprob_token_ids" in body:
            return self._completion(body, [self._scored(body)])
        if "structured_outputs" in body or "response_format" in body:
            return self._completion(
                body, [{"message": {"content": self._constrained(body)}}] * body.get("n", 1)
            )
        ranked = sorted(self.says.items(), key=lambda one: -one[1])[: body.get("top_logprobs", 0)]
        tops = [{"token": text, "logprob": math.log(share)} for text, share in ranked]
        best = max(self.says, key=self.says.__getitem__)
        choice: dict[str, Any] = {"message": {"content": best}, "finish_reason": "stop"}
        if body.get("logprobs"):
            choice["logprobs"] = {"content": [{"token": best, "logprob": -0.1, "top_logprobs": tops}]}
        return self._completion(body, [choice])

    def _completion(self, body: dict[str, Any], choices: list[dict[str, Any]]) -> dict[str, Any]:
        """Return an answer; each frame that the server takes makes the prompt a token longer."""
        parts = [
            part for turn in body["messages"] if isinstance(turn["content"], list) for part in turn["content"]
        ]
        frames = sum(part["video_url"]["url"].count(",") for part in parts if "video_url" in part)
        prompt = 10 + min(frames, self.takes)
        usage = {
            "prompt_tokens": prompt,
            "completion_tokens": 1,
            "prompt_tokens_details": {"cached_tokens": 4},
        }
        return {"choices": choices, "usage": usage}

    def _scored(self, body: dict[str, Any]) -> dict[str, Any]:
        pattern = re.compile(body.get("structured_outputs", {}).get("regex", r"[\s\S]*"))
        allowed = [chr(token) for token in body["allowed_token_ids"]]
        said, content = "", []
        for _ in range(body["max_tokens"]):
            chances = self.after(said)
            wanted = {chr(token): chances[chr(token)] for token in body["logprob_token_ids"]}
            tops = [
                {"token": f"token_id:{ord(sign)}", "logprob": math.log(share) if share else -800.0}
                for sign, share in wanted.items()
            ]
            fits = [sign for sign in allowed if _can_become(pattern, said + sign)]
            said += max(fits, key=chances.__getitem__)
            content.append({"token": f"token_id:{ord(said[-1])}", "logprob": 0.0, "top_logprobs": tops})
        ids = [ord(sign) for sign in said]
        return {"message": {"content": said}, "logprobs": {"content": content}, "token_ids": ids}

    def _constrained(self, body: dict[str, Any]) -> str:
        if "response_format" in body:
            fields = body["response_format"]["json_schema"]["schema"]["properties"]
            return json.dumps({name: self._likeliest(field["enum"]) for name, field in fields.items()})
        wanted = body["structured_outputs"]
        if "choice" in wanted:
            return self._likeliest(wanted["choice"])
        # Of a form's pattern: the first choice of every group.
        return re.sub(r"\(([^|)]*)[^)]*\)", r"\1", wanted["regex"]).replace("\\", "")

    def _likeliest(self, labels: list[str]) -> str:
        return max(labels, key=lambda label: self.says.get(label, 0.0))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: ScriptedServer

    def do_GET(self) -> None:
        status, found = self._plain(self.server.get(self.path))
        self._answer(status, json.dumps(found).encode())

    def do_POST(self) -> None:
        server = self.server
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with server.lock:
            server.busy += 1
            server.busiest = max(server.busiest, server.busy)
        try:
            chat = self.path.endswith("/completions")
            answer = self._chat(body) if chat else self._plain(server.post(self.path, body))
        finally:
            with server.lock:
                server.busy -= 1
        if callable(answer):
            answer(self)
            self.close_connection = True
        elif answer is None:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        else:
            status, found = answer
            self._answer(status, found if isinstance(found, bytes) else json.dumps(found).encode())

    def _plain(self, found: Any) -> tuple[int, Any]:
        return (404 if found is None else 200), found

    def _chat(self, body: dict[str, Any]) -> Any:
        server = self.server
        server.chats.append(body)
        refused = [name for name in server.refuses if name in body]
        if refused:
            return 400, {"error": {"message": f"Unsupported parameter: '{refused[0]}'"}}
        if server.armed and server.fault:
            try:
                return server.fault(server, body, self.headers.get("Authorization", ""))
            except Pass:
                pass
        return 200, server.post(self.path, body)

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("retry-after-ms", "1")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Pass(Exception):
    """Raised by a fault that lets the model answer."""


def _render(body: dict[str, Any]) -> str:
    text = "".join(f"{turn['role']}: {turn['content']}{END}" for turn in body["messages"])
    return text + ("assistant: " if body["add_generation_prompt"] else "")


def _can_become(pattern: re.Pattern[str], text: str) -> bool:
    """Tell whether a text, as far as it goes, fits a forced beginning that is free after it."""
    forced = pattern.pattern.removesuffix(r"[\s\S]*").replace("\\", "")
    return text.startswith(forced) or forced.startswith(text)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def start_vllm(folder: Path, log: Path, *more: str) -> tuple[subprocess.Popen[bytes], str]:
    """Start a vLLM server for a checkpoint and return its process and address once it answers."""
    port = free_port()
    env = {
        **os.environ,
        **{"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_CPU_OMP_THREADS_BIND": "nobind", "HF_HUB_OFFLINE": "1"},
        **{"VLLM_ENABLE_V1_MULTIPROCESSING": "0", "VLLM_NO_USAGE_STATS": "1"},
    }
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(folder)]
    command += ["--host", "127.0.0.1", "--port", str(port), "--dtype", "float32", "--max-model-len", "4096"]
    command += ["--enforce-eager", "--block-size", "32", "--enable-prompt-tokens-details", *more]
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=env, stdout=out, stderr=subprocess.STDOUT)
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2).close()
        except OSError:
            time.sleep(0.5)
        else:
            return process, f"http://127.0.0.1:{port}/v1"
    process.kill()
    raise RuntimeError(f"vLLM did not start:\n{log.read_text(errors='replace')[-3000:]}")


@pytest.fixture(scope="session")
def vllm_server(engine_home: Callable[[Any], Path]) -> Iterator[tuple[str, Path]]:
    """A real vLLM server on the loopback and the checkpoint that it serves under its folder's name."""
    pytest.importorskip("vllm")
    folder = engine_home("llava-onevision") / "checkpoint"
    process, url = start_vllm(folder, folder.parent / "server.log", "--trust-request-mm-kwargs")
    yield url, folder
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
