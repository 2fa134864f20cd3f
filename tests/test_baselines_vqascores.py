"""VQAScore: by the embedded judge as that judge itself rates; against the raw network; which questions."""

import numpy as np
import pytest
import torch
from transformers import AutoProcessor, LlavaOnevisionForConditionalGeneration

from gaia_judge.baselines import Setting, find_metric, load_battery
from gaia_judge.baselines.clips import Clip
from gaia_judge.cards import load_card
from gaia_judge.engines import EngineOptions
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.frames import FrameSpec, sample
from gaia_judge.judges import FOREIGN, load_judge
from gaia_judge.synthetic.benchmarks import write_benchmark
from gaia_judge.videos import Video, read_videos
from tests.clips import write_images

ALONE = EngineOptions(engine_args={"batch_size": 1})  # who shares a batch may turn a sixth decimal
SETTING = Setting(engine="transformers", options=ALONE)


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    """Two clips of the synthetic world and, between them, one that is not."""
    folder = tmp_path_factory.mktemp("world")
    write_benchmark(folder, generators=1, actions=2, seed=7)
    own = read_videos(folder)
    assert all(video.prompt for video in own)
    noise = np.random.default_rng(0).integers(0, 255, (12, 64, 64, 3), dtype=np.uint8)
    path = write_images(folder / "foreign.mp4", noise)
    return [own[0], Video(id="foreign", path=path, prompt="a man walks"), own[1]]


@pytest.mark.filterwarnings("ignore:.*not a synthetic clip")
def test_by_the_embedded_judge_it_is_what_that_judge_says(videos):
    with load_battery([find_metric("vqascore:nano")], SETTING) as battery:
        found = [score for one in battery.stream(videos) for score in one.scores]
        told = battery.manifest()["metrics"]["vqascore:nano (adapted)"]["judge"]
    with load_judge("nano", prompt="vqascore", engine="transformers", options=ALONE) as judge:
        own = {(score.video, score.dimension): score for one in judge.stream(videos) for score in one.scores}
    assert [(one.video, one.dimension) for one in found] == [
        (video.id, name) for video in videos for name in ("subject", "completeness", "interaction")
    ]
    for one in found:
        same = own[one.video, one.dimension]
        assert one.rater == "vqascore:nano (adapted)"
        assert (one.value, one.off_scale) == pytest.approx((same.value, same.off_scale), abs=1e-6)
        assert one.distribution == pytest.approx(same.distribution, abs=1e-6)
        assert one.value == pytest.approx(one.distribution["Yes"])
        assert one.note == same.note == (FOREIGN if one.video == "foreign" else None)
    assert len({round(one.value, 4) for one in found}) == 9
    assert (told["world"], told["random_weights"]) == ("synthetic", False)
    assert told["weights_digest"]


def test_value_is_p_yes_of_the_raw_network(engine_home):
    """Softmax over all tokens, summed by hand over the spellings of Yes and of No."""
    home = engine_home("llava-onevision")
    checkpoint, paths = home / "checkpoint", sorted((home / "clips").glob("*.mp4"))
    words = ["daisies", "daisies", "a vase", "chairs", "a fox", "herself"]
    clips = [
        Clip(Video(id=path.stem, path=path, prompt=f"A girl arranges {word}."), sample(path, FrameSpec()))
        for path, word in zip(paths, words, strict=True)
    ]
    metric = find_metric(f"vqascore:{checkpoint}")
    assert metric.rater(SETTING) == f"vqascore:{checkpoint} (adapted, random weights)"
    measurer = metric.load(metric, SETTING)
    scores = [score for (score,) in measurer.measure(clips)]
    measurer.close()
    masses = raw_masses(checkpoint, clips)
    odds = [np.log(score.value / (1 - score.value)) for score in scores]
    assert odds == pytest.approx([np.log(yes / no) for yes, no in masses], abs=0.01)
    assert np.ptp(odds) > 1
    assert [score.off_scale for score in scores] == pytest.approx([1 - sum(one) for one in masses], abs=1e-3)


def raw_masses(checkpoint, clips):
    """Return the probabilities of Yes and No in all their spellings of one token, by plain transformers."""
    processor = AutoProcessor.from_pretrained(checkpoint)
    model = LlavaOnevisionForConditionalGeneration.from_pretrained(checkpoint).eval()
    found = []
    for clip in clips:
        frames = clip.frames
        question = f'\nDoes this video show "{clip.video.prompt}"? Answer only with Yes or No.'
        known = {"total_num_frames": frames.total, "fps": frames.fps}
        inputs = processor(
            text=[f"<|im_start|>user <video>\n{question}<|im_end|><|im_start|>assistant\n"],
            videos=[frames.images],
            video_metadata=[{**known, "frames_indices": frames.indices.tolist()}],
            do_sample_frames=False,
            return_tensors="pt",
        )
        with torch.inference_mode():
            shares = model(**inputs).logits[0, -1].float().softmax(-1)
        found.append([mass(shares, processor.tokenizer, label) for label in ("Yes", "No")])
    return found


def mass(shares, tokenizer, label):
    texts = [space + word for word in (label, label.lower(), label.upper()) for space in ("", " ")]
    tokens = {tuple(tokenizer.encode(one, add_special_tokens=False)) for one in texts}
    return sum(float(shares[path[0]]) for path in tokens if len(path) == 1)


def test_the_default_is_llava_and_any_judge_can_be_named():
    plain, named = find_metric("vqascore"), find_metric("vqascore:internvl3")
    assert plain.facts["judge"]["card"] == "llava"
    assert (plain.licence, named.licence) == (load_card("llava").licence, load_card("internvl3").licence)
    assert [one.repo for one in named.weights] == ["OpenGVLab/InternVL3-8B-hf"]
    assert plain.dimensions == named.dimensions == ("alignment",)
    assert named.rater(Setting()) == "vqascore:internvl3 (adapted)"
    with pytest.raises(GaiaJudgeError, match="no judge 'lava'"):
        find_metric("vqascore:lava")


def test_a_judge_is_asked_what_it_was_trained_on(tmp_path):
    assert find_metric("vqascore:nano").facts["judge"]["prompt"] == "vqascore"
    (tmp_path / "mine.yaml").write_text("about: mine\nmodel: a/b\nframes: 4\n")
    mine = find_metric(f"vqascore:{tmp_path / 'mine.yaml'}")
    assert (mine.facts["judge"]["prompt"], mine.frames.count) == ("vqascore-one", 4)
    other = "about: mine\nmodel: a/b\nprompt_sets: [syllogism@0123456789ab]\n"
    (tmp_path / "mine.yaml").write_text(other)
    with pytest.raises(GaiaJudgeError, match="not trained on the prompt set vqascore"):
        find_metric(f"vqascore:{tmp_path / 'mine.yaml'}")
