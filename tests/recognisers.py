"""Tiny action recognisers under the names of UMT's authors, and their forward pass, plainly written."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gaia_judge.baselines import Clip
from gaia_judge.frames import Frames
from gaia_judge.videos import Video

PATCH = 56
"""Pixels of a patch: four by four fill a frame."""
WIDTH = 128
"""Two heads of 64."""
BLOCKS = 2


def make_state(
    seed: int = 0, *, tubelet: int = 1, labels: int = 400, scale: float = 1.0
) -> dict[str, Tensor]:
    """Return random weights; with a small ``scale`` the last norm gets little, so that its epsilon counts."""
    made = torch.Generator().manual_seed(seed)

    def draw(*shape: int, by: float = 1.0) -> Tensor:
        return torch.randn(*shape, generator=made) * by / max(1, int(np.prod(shape[1:]))) ** 0.5

    state = {
        "pos_embed": draw(1, 16 // tubelet * 16, WIDTH, by=20 * scale),
        "patch_embed.proj.weight": draw(WIDTH, 3, tubelet, PATCH, PATCH, by=scale),
        "patch_embed.proj.bias": draw(WIDTH, by=scale),
    }
    for block in range(BLOCKS):
        state |= {
            f"blocks.{block}.{name}": tensor
            for name, tensor in {
                "norm1.weight": 1 + draw(WIDTH, by=0.1),
                "norm1.bias": draw(WIDTH, by=0.1),
                "attn.q_bias": draw(WIDTH),
                "attn.v_bias": draw(WIDTH),
                "attn.qkv.weight": draw(3 * WIDTH, WIDTH, by=2),
                "attn.proj.weight": draw(WIDTH, WIDTH, by=scale),
                "attn.proj.bias": draw(WIDTH, by=0.1 * scale),
                "norm2.weight": 1 + draw(WIDTH, by=0.1),
                "norm2.bias": draw(WIDTH, by=0.1),
                "mlp.fc1.weight": draw(2 * WIDTH, WIDTH),
                "mlp.fc1.bias": draw(2 * WIDTH, by=0.1),
                "mlp.fc2.weight": draw(WIDTH, 2 * WIDTH, by=scale),
                "mlp.fc2.bias": draw(WIDTH, by=0.1 * scale),
            }.items()
        }
    return state | {
        "fc_norm.weight": 1 + draw(WIDTH, by=0.1),
        "fc_norm.bias": draw(WIDTH, by=0.1),
        "head.weight": draw(labels, WIDTH, by=2),
        "head.bias": draw(labels, by=0.1),
    }


def as_mmaction(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights as mmaction2's copy of VideoMAE V2 names them."""
    names = {
        "patch_embed.proj": "patch_embed.projection",
        "mlp.fc1": "mlp.layers.0.0",
        "mlp.fc2": "mlp.layers.1",
    }
    found = {}
    for name, tensor in state.items():
        for old, new in names.items():
            name = name.replace(old, new)
        found[name.replace("head.", "cls_head.fc_cls.") if "head." in name else f"backbone.{name}"] = tensor
    return found


