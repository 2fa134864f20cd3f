"""Decoders: the same frames, times and colours whichever is used, and the rule for which is used."""

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.frames import FrameSpec, decoders, sample
from tests.clips import FORMATS, draw, read_number, write_alpha, write_clip, write_format

UNPROVEN = {
    "h264-10bit": "yuv420p10le",
    "hevc-10bit": "yuv420p10le",
    "hevc-closed": "Error sending packet",
    "vp8": "codec vp8",
    "mpeg4": "container avi",
    "mpeg4-b": "codec mpeg4",
    "mpeg4-b-avi": "container avi",
    "h264-b-avi": "container avi",
    "mjpeg": "container avi",
    "mpeg2": "container mpeg",
    "ts": "container mpegts",
    "gif": "container gif",
}
"""Formats on which decord is not used, and what it says when it must be."""


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    return {name: write_format(folder, name) for name in FORMATS}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("decoder", ["auto", "pyav"])
def test_sample_returns_the_frames_it_names(clips, name, decoder):
    frames = sample(clips[name], FrameSpec(count=7, decoder=decoder))
    turned = np.rot90(frames.images, -FORMATS[name].get("rotation", 0) // 90, axes=(1, 2))
    assert [read_number(image) for image in turned] == [2, 8, 14, 20, 25, 31, 37]
    assert frames.indices.tolist() == [2, 8, 14, 20, 25, 31, 37]
    assert frames.total == 40
    assert not frames.note


@pytest.mark.parametrize("name", sorted(set(FORMATS) - set(UNPROVEN)))
@pytest.mark.parametrize("count", [1, 5, 40])
def test_decord_agrees_with_pyav(clips, name, count):
    ours = sample(clips[name], FrameSpec(count=count, decoder="decord"))
    theirs = sample(clips[name], FrameSpec(count=count, decoder="pyav"))
    assert ours.decoder.startswith("decord 3.")
    assert sample(clips[name], FrameSpec(count=count)).decoder == ours.decoder
    assert ours.indices.tolist() == theirs.indices.tolist()
    assert ours.seconds.tolist() == theirs.seconds.tolist()
    assert np.abs(ours.images.astype(int) - theirs.images).mean() <= 2


def test_pyav_converts_only_the_frames_that_are_taken(clips, monkeypatch):
    converted = []
    original = decoders._rgb
    monkeypatch.setattr(decoders, "_rgb", lambda frame: converted.append(frame.pts) or original(frame))
    sample(clips["h264"], FrameSpec(count=5, decoder="pyav"))
    assert len(converted) == 5


@pytest.mark.parametrize("name", sorted(UNPROVEN))
def test_decord_is_refused_by_name_and_replaced_by_pyav_where_it_is_not_proven(clips, name):
    with pytest.raises(GaiaJudgeError, match=UNPROVEN[name]):
        sample(clips[name], FrameSpec(decoder="decord"))
    assert sample(clips[name], FrameSpec()).decoder == f"pyav {av.__version__}"


@pytest.mark.parametrize("name", ["h264-b", "h264-open", "h264-vfr", "vp9", "h264-90", "h264-709", "hevc"])
def test_torchcodec_agrees_with_pyav(clips, name):
    pytest.importorskip("torchcodec.decoders", exc_type=(ImportError, RuntimeError))
    ours = sample(clips[name], FrameSpec(decoder="torchcodec"))
    theirs = sample(clips[name], FrameSpec(decoder="pyav"))
    assert ours.indices.tolist() == theirs.indices.tolist()
    assert np.abs(ours.images.astype(int) - theirs.images).mean() <= 2


def test_torchcodec_that_is_missing_says_how_to_get_it(clips):
    try:
        import torchcodec.decoders  # noqa: F401
    except (ImportError, RuntimeError):
        with pytest.raises(GaiaJudgeError, match=r"gaia-judge\[torchcodec\]"):
            sample(clips["h264"], FrameSpec(decoder="torchcodec"))


@pytest.mark.parametrize("decoder", ["decord", "pyav"])
@pytest.mark.parametrize(
    ("matrix", "full", "size"),
    [
        ("", False, (128, 64)),
        ("", False, (1280, 720)),
        ("bt709", False, (128, 64)),
        ("bt709", True, (128, 64)),
        ("smpte170m", False, (1280, 720)),
    ],
)
def test_colours_follow_the_tags_and_are_bt601_without(tmp_path, decoder, matrix, full, size):
    clip = write_clip(tmp_path / "clip.mp4", frames=3, matrix=matrix, full=full, size=size)
    [image] = sample(clip, FrameSpec(count=1, decoder=decoder)).images
    difference = np.abs(image.astype(int) - draw(1, size))
    assert difference.mean() < 3
    # Reading BT.709 as BT.601 or full range as limited would be off by more than ten.
    assert difference[: size[1] // 8].max() < 6


@pytest.mark.parametrize("width", [32, 64, 96, 100, 128])
def test_narrow_clips_have_three_colours_whatever_the_processor_pads(tmp_path, width):
    clip = write_clip(tmp_path / "clip.mp4", frames=3, size=(width, 64))
    ours, theirs = (sample(clip, FrameSpec(count=3, decoder=decoder)) for decoder in ("auto", "pyav"))
    assert ours.images.shape == (3, 64, width, 3)
    assert np.array_equal(ours.images, theirs.images)


@pytest.mark.parametrize(
    ("name", "codec", "pixels"),
    [("a.webm", "libvpx-vp9", "yuva420p"), ("a.mov", "qtrle", "argb"), ("a.mkv", "ffv1", "bgra")],
)
def test_alpha_is_laid_over_black(tmp_path, name, codec, pixels):
    frames = sample(write_alpha(tmp_path / name, codec, pixels), FrameSpec(count=3))
    assert frames.decoder.startswith("pyav")
    assert [read_number(image) for image in frames.images] == [2, 6, 10]
    assert frames.images[:, 50:].max() < 6
    assert np.abs(frames.images[:, :15].astype(int) - draw(0)[:15]).mean() < 6


def test_transparent_gifs_are_laid_over_black(tmp_path):
    image = Image.fromarray(draw(5)).convert("RGBA")
    image.paste((255, 255, 255, 0), (0, 50, 128, 64))
    image.save(tmp_path / "a.gif", save_all=True, append_images=[Image.fromarray(draw(6)).convert("RGBA")])
    first = sample(tmp_path / "a.gif", FrameSpec(count=2)).images[0]
    assert read_number(first) == 5
    assert first[50:].max() == 0


@pytest.mark.parametrize(("turn", "mirror"), [(0, True), (90, False), (180, False), (270, False), (90, True)])
def test_frames_are_turned_and_mirrored_as_the_display_matrix_says(tmp_path, turn, mirror):
    upright = np.full((64, 128, 3), 60, np.uint8)
    upright[:16, :16] = (200, 30, 30)
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 128, 64, "yuv420p"
        stream.set_display_rotation(turn, hflip=mirror)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(upright, format="rgb24")))
        container.mux(stream.encode(None))
    [image] = sample(tmp_path / "a.mp4", FrameSpec(count=1)).images
    expected = np.rot90(upright, turn // 90)
    if mirror:
        expected = expected[:, ::-1]
    assert image.shape == expected.shape
    assert np.abs(image.astype(int) - expected).mean() < 4


def test_real_clips_decode_alike():
    folder = Path(__file__).parents[2] / "shared" / "clips"
    if not folder.is_dir():
        pytest.skip("no real clips here")
    for clip in [path for path in sorted(folder.iterdir()) if path.suffix in {".mp4", ".gif"}]:
        ours, theirs = (sample(clip, FrameSpec(count=4, decoder=name)) for name in ("auto", "pyav"))
        assert ours.seconds.tolist() == theirs.seconds.tolist()
        assert np.abs(ours.images.astype(int) - theirs.images).mean() <= 2
