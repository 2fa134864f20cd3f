"""Video Swin with gated relative position bias: the backbone of FAST-VQA and of DOVER's technical branch."""

import torch
from torch import Tensor, nn
from torchvision.models.video.swin_transformer import (
    ShiftedWindowAttention3d,
    SwinTransformer3d,
    shifted_window_attention_3d,
)

Size = tuple[int, int, int]
"""Time, height, width."""


class Swin3d(nn.Module):
    """Video Swin (Liu et al., CVPR 2022) of torchvision, whose first stages know fragments from one another.

    Attention in FAST-VQA (Wu et al., ECCV 2022) uses one table of position biases within a fragment and
    another across. Official size: tiny (96; 2, 2, 6, 2 blocks), windows of 8x7x7, gated but for the last
    stage: 28,078,620 parameters; clips of 32x224x224 give maps of 768x16x7x7. Parameters are named as in
    torchvision; ``swin_name`` maps the official names.

    Compared with upstream (FAST-VQA at 9f264e4, DOVER at f1ddc96), random weights: see ``fastvqas``.

    Args:
        width: Channels of the first stage.
        depths: Blocks in each stage.
        heads: Of attention, in each stage.
        window: Tokens that attend to each other: time, height, width.
        gated: Which stages have a second table.
        stochastic_depth: Chance that the last block is skipped in training; earlier ones less, in line.
    """

    def __init__(
        self,
        width: int = 96,
        depths: tuple[int, ...] = (2, 2, 6, 2),
        heads: tuple[int, ...] = (3, 6, 12, 24),
        window: Size = (8, 7, 7),
        gated: tuple[bool, ...] = (True, True, True, False),
        stochastic_depth: float = 0.1,
    ) -> None:
        super().__init__()
        whole = SwinTransformer3d(
            patch_size=[2, 4, 4],
            embed_dim=width,
            depths=list(depths),
            num_heads=list(heads),
            window_size=list(window),
            stochastic_depth_prob=stochastic_depth,
            num_classes=1,
        )
        self.patch_embed, self.features, self.norm = whole.patch_embed, whole.features, whole.norm
        for stage, has_gate in enumerate(gated):
            for block in self.features[2 * stage] if has_gate else []:
                block.attn = GatedAttention(block.attn, width * 2**stage)

    def forward(self, clips: Tensor) -> Tensor:
        """Return maps, shape [B, F, T/2, H/32, W/32], rounded up, of normalised clips, [B, 3, T, H, W]."""
        maps = self.norm(self.features(self.patch_embed(clips)))
        return maps.permute(0, 4, 1, 2, 3)  # type: ignore[no-any-return]


class GatedAttention(ShiftedWindowAttention3d):  # type: ignore[misc]
    """Attention in windows whose position bias depends on how far apart the fragments of two tokens are.

    With g the ``gates``, the bias is g times one table plus 1 - g times the other. g is no switch: it grows
    beyond 1 where a window spans more than two fragments, as in the official code.

    Args:
        plain: What it stands in for; its sizes are taken over.
        width: Channels.
    """

    def __init__(self, plain: ShiftedWindowAttention3d, width: int) -> None:
        super().__init__(width, plain.window_size, plain.shift_size, plain.num_heads)
        self.fragment_position_bias_table = nn.Parameter(torch.zeros_like(self.relative_position_bias_table))

    def forward(self, x: Tensor) -> Tensor:
        """Return tokens of the same shape, [B, T, H, W, F]."""
        size: Size = tuple(x.shape[1:4])  # type: ignore[assignment]
        window, shift = fitted(size, self.window_size, self.shift_size)
        gate = gates(size, window, shift, x.device)[:, None]
        across = self._bias(self.relative_position_bias_table, window)
        within = self._bias(self.fragment_position_bias_table, window)
        bias = across * gate + within * (1 - gate)
        return shifted_window_attention_3d(  # type: ignore[no-any-return]
            x,
            self.qkv.weight,
            self.proj.weight,
            bias.expand(x.shape[0], *bias.shape).flatten(0, 1),
            list(window),
            self.num_heads,
            shift_size=list(shift),
            qkv_bias=self.qkv.bias,
            proj_bias=self.proj.bias,
            training=self.training,
        )

    def _bias(self, table: Tensor, window: Size) -> Tensor:
        """Return the bias of each pair of tokens in a window, shape [1, heads, N, N]."""
        count = window[0] * window[1] * window[2]
        pairs = table[self.relative_position_index[:count, :count].flatten()]
        return pairs.view(count, count, -1).permute(2, 0, 1)[None]