def plain_logits(state: Mapping[str, Tensor], pixels: Tensor) -> Tensor:
    """Return the logits of a clip, shape [16, 3, 224, 224], written out head by head in float64."""
    weights = {name: tensor.double() for name, tensor in state.items()}
    kernel = weights["patch_embed.proj.weight"]
    tubelet = kernel.shape[2]
    pixels, tubes = pixels.double(), []
    for time in range(0, 16, tubelet):
        for row in range(0, 224, PATCH):
            for column in range(0, 224, PATCH):
                tube = pixels[time : time + tubelet, :, row : row + PATCH, column : column + PATCH]
                tubes.append(tube.transpose(0, 1).flatten())
    x = torch.stack(tubes) @ kernel.flatten(1).T + weights["patch_embed.proj.bias"] + weights["pos_embed"][0]
    for block in range(BLOCKS):
        part = {
            name.removeprefix(f"blocks.{block}."): tensor
            for name, tensor in weights.items()
            if name.startswith(f"blocks.{block}.")
        }
        x = x + plain_attention(part, plain_norm(x, part["norm1.weight"], part["norm1.bias"]))
        hidden = plain_norm(x, part["norm2.weight"], part["norm2.bias"]) @ part["mlp.fc1.weight"].T
        hidden = hidden + part["mlp.fc1.bias"]
        hidden = hidden * 0.5 * (1 + torch.erf(hidden / 2**0.5))
        x = x + hidden @ part["mlp.fc2.weight"].T + part["mlp.fc2.bias"]
    pooled = plain_norm(x.mean(0), weights["fc_norm.weight"], weights["fc_norm.bias"])
    return weights["head.weight"] @ pooled + weights["head.bias"]


def plain_attention(part: Mapping[str, Tensor], x: Tensor) -> Tensor:
    joint = x @ part["attn.qkv.weight"].T
    query = joint[:, :WIDTH] + part["attn.q_bias"]
    key = joint[:, WIDTH : 2 * WIDTH]
    value = joint[:, 2 * WIDTH :] + part["attn.v_bias"]
    heads = []
    for start in range(0, WIDTH, 64):
        mine = slice(start, start + 64)
        weights = torch.softmax(query[:, mine] @ key[:, mine].T / 8, dim=1)
        heads.append(weights @ value[:, mine])
    return torch.cat(heads, dim=1) @ part["attn.proj.weight"].T + part["attn.proj.bias"]


def plain_norm(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    centred = x - x.mean(-1, keepdim=True)
    return centred / ((centred**2).mean(-1, keepdim=True) + 1e-6).sqrt() * weight + bias


def plain_pixels(frames: NDArray[np.uint8]) -> Tensor:
    """Return square frames as networks take them, channel by channel."""
    shifted = (frames / 255 - np.array([0.485, 0.456, 0.406])) / np.array([0.229, 0.224, 0.225])
    return torch.from_numpy(shifted.transpose(0, 3, 1, 2))


def plain_resize(frame: NDArray[np.uint8], height: int, width: int) -> NDArray[np.float64]:
    """Return a frame of another size, each pixel read between the four nearest; centres lie at halves."""
    found = np.empty((height, width, 3))
    for row in range(height):
        y = min(max((row + 0.5) * len(frame) / height - 0.5, 0), len(frame) - 1)
        for column in range(width):
            x = min(max((column + 0.5) * frame.shape[1] / width - 0.5, 0), frame.shape[1] - 1)
            top, left = int(y), int(x)
            low, right = min(top + 1, len(frame) - 1), min(left + 1, frame.shape[1] - 1)
            upper = frame[top, left] * (1 - (x - left)) + frame[top, right] * (x - left)
            lower = frame[low, left] * (1 - (x - left)) + frame[low, right] * (x - left)
            found[row, column] = upper * (1 - (y - top)) + lower * (y - top)
    return found


def make_frames(total: int, height: int = 240, width: int = 320, seed: int = 0) -> NDArray[np.uint8]:
    """Return smooth random frames, each unlike the others."""
    from cv2 import resize

    rough = np.random.default_rng(seed).integers(0, 256, (total, 6, 8, 3), dtype=np.uint8)
    return np.stack([resize(frame, (width, height)) for frame in rough])


def make_clip(images: NDArray[np.uint8], *, action: str = "", prompt: str = "", id: str = "one") -> Clip:
    """Return a clip of these frames at 8 per second."""
    total = len(images)
    frames = Frames(
        images=images,
        seconds=np.arange(total) / 8,
        indices=np.arange(total),
        total=total,
        duration=total / 8,
        decoder="none",
    )
    return Clip(Video(id=id, path=Path(f"{id}.mp4"), action=action, prompt=prompt), frames)
