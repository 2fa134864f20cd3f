"""Pools of worker processes that decode ahead and may crash, hang or leak at the cost of one video each."""

import os
import signal
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing import Pipe
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Self, cast

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.frames.parcels import bytes_of, receive
from gaia_judge.frames.samples import sample
from gaia_judge.frames.specs import Frames, FrameSpec
from gaia_judge.frames.workers import ADVICE, GIB, Decode
from gaia_judge.videos import Video

START = "import sys; from gaia_judge.frames.workers import serve; serve(int(sys.argv[1]))"
START_S, STOP_S = 60.0, 5.0
"""Seconds that a worker may take to start and to end."""

Answer = Frames | GaiaJudgeError
Waiting = deque[tuple[Video, "Future[Answer]"]]


class Decoders:
    """Decodes videos in worker processes, in order and ahead of the reader.

    Workers are new interpreters rather than forks or ``multiprocessing`` children: they inherit no CUDA
    context and never import the caller's main module.

    Args:
        spec: Which frames, by which decoder, within which limits.
        processes: Workers; each decodes one video at a time on one core. By default at most 4, fewer if that
            leaves the caller a core.
        ahead: Videos that may be decoded or in work before the reader asks for them.
        ahead_gib: Memory that waiting frames may take; one video is decoded however big it is.
        decode: What the workers run; any importable function.
    """

    def __init__(
        self,
        spec: FrameSpec,
        *,
        processes: int | None = None,
        ahead: int = 8,
        ahead_gib: float = 2.0,
        decode: Decode = sample,
    ) -> None:
        self._spec, self._function = spec, decode
        self._ahead, self._ahead_bytes = ahead, ahead_gib * GIB
        self._largest = 0
        self._waiting = Waiting()
        self._closed = False
        processes = processes or max(1, min(4, (os.cpu_count() or 1) - 1))
        self._workers: list[Worker | None] = [None] * processes
        self._idle: SimpleQueue[int] = SimpleQueue()
        for place in range(processes):
            self._idle.put(place)
        self._threads = ThreadPoolExecutor(processes, thread_name_prefix="decoder")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Have all workers start now, not when they are first needed; returns at once."""
        for _ in self._workers:
            self._threads.submit(self._start)

    def close(self) -> None:
        """End all workers at once, whatever they are doing."""
        self._closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        for worker in filter(None, self._workers):
            worker.kill()
        self._threads.shutdown()
        for worker in filter(None, self._workers):
            worker.stop()

    def stream(self, videos: Iterable[Video]) -> Iterator[tuple[Video, Answer]]:
        """Yield each video with its frames, or with the error that decoding it ended in.

        Args:
            videos: Read lazily, at most ``ahead`` videos before they are yielded.
        """
        source, waiting = iter(videos), Waiting()
        self._waiting = waiting
        try:
            while self._fill(waiting, source):
                video, coming = waiting.popleft()
                answer = coming.result()
                self._largest = max(self._largest, bytes_of(answer))
                self._fill(waiting, source)
                yield video, answer
        finally:
            for _, coming in waiting:
                coming.cancel()

    def is_ready(self) -> bool:
        """Tell whether the stream that was begun last yields its next video, or ends, without waiting."""
        return not self._waiting or self._waiting[0][1].done()

    def _fill(self, waiting: Waiting, source: Iterator[Video]) -> int:
        """Hand over videos while there is room; return how many are in work or waiting to be read."""
        while self._has_room(waiting) and (video := next(source, None)) is not None:
            waiting.append((video, self._threads.submit(self._decode, video)))
        return len(waiting)

    def _has_room(self, waiting: Waiting) -> bool:
        # What is in work will be as big as the biggest so far: most folders hold videos of one size. Before
        # a size is known, videos are decoded one by one.
        sizes = [bytes_of(coming.result()) if coming.done() else self._largest for _, coming in waiting]
        fits = self._largest > 0 and sum(sizes) + self._largest <= self._ahead_bytes
        return not waiting or (len(waiting) < self._ahead and fits)

    def _decode(self, video: Video) -> Answer:
        place = self._idle.get()
        try:
            worker = self._workers[place]
            if worker is not None and worker.alive:
                answer = worker.ask(video.path, self._spec)
                if answer is not None:
                    return answer
            # A death is blamed on a video only in a worker that has decoded no other.
            if self._closed:
                return GaiaJudgeError(f"{video.path} was not decoded, because the run ended.")
            worker = self._engage(place)
            answer = worker.ask(video.path, self._spec)
            died = f"The decoder died on {video.path}"
            return GaiaJudgeError(f"{died}: {worker.stop()}.", ADVICE) if answer is None else answer
        except OSError as error:
            what = f"No process could be started to decode {video.path}: {error}."
            return GaiaJudgeError(what, "Free some memory, or use fewer processes.")
        finally:
            self._idle.put(place)

    def _start(self) -> None:
        place = self._idle.get()
        try:
            if self._workers[place] is None and not self._closed:
                self._engage(place)
        except OSError:
            pass  # The first video that needs this worker tries again and tells.
        finally:
            self._idle.put(place)

    def _engage(self, place: int) -> "Worker":
        worker = self._workers[place] = Worker(self._function)
        if self._closed:  # Meanwhile; close() may not have seen this worker.
            worker.kill()
        return worker


def decode(video: Video, spec: FrameSpec) -> Frames:
    """Return one video's frames, decoded in a process of its own.

    Raises:
        GaiaJudgeError: It cannot be decoded.
    """
    with Decoders(spec, processes=1) as decoders:
        ((_, answer),) = decoders.stream([video])
    if isinstance(answer, GaiaJudgeError):
        raise answer
    return answer


class Worker:
    """A process that decodes one video at a time, seen from the parent.

    Args:
        decode: What it runs.

    Raises:
        OSError: It cannot be started.
    """

    def __init__(self, decode: Decode) -> None:
        self._connection, theirs = Pipe()
        self._log = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", START, str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._log,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)},
            pass_fds=[theirs.fileno()],
            start_new_session=True,  # Ctrl-C is for the parent.
        )
        theirs.close()
        try:
            self._connection.send(decode)
            if not self._connection.poll(START_S):
                raise OSError(f"it was not ready after {START_S:g} seconds")
            self._connection.recv()
        except (EOFError, OSError) as error:
            raise OSError(f"{self.stop()} ({error})") from error

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return not self._log.closed and self._process.poll() is None

    def ask(self, path: Path, spec: FrameSpec) -> Answer | None:
        """Have a video decoded; return frames, an error, or None if the process died."""
        try:
            self._connection.send((path, spec))
            if not self._connection.poll(spec.timeout_s):
                self.stop()
                what = f"Decoding {path} took longer than timeout_s={spec.timeout_s:g} allows."
                return GaiaJudgeError(what, ADVICE)
            answer, leaked = receive(self._connection)
        except (EOFError, OSError):
            return None
        except MemoryError:
            self.stop()
            return GaiaJudgeError(f"There is no memory for the frames of {path}.", ADVICE)
        if leaked:
            self.stop()
        return cast(Answer, answer)

    def kill(self) -> None:
        """End the process, from any thread; the thread that asks it learns that it died."""
        self._process.kill()

    def stop(self) -> str:
        """End the process, free what it held, and return what it died of."""
        if not self._log.closed:
            self._connection.close()
            self._process.kill()
            with suppress(subprocess.TimeoutExpired):  # Stuck in the kernel; it dies when it comes out.
                self._process.wait(STOP_S)
            self._log.seek(0)
            self._said = (self._log.read().strip().splitlines() or [""])[-1]
            self._log.close()
        code = self._process.returncode or 0
        cause = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return f"{cause}, {self._said}" if self._said else cause