def fitted(size: Size, window: list[int], shift: list[int]) -> tuple[Size, Size]:
    """Return window and shift for a map: where it is no longer than the window, the whole of it, unshifted.

    >>> fitted((4, 14, 7), [8, 7, 7], [4, 3, 3])
    ((4, 7, 7), (0, 3, 0))
    """
    whole = [length <= limit for length, limit in zip(size, window, strict=True)]
    first = [length if all_of_it else w for length, w, all_of_it in zip(size, window, whole, strict=True)]
    second = [0 if all_of_it else s for s, all_of_it in zip(shift, whole, strict=True)]
    return (first[0], first[1], first[2]), (second[0], second[1], second[2])


def gates(size: Size, window: Size, shift: Size, device: torch.device | None = None) -> Tensor:
    """Return how many fragments apart the tokens of each window are, shape [windows, N, N].

    Each token has the row and the column of its fragment: as many fragments along each edge as the window
    has tokens (7 at the official size), spread over the map as it is padded to whole windows, and shifted
    with it. The distance is the sum of the differences of rows and columns; time does not count.

    Args:
        size: Of the map: time, height, width.
        window: In tokens.
        shift: Of the windows.
        device: Where to.
    """
    padded = [-(-length // step) * step for length, step in zip(size, window, strict=True)]
    rows, columns = (
        (torch.arange(padded[axis], device=device) * window[axis]) // padded[axis] for axis in (1, 2)
    )
    fragments = torch.stack(torch.meshgrid(rows, columns, indexing="ij"))
    fragments = torch.roll(fragments, (-shift[1], -shift[2]), (1, 2))
    return _in_windows(fragments, padded, window)


def _in_windows(fragments: Tensor, padded: list[int], window: Size) -> Tensor:
    """Return the distances of ``gates`` for rows and columns of fragments, shape [2, H, W]."""
    split = fragments.view(2, padded[1] // window[1], window[1], padded[2] // window[2], window[2])
    tokens = split.transpose(2, 3).flatten(3).flatten(1, 2)  # 2, windows in space, tokens in space
    apart: Tensor = (tokens[:, :, :, None] - tokens[:, :, None, :]).abs().sum(0)
    return apart.repeat(padded[0] // window[0], window[0], window[0])


def swin_name(name: str) -> str:
    """Return torchvision's name of a parameter of the official Swin.

    >>> swin_name("layers.2.blocks.5.mlp.fc2.weight")
    'features.4.5.mlp.3.weight'
    >>> swin_name("layers.2.downsample.norm.bias")
    'features.5.norm.bias'
    """
    name = name.replace("mlp.fc1.", "mlp.0.").replace("mlp.fc2.", "mlp.3.")
    match name.split("."):
        case ["layers", stage, "blocks", *rest]:
            return ".".join(["features", str(2 * int(stage)), *rest])
        case ["layers", stage, "downsample", *rest]:
            return ".".join(["features", str(2 * int(stage) + 1), *rest])
    return name


def from_kinetics(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return torchvision's Kinetics weights of ``swin3d_t`` as FAST-VQA starts from them.

    The second table starts as a copy of the first, in the gated stages; the classifier goes.
    """
    found = {name: tensor for name, tensor in tensors.items() if not name.startswith("head.")}
    for name in [name for name in found if name.endswith("relative_position_bias_table")]:
        if int(name.split(".")[1]) < 6:
            found[name.replace("relative", "fragment")] = found[name].clone()
    return found
