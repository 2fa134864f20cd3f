"""The transformers engine: runs on CPU, Apple GPUs and CUDA; constraints through outlines."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from gaia_judge.engines import (
    Draws,
    EngineOptions,
    Form,
    Labels,
    ModelSpec,
    Preview,
    Problem,
    Reply,
    Request,
    Text,
)
from gaia_judge.engines.checks import check_constraint, check_torchvision, load_problems
from gaia_judge.engines.conversations import Conversations, first_line
from gaia_judge.engines.replies import Written, read_draws, read_form, read_paragraph
from gaia_judge.engines.tokens import LabelWalk, Path
from gaia_judge.engines.transformers.calls import (
    extended,
    generation,
    pick_batch_size,
    pick_device,
    pick_dtype,
)
from gaia_judge.errors import EngineError, GaiaJudgeError
from gaia_judge.installs import gpu_memory_gib, memory_gib
from gaia_judge.scales import choice_constraint, form_constraint, paragraph_constraint


@dataclass(slots=True, eq=False)
class _Task:
    """A request in flight."""

    key: Hashable
    request: Request
    prompt: str
    walk: LabelWalk | None = None
    prompt_tokens: int = 0
    output_tokens: int = 0

    def usage(self) -> dict[str, Any]:
        return {"prompt_tokens": self.prompt_tokens, "output_tokens": self.output_tokens}


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """One forward pass that a task needs; ``node`` is how far into a label it stands."""

    task: _Task
    node: Path = ()

    @property
    def shape(self) -> tuple[Any, ...]:
        """Steps of one shape can share a batch; text that is sampled or long goes alone."""
        frames, ask = self.task.request.frames, self.task.request.ask
        size = None if frames is None else frames.images.shape
        return (size, len(self.node)) if isinstance(ask, Labels) else (size, id(self))


class TransformersEngine:
    """Plain transformers in this process.

    The engine argument ``batch_size`` is how many requests share a forward pass at most. Which ones do
    depends on the moment and may turn a sixth decimal; with 1, equal requests get equal answers.
    """

    @classmethod
    def problems(cls, model: ModelSpec, options: EngineOptions) -> list[Problem]:
        """Return why transformers cannot run the model here: packages, memory, weights."""
        gpu = gpu_memory_gib()
        return load_problems(model, gpu or memory_gib(), "GPU" if gpu else "main")

    def __init__(self, model: ModelSpec, options: EngineOptions) -> None:
        check_torchvision()
        self._batch = pick_batch_size(options.engine_args)
        self.width = 2 * self._batch
        self._spec = model
        self._device = pick_device()
        self._dtype = pick_dtype(model.dtype, self._device)
        self.conversations = Conversations(model)
        self._model = self._load()
        self._constraints: dict[Any, Any] = {}
        self._queue: list[_Step] = []
        self._ready: list[tuple[Hashable, Reply]] = []
        check_constraint(self, "transformers")

    def submit(self, key: Hashable, request: Request) -> None:
        """Queue a request; one that cannot be rendered becomes a reply with its reason."""
        try:
            task = _Task(key, request, self.conversations.render(request))
            if isinstance(request.ask, Labels):
                task.walk = self.conversations.walk(task.prompt, request.ask)
        except (ValueError, GaiaJudgeError) as error:
            self._ready.append((key, Reply(error=first_line(error))))
            return
        self._queue.append(_Step(task))

    def collect(self) -> list[tuple[Hashable, Reply]]:
        """Answer the oldest queued request together with those of its shape."""
        while self._queue and not self._ready:
            shape = self._queue[0].shape
            batch = [step for step in self._queue if step.shape == shape][: self._batch]
            self._queue = [step for step in self._queue if step not in batch]
            try:
                self._answer(batch)
            except (ValueError, RuntimeError) as error:
                self._fail(batch, error)
        ready, self._ready = self._ready, []
        return ready

    def preview(self, request: Request) -> Preview:
        """Return the prompt's text and its length with the video expanded."""
        return self.conversations.preview(request)

    def describe(self) -> dict[str, Any]:
        """Return versions, device and number format."""
        return {
            "engine": "transformers",
            "version": version("transformers"),
            "torch": version("torch"),
            "outlines": version("outlines"),
            "settings": {
                "device": self._device,
                "dtype": str(self._dtype).removeprefix("torch."),
                "batch_size": self._batch,
            },
        }

    def close(self) -> None:
        """Free the model."""
        self._model = None
        self._constraints.clear()

    def _load(self) -> Any:
        from transformers import AutoModelForImageTextToText

        try:
            model = AutoModelForImageTextToText.from_pretrained(
                self._spec.model,
                revision=self._spec.revision,
                dtype=self._dtype,
                use_safetensors=True,
                trust_remote_code=False,
            )
        except (OSError, ValueError, KeyError) as error:
            raise EngineError(
                f"transformers cannot load {self._spec.model}: {first_line(error)}",
                "Check the model's name, or download it with `hf download`.",
            ) from error
        return model.to(self._device).eval()

    def _answer(self, batch: Sequence[_Step]) -> None:
        frames = [step.task.request.frames for step in batch]
        inputs = self.conversations.inputs([step.task.prompt for step in batch], frames)
        inputs = extended(inputs, [step.node for step in batch]).to(self._device, self._dtype)
        for step, mask in zip(batch, inputs["attention_mask"], strict=True):
            step.task.prompt_tokens = step.task.prompt_tokens or int(mask.sum())
        if isinstance(batch[0].task.request.ask, Labels):
            self._read_labels(batch, inputs)
        else:
            (step,) = batch
            self._ready.append((step.task.key, self._write(step.task, inputs)))

    def _read_labels(self, batch: Sequence[_Step], inputs: Any) -> None:
        out = self._model.generate(
            **inputs, max_new_tokens=1, do_sample=False, output_logits=True, return_dict_in_generate=True
        )
        logprobs = out.logits[0].float().log_softmax(-1).cpu()
        for step, row in zip(batch, logprobs, strict=True):
            task, walk = step.task, step.task.walk
            assert walk is not None
            task.output_tokens += 1
            found = {token: float(row[token]) for token in walk.wanted(step.node)}
            self._queue[:0] = [_Step(task, node) for node in walk.receive(step.node, found)]
            if not walk.waiting:
                self._ready.append((task.key, walk.reply(**task.usage())))

    def _write(self, task: _Task, inputs: Any) -> Reply:
        """Generate text under the request's constraint and read it."""
        import torch
        from transformers import LogitsProcessorList

        ask = task.request.ask
        assert not isinstance(ask, Labels)
        constraint = self._constraint(ask)
        constraint.reset()
        torch.manual_seed(ask.seed if isinstance(ask, Draws | Form) else 0)
        # Not compiled: outlines' mask is a small kernel, and compiling it takes longer than a small run.
        with torch.compiler.set_stance("force_eager"):
            out = self._model.generate(
                **inputs,
                **generation(ask, self.conversations),
                logits_processor=LogitsProcessorList([constraint]),
                eos_token_id=self.conversations.stops,
                return_dict_in_generate=True,
                output_scores=True,
            )
        ids = out.sequences[:, inputs["input_ids"].shape[1] :].cpu()
        task.output_tokens += int(ids.numel())
        texts = self.conversations.tokenizer.batch_decode(ids, skip_special_tokens=True)
        if isinstance(ask, Draws):
            return read_draws(ask, texts, **task.usage())
        if isinstance(ask, Form):
            return read_form(ask, self._written(ids[0], out.scores), texts[0], **task.usage())
        ended = bool(set(ids[0].tolist()) & set(self.conversations.stops))
        return read_paragraph(texts[0], cut=not ended, **task.usage())

    def _written(self, ids: Any, scores: Sequence[Any]) -> list[Written]:
        decode = self.conversations.tokenizer.decode
        found = []
        for token, row in zip(ids.tolist(), scores, strict=False):
            if token in self.conversations.stops:
                break
            top = row[0].float().log_softmax(-1).topk(min(20, row.shape[-1]))
            alternatives = {decode([i]): float(p) for i, p in zip(top.indices, top.values, strict=True)}
            found.append(Written(decode([token]), alternatives))
        return found

    def _constraint(self, ask: Draws | Text | Form) -> Any:
        """Return outlines' logits processor for a request; building one is slow, so they are kept."""
        import outlines

        if isinstance(ask, Draws):
            wanted: tuple[Any, Any] = (("choice", ask.labels), lambda: choice_constraint(ask.labels))
        elif isinstance(ask, Form):
            wanted = (("form", ask.fields), lambda: form_constraint(ask.fields))
        else:
            wanted = ("paragraph", paragraph_constraint)
        name, build = wanted
        if name not in self._constraints:
            model = outlines.from_transformers(self._model, self.conversations.tokenizer)
            self._constraints[name] = outlines.Generator(model, build()).logits_processor
        return self._constraints[name]

    def _fail(self, batch: Sequence[_Step], error: Exception) -> None:
        """Answer a failing batch one by one, so that only the culprit is lost."""
        if len(batch) == 1:
            self._ready.append((batch[0].task.key, Reply(error=first_line(error))))
            return
        for step in batch:
            try:
                self._answer([step])
            except (ValueError, RuntimeError) as single:
                self._fail([step], single)
