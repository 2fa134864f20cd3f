"""LLaVAScore: frame by frame against the raw network and by hand; captions by hand-computed cosines."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from transformers import AutoProcessor, LlavaForConditionalGeneration

from gaia_judge.baselines import Setting, llavascores, loans
from gaia_judge.baselines.llavascores import CAPTION, YES
from gaia_judge.engines import EngineOptions, Labels, Reply, Text
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.judges import FOREIGN
from tests.encoders import clip_of, noise
from tests.pictures import build_llava
from tests.scripted import ScriptedEngine

PROMPT = "A girl arranges daisies."


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return build_llava(tmp_path_factory.mktemp("llava"))


def clips():
    """Of 8, 3 and 20 frames, of which eight are taken; of two sizes."""
    return [
        clip_of(noise(1, 8, 40, 48), PROMPT),
        clip_of(noise(2, 3, 32, 32), "a dog"),
        clip_of(noise(3, 20, 40, 48), PROMPT),
    ]


def setting(folder, **arguments):
    return Setting(
        engine="transformers",
        weights={"llava-1.5": folder},
        options=EngineOptions(engine_args=arguments),
    )


def measured(folder, clips, **arguments):
    measurer = YES.load(YES, setting(folder, **arguments))
    found = measurer.measure(clips)
    measurer.close()
    return [score for (score,) in found]


@pytest.fixture(scope="module")
def raw(folder):
    """Return a function from picture and prompt to P(Yes), by plain transformers."""
    processor = AutoProcessor.from_pretrained(folder)
    model = LlavaForConditionalGeneration.from_pretrained(folder).eval()

    def mass(shares, label):
        texts = [space + word for word in (label, label.lower(), label.upper()) for space in ("", " ")]
        tokens = {tuple(processor.tokenizer.encode(one, add_special_tokens=False)) for one in texts}
        return sum(float(shares[path[0]]) for path in tokens if len(path) == 1)

    def yes(picture, prompt):
        question = f'\nDoes this picture show "{prompt}"? Answer only with Yes or No.'
        text = f"<|im_start|>user <image>\n{question}<|im_end|><|im_start|>assistant\n"
        with torch.inference_mode():
            logits = model(**processor(text=[text], images=[picture], return_tensors="pt")).logits
        shares = logits[0, -1].softmax(-1)
        return mass(shares, "Yes") / (mass(shares, "Yes") + mass(shares, "No"))

    return yes


def test_each_frame_is_asked_by_itself_and_the_mean_taken(folder, raw):
    given = clips()
    for clip, score in zip(given, measured(folder, given), strict=True):
        alone = [raw(picture, clip.video.prompt) for picture in clip.frames.images]
        assert np.ptp(alone) > 0.01
        assert score.value == pytest.approx(np.mean(alone), abs=2e-3)
        assert list(score.trace["parts"].values()) == pytest.approx(alone, abs=5e-3)
        assert list(score.trace["parts"]) == [f"frame {at}" for at in clip.frames.indices]
        assert score.distribution["Yes"] == pytest.approx(score.value)
        assert score.note == (clip.frames.note or None)


def test_the_size_of_batches_changes_nothing(folder):
    given = clips()
    together = measured(folder, given, batch_size=16)
    measurer = YES.load(YES, setting(folder, batch_size=1))
    single = [measurer.measure([clip])[0][0] for clip in given]
    measurer.close()
    assert [one.value for one in together] == pytest.approx([one.value for one in single], rel=1e-5)


VLLM = """
import json, sys
from pathlib import Path
from gaia_judge.baselines import Setting
from gaia_judge.baselines.llavascores import YES
from tests.test_baselines_llavascores import clips
if __name__ == "__main__":
    measurer = YES.load(YES, Setting(engine="vllm", weights={"llava-1.5": Path(sys.argv[1])}))
    values = [score.value for (score,) in measurer.measure(clips())]
    Path(sys.argv[2]).write_text(json.dumps(values))
    measurer.close()
