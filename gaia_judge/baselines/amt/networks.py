"""The network AMT-S: the frame in the middle between two others.

Li et al., "AMT: All-Pairs Multi-Field Transforms for Efficient Frame Interpolation", CVPR 2023. Written from
the architecture, for the middle in time only; parameters have the names and shapes of the authors' weights.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from gaia_judge.baselines.amt.blocks import Features, Pyramid, SideResidual, bent, places, resize, warp
from gaia_judge.baselines.amt.correlations import Correlations

WIDTHS = (20, 32, 44, 56)
"""Channels at 1/2, 1/4, 1/8 and 1/16 of the frame."""
SIDE = 20
"""Channels that residual blocks treat apart."""
FLOWS = 3
"""Guesses at the flow of each pixel that are combined."""
PARTS = [2 * FLOWS, 2 * FLOWS, FLOWS, 3 * FLOWS]
"""What the last decoder gives: flows to the first and second frame, masks, residues."""
LEVELS, RADIUS = 4, 3
MULTIPLE = 16
"""Sides of the frames must be multiples of so many pixels,"""
LEAST = 128
"""and have so many, else the coarsest correlations are with a single place, and nothing lies between."""


class Decoder(nn.Module):
    """Doubles the resolution of all it is given: ``width`` channels inside, ``outputs`` in the end."""

    def __init__(self, inputs: int, width: int, outputs: int) -> None:
        super().__init__()
        last = nn.ConvTranspose2d(width, outputs, 4, 2, 1)
        self.convblock = nn.Sequential(bent(inputs, width), SideResidual(width, SIDE), last)

    def forward(self, *given: Tensor) -> Tensor:
        """Return features [N, outputs, 2H, 2W]."""
        found: Tensor = self.convblock(torch.cat(given, 1))
        return found


class Update(nn.Module):
    """Corrects flows and state by the correlations that the flows lead to, at 1/8 of the frame.

    Args:
        state: Channels of the state.
        factor: How many times the state's resolution is that of the correlations.
    """

    def __init__(self, state: int, factor: int) -> None:
        super().__init__()
        self.factor = factor
        self.convc1 = nn.Conv2d(2 * LEVELS * (2 * RADIUS + 1) ** 2, 64, 1)
        self.convf1 = nn.Conv2d(4, 40, 7, padding=3)
        self.convf2 = nn.Conv2d(40, 20, 3, padding=1)
        self.conv = nn.Conv2d(64 + 20, 68, 3, padding=1)
        self.gru = _pair(68 + 4 + state, 76)
        self.feat_head = _pair(76, state)
        self.flow_head = _pair(76, 4)

    def forward(self, state: Tensor, flows: Tensor, correlations: Tensor) -> tuple[Tensor, Tensor]:
        """Return what to add to the state and to the flows, both at the state's resolution.

        Args:
            state: Shape [N, C, factor * H, factor * W].
            flows: To the first and to the second frame, in places of the correlations, shape [N, 4, H, W].
            correlations: See ``Correlations.around``.
        """
        hints = _leak(self.convc1(correlations))
        motion = _leak(self.convf2(_leak(self.convf1(flows))))
        both = _leak(self.conv(torch.cat([hints, motion], 1)))
        inner = self.gru(torch.cat([both, flows, resize(state, 1 / self.factor)], 1))
        change = self.factor * resize(self.flow_head(inner), self.factor)
        return resize(self.feat_head(inner), self.factor), change


class Interpolator(nn.Module):
    """AMT-S. Makes the frame in the middle between two."""

    def __init__(self) -> None:
        super().__init__()
        one, two, three, four = WIDTHS
        self.feat_encoder = Features(84)
        self.encoder = Pyramid(WIDTHS)
        self.decoder4 = Decoder(2 * four + 1, 2 * four, three + 4)
        self.decoder3 = Decoder(3 * three + 4, 3 * three, two + 4)
        self.decoder2 = Decoder(3 * two + 4, 3 * two, one + 4)
        self.decoder1 = Decoder(3 * one + 4, 3 * one, sum(PARTS))
        self.update4 = Update(three, 1)
        self.update3 = Update(two, 2)
        self.update2 = Update(one, 4)
        self.comb_block = nn.Sequential(*bent(3 * FLOWS, 6 * FLOWS), nn.Conv2d(6 * FLOWS, 3, 3, padding=1))

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Return the frames in the middle between each first and its second.

        Args:
            first: Values in [0, 1], shape [N, 3, H, W]; H and W are multiples of 16 and at least 128.
            second: Of the same shape.

        Returns:
            Values in [0, 1] of the same shape.
        """
        mean = torch.cat([first, second], 1).mean((1, 2, 3), keepdim=True)
        first, second = first - mean, second - mean
        features = self.feat_encoder(torch.cat([first, second])).chunk(2)
        correlations = Correlations(*features, levels=LEVELS, radius=RADIUS)
        looks = self.encoder(first), self.encoder(second)
        half = torch.full_like(looks[0][3][:, :1], 0.5)
        found = self.decoder4(looks[0][3], looks[1][3], half)
        flows, state = self._corrected(self.update4, correlations, found[:, :4], found[:, 4:])
        for level, decoder, update in ((2, self.decoder3, self.update3), (1, self.decoder2, self.update2)):
            found = self._decoded(decoder, state, flows, looks[0][level], looks[1][level])
            flows = found[:, :4] + 2 * resize(flows, 2)
            flows, state = self._corrected(update, correlations, flows, found[:, 4:])
        found = self._decoded(self.decoder1, state, flows, looks[0][0], looks[1][0])
        to_first, to_second, masks, residues = torch.split(found, PARTS, 1)
        base_first, base_second = (2 * resize(flows, 2)).chunk(2, 1)
        to_first = to_first + base_first.repeat(1, FLOWS, 1, 1)
        to_second = to_second + base_second.repeat(1, FLOWS, 1, 1)
        guesses = blended(first, second, to_first, to_second, masks.sigmoid(), residues + mean)
        return combined(guesses, self.comb_block).clamp(0, 1)

    def _decoded(
        self, decoder: nn.Module, state: Tensor, flows: Tensor, first: Tensor, second: Tensor
    ) -> Tensor:
        """Decode the state beside both frames' features where the flows see them."""
        found: Tensor = decoder(state, warp(first, flows[:, :2]), warp(second, flows[:, 2:]), flows)
        return found

    def _corrected(
        self, update: Update, correlations: Correlations, flows: Tensor, state: Tensor
    ) -> tuple[Tensor, Tensor]:
        small = resize(flows, 1 / update.factor) / update.factor
        to_first, to_second = small.chunk(2, 1)
        # Half the way to the second frame is taken as half the motion between both frames, and likewise back.
        here = places(small)
        hints = correlations.around(here + 2 * to_second, here + 2 * to_first)
        more, change = update(state, small, hints)
        return flows + change, state + more


