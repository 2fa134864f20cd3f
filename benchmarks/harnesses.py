"""lmms-eval's vLLM model, as ``benchmarks/speed.py`` asks it: a process that answers when it is told to.

    python benchmarks/harnesses.py CHECKPOINT QUESTIONS.json FRAMES BATCH

Runs in lmms-eval's environment, not this project's. QUESTIONS.json lists ``{"video": PATH, "text": TEXT}``.
Each line on stdin has all of them answered; each answer on stdout is the seconds that took.

lmms-eval runs from its source in an environment that sees this project's packages (a ``.pth`` file) and
adds, without their requirements: evaluate datasets accelerate qwen-vl-utils jsonlines sacrebleu portalocker
colorama lxml tabulate pytablewriter tenacity multiprocess dill xxhash tqdm-multiprocess DataProperty
mbstrdecoder pathvalidate tabledata tcolorpy typepy pytz.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

SETTINGS = {
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "VLLM_LOGGING_LEVEL": "ERROR",
    "HF_HUB_OFFLINE": "1",
}
"""Those of our engine on a CPU."""

BATCH = 64
"""As many questions at a time as our engine holds."""

TASK, SPLIT = "speed", "test"


class Harness:
    """lmms-eval in a process of its own.

    Args:
        where: Its interpreter and the folder of its source, with a colon between.
        checkpoint: The model.
        questions: As in QUESTIONS.json.
        frames: Frames per video.
        home: A folder for QUESTIONS.json.
    """

    def __init__(
        self, where: str, checkpoint: Path, questions: list[dict[str, str]], frames: int, home: Path
    ) -> None:
        python, _, folder = where.partition(":")
        file = home / "questions.json"
        file.write_text(json.dumps(questions), encoding="utf-8")
        self._process = subprocess.Popen(
            [python, "-P", __file__, str(checkpoint), str(file), str(frames), str(BATCH)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, **SETTINGS, "PYTHONPATH": folder},
        )
        assert self._process.stdin
        assert self._process.stdout
        self._tell, self._hear = self._process.stdin, self._process.stdout
        if self._hear.readline() != "ready\n":
            raise SystemExit("lmms-eval does not start.")

    def run(self) -> float:
        """Have all questions answered and return the seconds it took."""
        self._tell.write("go\n")
        self._tell.flush()
        return float(self._hear.readline())

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()


def load(checkpoint: str, questions: list[dict[str, str]], frames: int, batch: int) -> Any:
    """Return lmms-eval's model, with the questions as its only task."""
    from lmms_eval.models.chat.vllm import VLLM

    model = VLLM(
        model=checkpoint,
        batch_size=batch,
        max_frame_num=frames,
        nframes=frames,
        max_new_tokens=1,
        dtype="float32",
        max_model_len=8192,
        enforce_eager=True,
        block_size=32,
        enable_prefix_caching=True,
        limit_mm_per_prompt={"image": frames},
    )
    model.task_dict = {TASK: {SPLIT: questions}}
    return model


def instances(count: int) -> list[Any]:
    """Return one request per question, as lmms-eval's tasks make them."""
    from lmms_eval.api.instance import Instance

    found = []
    for number in range(count):
        arguments = ("", messages, {"max_new_tokens": 1, "temperature": 0}, number, TASK, SPLIT)
        metadata = {"task": TASK, "doc_id": number, "repeats": 1}
        found.append(Instance("generate_until", arguments, number, metadata))
    return found


def messages(question: dict[str, str]) -> list[dict[str, Any]]:
    """Return a question's conversation, the video before the text."""
    content = [{"type": "video", "url": question["video"]}, {"type": "text", "text": question["text"]}]
    return [{"role": "user", "content": content}]


def main() -> None:
    checkpoint, file, frames, batch = sys.argv[1:5]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the harness and vLLM print is no answer
    questions = json.loads(Path(file).read_text(encoding="utf-8"))
    model = load(checkpoint, questions, int(frames), int(batch))
    requests = instances(len(questions))
    print("ready", file=answers, flush=True)
    for _ in sys.stdin:
        model.client.reset_mm_cache()
        model.client.reset_prefix_cache()
        model.client.llm_engine.reset_encoder_cache()
        start = time.perf_counter()
        found = model.generate_until(requests)
        seconds = time.perf_counter() - start
        assert len(found) == len(questions)
        print(seconds, file=answers, flush=True)


if __name__ == "__main__":
    main()
