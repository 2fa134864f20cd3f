"""Many raters at once and a server that dies: the short form of ``benchmarks/studio.py``."""

import shutil
import signal as signals
import socket

import httpx

from benchmarks.studio import measure
from tests.studios import served


def test_each_acknowledged_vote_is_found_once(tmp_path):
    found = measure(tmp_path, raters=20, session=6, videos=12)
    assert found["votes"] == found["expected"] == found["faults"]["acknowledged"] == 120
    assert found["lost_requests"] > 0  # it did die on them
    assert found["sent_twice"] > 0
    assert {name for name, count in found["faults"].items() if count} == {"acknowledged"}
    assert set(found["statuses"]) <= {200, 206, 303}


RAW = [
    (b"GET /r/../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", b" 404 "),
    (b"GET /../../../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", b" 404 "),
    (b"GET /r/..%2f..%2fstudy.db HTTP/1.1\r\nHost: x\r\n\r\n", b" 404 "),
    (b"GET /r/%ff%fe%00 HTTP/1.1\r\nHost: x\r\n\r\n", b" 404 "),
    (b"GET //evil.example/ HTTP/1.1\r\nHost: x\r\n\r\n", b" 404 "),
    (b"NONSENSE\r\n\r\n", b" 400 "),
    (b"POST /owner/login HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n", b" 413 "),
]


def test_raw_requests_are_answered_calmly(studio_home, tmp_path):
    shutil.copytree(studio_home / "plain", tmp_path / "study")
    with served(tmp_path / "study") as server:
        (link,) = server.start("--invite", "1")
        for request, answer in RAW:
            with socket.create_connection(("127.0.0.1", server.port), timeout=10) as one:
                one.sendall(request)
                text = one.recv(65536)
            assert answer in text[:20], request[:60]
            assert b"root:" not in text
            assert b"\r\nserver:" not in text.lower()
        assert is_cut_off(server.port, b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: ")
        assert httpx.get(link).status_code == 200
        assert server.process.poll() is None
        end(server, signals.SIGINT)


def end(server, signal):
    """Ask the server to end, as it does."""
    server.process.send_signal(signal)
    assert server.process.wait(timeout=20) == 0
    assert "Traceback" not in server.process.stderr.read()


def is_cut_off(port, begin):
    """Return whether the server ends a connection whose header has no end."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as one:
        try:
            one.sendall(begin)
            for _ in range(100):
                one.sendall(b"a" * 100_000)
            return one.recv(100).startswith(b"HTTP/1.1 400")
        except OSError:
            return True


def test_it_ends_when_it_is_asked(studio_home, tmp_path):
    shutil.copytree(studio_home / "plain", tmp_path / "study")
    with served(tmp_path / "study") as server:
        server.start()
        end(server, signals.SIGTERM)
