"""What is sent to a server: conversations with their frames, and constraints."""

import base64
import io
import json
import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gaia_judge.engines import VIDEO_MARK, Form, Message
from gaia_judge.frames import Frames
from gaia_judge.scales import form_schema, paragraph_pattern

Send = Literal["images", "sequence", "mp4"]

Payload = dict[str, Any]


def image_parts(frames: Frames) -> Payload:
    """Return the frames as one lossless PNG each, in order, with ids for vLLM's multimodal cache."""
    urls = [f"data:image/png;base64,{_png(image)}" for image in frames.images]
    digest = frames.digest
    parts = [
        {"type": "image_url", "image_url": {"url": url}, "uuid": f"{digest}-{place}"}
        for place, url in enumerate(urls)
    ]
    return {"parts": parts}


def sequence_parts(frames: Frames) -> Payload:
    """Return the frames as one video of separate pictures, with their times.

    ``video/jpeg`` is vLLM's name for a comma-separated sequence of pictures. It tells their format by their
    first bytes, so lossless PNG pictures arrive unchanged.
    """
    url = "data:video/jpeg;base64," + ",".join(_png(image) for image in frames.images)
    times = {
        "num_frames": -1,  # all; the server's own default is 32
        "fps": frames.fps,
        "frames_indices": frames.indices.tolist(),
        "total_num_frames": frames.total,
        "duration": frames.duration,
    }
    part = {"type": "video_url", "video_url": {"url": url}, "uuid": frames.digest}
    return {"parts": [part], "media_io_kwargs": {"video": times}}


def blank_frames(count: int) -> Frames:
    """Return so many small black frames."""
    return Frames(
        images=np.zeros((count, 56, 56, 3), np.uint8),
        seconds=np.arange(count, dtype=np.float64),
        indices=np.arange(count),
        total=count,
        duration=float(count),
        decoder="none",
    )


def mp4_parts(frames: Frames) -> Payload:
    """Return the frames as an H.264 file, from which the server takes what it likes."""
    url = f"data:video/mp4;base64,{base64.b64encode(_mp4(frames)).decode()}"
    return {"parts": [{"type": "video_url", "video_url": {"url": url}, "uuid": f"{frames.digest}-mp4"}]}


MEDIA = {"images": image_parts, "sequence": sequence_parts, "mp4": mp4_parts}


def chat(messages: Sequence[Message], media: Sequence[Payload]) -> list[Payload]:
    """Return a conversation in the server's form, with the frames in place of their mark."""
    return [{"role": message.role, "content": _content(message.text, media)} for message in messages]


def outline(messages: Sequence[Message], frames: Frames | None) -> str:
    """Return a conversation as JSON for people to read, with the frames only named."""
    shown = "" if frames is None else f"<{len(frames.images)} frames>"
    turns = [{"role": m.role, "content": m.text.replace(VIDEO_MARK, shown)} for m in messages]
    return json.dumps(turns, ensure_ascii=False, indent=2)


def form_pattern(form: Form) -> str:
    """Return the regular expression of a form without white space, so that no model can pad it for ever.

    >>> form_pattern(Form((("subject", ("1", "2")),)))
    '\\\\{"subject":"(1|2)"\\\\}'
    """
    values = [
        "|".join(re.escape(json.dumps(label, ensure_ascii=False)[1:-1]) for label in labels)
        for _, labels in form.fields
    ]
    pairs = [f'"{re.escape(name)}":"({value})"' for (name, _), value in zip(form.fields, values, strict=True)]
    return r"\{" + ",".join(pairs) + r"\}"


def vllm_choice(labels: Sequence[str]) -> Payload:
    """Return the constraint of an answer to some labels, in vLLM's own field."""
    return {"structured_outputs": {"choice": list(labels)}}


def vllm_form(form: Form) -> Payload:
    """Return the constraint of a form, in vLLM's own field."""
    return {"structured_outputs": {"regex": form_pattern(form)}}


def vllm_paragraph() -> Payload:
    """Return the constraint of one paragraph, in vLLM's own field."""
    return {"structured_outputs": {"regex": paragraph_pattern()}}


ANSWER = "answer"
"""The one field of the JSON object in which servers without a choice constraint put their answer."""


def json_choice(labels: Sequence[str]) -> Payload:
    """Return the constraint of an answer to some labels, for any server with JSON schemas."""
    return json_form(Form(((ANSWER, tuple(labels)),)))


def json_form(form: Form) -> Payload:
    """Return the constraint of a form, for any server with JSON schemas."""
    schema = {"name": "ratings", "strict": True, "schema": form_schema(form.fields)}
    return {"response_format": {"type": "json_schema", "json_schema": schema}}


def _content(text: str, media: Sequence[Payload]) -> str | list[Payload]:
    before, mark, after = text.partition(VIDEO_MARK)
    if not mark:
        return text
    texts = [[{"type": "text", "text": piece}] if piece.strip() else [] for piece in (before, after)]
    return [*texts[0], *media, *texts[1]]


def _png(image: NDArray[Any]) -> str:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG", compress_level=1)
    return base64.b64encode(file.getvalue()).decode()


def _mp4(frames: Frames) -> bytes:
    import av

    images = frames.images[:, : frames.images.shape[1] // 2 * 2, : frames.images.shape[2] // 2 * 2]
    rate = Fraction(len(images) / frames.duration if frames.duration > 0 else 1.0).limit_denominator(1000)
    file = io.BytesIO()
    try:
        with av.open(file, "w", format="mp4") as container:
            stream = container.add_stream("libx264", rate=rate, options={"crf": "10"})
            stream.height, stream.width = images.shape[1:3]
            stream.pix_fmt = "yuv420p"
            for image in images:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
            container.mux(stream.encode(None))
    except av.FFmpegError as error:
        raise ValueError(f"The frames cannot be written as mp4: {error}") from error
    return file.getvalue()