def blended(
    first: Tensor, second: Tensor, to_first: Tensor, to_second: Tensor, masks: Tensor, residues: Tensor
) -> list[Tensor]:
    """Return the guesses at the middle frame, one for each pair of flows.

    Args:
        first: Shape [N, 3, H, W].
        second: Of the same shape.
        to_first: Flows from the middle to the first frame, shape [N, 2 * flows, H, W].
        to_second: Flows from the middle to the second, of the same shape.
        masks: Share of the first frame, from 0 to 1, shape [N, flows, H, W].
        residues: What neither frame shows, shape [N, 3 * flows, H, W].
    """
    given = ((to_first, 2), (to_second, 2), (masks, 1), (residues, 3))
    parts = zip(*(torch.split(one, channels, 1) for one, channels in given), strict=True)
    return [
        mask * warp(first, back) + (1 - mask) * warp(second, ahead) + residue
        for back, ahead, mask, residue in parts
    ]


def combined(guesses: list[Tensor], block: Callable[[Tensor], Tensor]) -> Tensor:
    """Return the mean of guesses [N, 3, H, W], and what a network makes of all of them added."""
    return torch.stack(guesses).mean(0) + block(torch.cat(guesses, 1))


def _pair(inputs: int, outputs: int) -> nn.Sequential:
    first, second = nn.Conv2d(inputs, 76, 3, padding=1), nn.Conv2d(76, outputs, 3, padding=1)
    return nn.Sequential(first, nn.LeakyReLU(0.1), second)


def _leak(values: Tensor) -> Tensor:
    return functional.leaky_relu(values, 0.1)