"""


@pytest.mark.vllm
@pytest.mark.slow
def test_vllm_gives_the_same(folder, tmp_path):
    pytest.importorskip("vllm")
    command = [sys.executable, "-c", VLLM, str(folder), str(tmp_path / "values.json")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    values = json.loads((tmp_path / "values.json").read_text())
    assert values == pytest.approx([one.value for one in measured(folder, clips())], abs=1e-3)


def grey(*levels, prompt=PROMPT):
    """Return a clip whose frames are greys."""
    images = np.zeros((len(levels), 4, 4, 3), np.uint8)
    return clip_of(images + np.array(levels, np.uint8)[:, None, None, None], prompt)


def level_of(request):
    (picture,) = request.frames.images
    return int(picture[0, 0, 0])


class Axes:
    """An encoder of texts by hand: daisies lie along one axis, dogs along another, flowers between."""

    limit = 77

    def texts(self, texts):
        known = {PROMPT: [1, 0, 0], "daisies": [1, 0, 0], "flowers": [0.6, 0.8, 0], "a dog": [0, 0, -1]}
        vectors = [known.get(text, [-1, 0, 0]) for text in texts]
        return np.array(vectors, np.float32), [len(text) for text in texts]


@pytest.fixture
def asked(monkeypatch):
    """Let a script answer and the vectors above be CLIP's; return what is asked."""

    def script(request):
        level = level_of(request)
        if isinstance(request.ask, Labels):
            share = level / 100
            if level == 99:
                return Reply(error="too bright")
            return Reply(distribution={"No": 1 - share, "Yes": share}, off_scale=0.0)
        texts = {10: "daisies", 20: "flowers", 30: "a dog", 40: "no" * 50}
        if level == 99:
            return Reply(error="The rationale is empty.")
        return Reply(text=texts[level])

    engine = ScriptedEngine(script)
    monkeypatch.setattr(loans, "choose_engine", lambda *_: lambda *_: engine)
    monkeypatch.setattr(llavascores, "load_clip", lambda *_: Axes())
    return engine.asked


def values(metric, *clips):
    measurer = metric.load(metric, Setting())
    found = [score for (score,) in measurer.measure(clips)]
    measurer.close()
    return found


def test_captions_by_hand(asked):
    one, two = values(CAPTION, grey(10, 20), grey(30, 20, 10, prompt="a dog"))
    assert one.value == pytest.approx((1 + 0.6) / 2)
    assert one.trace["captions"] == ["daisies", "flowers"]
    assert one.trace["cosines"] == pytest.approx([1, 0.6])
    assert two.value == pytest.approx((1 + 0 + 0) / 3)
    assert (one.dimension, two.error) == ("alignment", None)


def test_a_caption_is_asked_for_without_the_prompt(asked):
    values(CAPTION, grey(10, 20))
    assert sorted(level_of(request) for request in asked) == [10, 20]
    for request in asked:
        assert request.ask == Text(60)  # about what CLIP reads
        assert not any("daisies" in message.text for message in request.messages)


def test_what_is_cut_for_clip_is_told(asked):
    (one,) = values(CAPTION, grey(10, 40))
    assert "1 captions cut for CLIP" in one.note
    (two,) = values(CAPTION, grey(10, prompt="long " * 20))
    assert "prompt cut: 77 of its 100 tokens were read" in two.note


@pytest.mark.parametrize(("metric", "reason"), [(YES, "too bright"), (CAPTION, "The rationale is empty.")])
def test_a_frame_without_an_answer_costs_its_clip_alone(asked, metric, reason):
    good, lost, last = values(metric, grey(10, 20), grey(10, 99), grey(20, 10))
    assert (lost.value, lost.error) == (None, f"frame 1: {reason}")
    assert good.value == pytest.approx(last.value)
    assert good.value is not None


def test_p_yes_of_frames_by_hand(asked):
    (one,) = values(YES, grey(10, 20, 60))
    assert one.value == pytest.approx(0.3)
    assert [len(request.frames.images) for request in asked] == [1, 1, 1]
    assert "gives 3" in one.note


@pytest.mark.parametrize("metric", [YES, CAPTION], ids=["yes", "caption"])
def test_a_clip_without_a_text_is_told_before_anything_is_asked(asked, metric):
    with pytest.raises(GaiaJudgeError, match="no prompt and no action"):
        values(metric, grey(10), grey(10, prompt=""))
    assert asked == []


@pytest.mark.parametrize("metric", [YES, CAPTION], ids=["yes", "caption"])
@pytest.mark.filterwarnings("ignore:.*not a synthetic clip")
def test_own_weights_that_know_only_the_synthetic_world_mark_all_other_clips(asked, tmp_path, metric):
    config = {"architectures": ["LlavaForConditionalGeneration"], "world": "synthetic"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    measurer = metric.load(metric, Setting(weights={"llava-1.5": tmp_path}))
    ((score,),) = measurer.measure([grey(10)])
    measurer.close()
    assert (score.note, score.value) == (FOREIGN, pytest.approx(0.1 if metric is YES else 1.0))


def test_names_say_that_the_definition_is_ours():
    assert [metric.rater(Setting()) for metric in (YES, CAPTION)] == [
        "llavascore (adapted)",
        "llavascore-caption (adapted)",
    ]
    assert [one.name for one in CAPTION.weights] == ["llava-1.5", "clip-b32"]
