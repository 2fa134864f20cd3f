"""``gaia-judge frames``: exactly what a judge sees of a video."""

from pathlib import Path

import click

from gaia_judge.cli.options import Number, decoder_option
from gaia_judge.cli.screens import out
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.frames import FrameSpec, contact_sheet, decode
from gaia_judge.videos import read_videos


@click.command("frames")
@click.argument("video", type=click.Path(path_type=Path))
@click.option(
    "--frames", "count", type=click.IntRange(1), default=8, show_default=True, help="Frames to take."
)
@click.option("--fps", type=Number(0, min_open=True), help="Frames per second, at most --frames.")
@decoder_option
@click.option("--out", "file", type=click.Path(path_type=Path), help="Write a contact sheet (PNG).")
def command(video: Path, count: int, fps: float | None, decoder: str, file: Path | None) -> None:
    """Show the frames of VIDEO that a judge sees, with their times.

    \b
    Example:
      gaia-judge frames clip.mp4 --frames 8 --out seen.png
    """
    spec = FrameSpec.model_validate({"count": count, "fps": fps, "decoder": decoder})
    (clip,) = read_videos(video)[:1]
    frames = decode(clip, spec)
    height, width = frames.images.shape[1:3]
    note = f" ({frames.note})" if frames.note else ""
    taken = f"{len(frames.images)} of {frames.total} frames, {width}x{height}, {frames.duration:.2f} s"
    out.print(
        f"{clip.path.name}: {taken}, {frames.decoder}{note}", markup=False, highlight=False, soft_wrap=True
    )
    for index, second in zip(frames.indices, frames.seconds, strict=True):
        out.print(f"  frame {index:>5}  {second:8.3f} s", highlight=False)
    if file:
        try:
            contact_sheet(frames).save(file, format="PNG")
        except OSError as error:
            raise GaiaJudgeError(
                f"{file} cannot be written: {error.strerror}.", "Choose another --out."
            ) from error
        out.print(f"Contact sheet: {file}", markup=False, highlight=False, soft_wrap=True)
