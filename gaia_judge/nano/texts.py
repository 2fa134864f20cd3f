"""What ``nano`` reads: a tokenizer in which each sentence of its prompt sets is one token."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from gaia_judge.prompts import VIDEO_MARK, load_prompt_set
from gaia_judge.synthetic.actions import ACTIONS, Action
from gaia_judge.videos import Video

PROMPT_SETS = ("syllogism", "independent", "vqascore")
"""What it is trained to answer."""

SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<image>", "<video>")

TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' }}"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] if part['type'] == 'text' %}{{ part['text'] }}{% endfor %}"
    "{% for part in message['content'] if part['type'] == 'image' %}{{ '<image>' }}{% endfor %}"
    "{% for part in message['content'] if part['type'] == 'video' %}{{ '<video>' }}{% endfor %}"
    "{% endif %}{{ '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
"""Text stands before the video, so that frames are seen in the light of the action that was asked for."""

ACTION, PROMPT = "⟪action⟫", "⟪prompt⟫"


def build_tokenizer() -> Any:
    """Return the tokenizer: words of actions and labels, whole sentences, and bytes for the rest."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    labels = sorted({label for name in PROMPT_SETS for label in load_prompt_set(name).scale.labels})
    corpus = [text for action in ACTIONS for text in (action.name, action.scene, f" {action.name}")]
    corpus += [*labels, "user\nassistant\n"] * 40
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    bpe.train_from_iterator(
        corpus,
        trainers.BpeTrainer(vocab_size=4096, min_frequency=2, initial_alphabet=alphabet, show_progress=False),
    )
    bpe.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in SPECIAL])
    bpe.add_tokens([AddedToken(text, normalized=False) for text in sentences()])
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        model_max_length=2048,
        extra_special_tokens=["<|im_start|>", "<image>", "<video>"],
    )


def stamps() -> list[str]:
    """Return the prompt sets as judge cards name them: ``NAME@DIGEST``."""
    return [f"{name}@{load_prompt_set(name).digest[:12]}" for name in PROMPT_SETS]


def sentences() -> list[str]:
    """Return the fixed stretches of text of the prompt sets, each once, longest first."""
    video = Video(id="clip", path=Path("clip.mp4"), action=ACTION, prompt=PROMPT)
    found: set[str] = set()
    for name in PROMPT_SETS:
        for text in load_prompt_set(name).texts(video).values():
            for mark in (ACTION, PROMPT, VIDEO_MARK):
                text = text.replace(mark, "\x00")
            found.update(part for part in text.split("\x00") if len(part) > 3)
    return sorted(found, key=lambda part: (-len(part), part))


@dataclass(frozen=True, slots=True)
class Script:
    """A conversation in tokens: ``<video>`` stands once, and answers are blanks to be filled in."""

    ids: tuple[int, ...]
    blanks: tuple[int, ...]
    """Where answers stand, in order."""
    dimensions: tuple[str, ...]
    """What each answer rates."""


class Scripts:
    """Conversations about actions, as the engines would write them."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self.sets = {name: load_prompt_set(name) for name in PROMPT_SETS}
        self.write = lru_cache(maxsize=4096)(self._write)

    def labels(self, name: str) -> list[int]:
        """Return the token of each label of a prompt set's scale, from worst to best."""
        tokens = [
            self.tokenizer.encode(label, add_special_tokens=False) for label in self.sets[name].scale.labels
        ]
        return [token for (token,) in tokens]

    def _write(self, name: str, action: Action, dimension: str | None) -> Script:
        """Return the conversation of a chained set, or the one about ``dimension`` of an independent set."""
        prompt = self.sets[name]
        video = Video(id="clip", path=Path("clip.mp4"), action=action.name, prompt=action.scene)
        asked = [one for one in prompt.dimensions if dimension in (None, one.name)]
        texts = [prompt.question(one, video, first=place == 0) for place, one in enumerate(asked)]
        blank = prompt.scale.labels[0]
        messages: list[dict[str, Any]] = []
        for text in texts:
            kinds = [{"type": "video"}] if VIDEO_MARK in text else []
            messages.append(
                {"role": "user", "content": [*kinds, {"type": "text", "text": text.replace(VIDEO_MARK, "")}]}
            )
            messages.append({"role": "assistant", "content": [{"type": "text", "text": blank}]})
        whole = self.tokenizer.apply_chat_template(messages, chat_template=TEMPLATE, tokenize=False)
        ids = self.tokenizer.encode(whole, add_special_tokens=False)
        mark = self.tokenizer.convert_tokens_to_ids("<|im_end|>")
        token = self.tokenizer.encode(blank, add_special_tokens=False)[0]
        blanks = [i for i in range(len(ids) - 1) if ids[i] == token and ids[i + 1] == mark]
        return Script(tuple(ids), tuple(blanks), tuple(one.name for one in asked))
