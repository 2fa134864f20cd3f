"""ResNet-50 as three metrics use it: its last maps, each pooled to mean and deviation."""

import torch
from torch import Tensor, nn
from torchvision.models.resnet import Bottleneck, ResNet

from gaia_judge.baselines.networks.poolings import mean_and_deviation


class PooledResNet(nn.Module):
    """A ResNet of torchvision without its classifier; maps of some layers, pooled and joined.

    | metric | layers | features |
    |---|---|---|
    | VSFA, BVQA's space | 4 (res5c) | 4096 |
    | SimpleVQA | 2, 3, 4 | 7168 |

    Each layer gives its means, then its deviations (of a sample). Official size (3, 4, 6, 3): 23,508,032
    parameters. Names are torchvision's; ``resnet_name`` drops its classifier.

    Args:
        layers: Which of the layers 1 to 4 are pooled.
        depths: Blocks in each layer.
    """

    def __init__(self, layers: tuple[int, ...] = (4,), depths: tuple[int, ...] = (3, 4, 6, 3)) -> None:
        super().__init__()
        whole = ResNet(Bottleneck, list(depths))
        self.conv1, self.bn1, self.relu, self.maxpool = whole.conv1, whole.bn1, whole.relu, whole.maxpool
        self.layer1, self.layer2, self.layer3, self.layer4 = (
            whole.layer1,
            whole.layer2,
            whole.layer3,
            whole.layer4,
        )
        self.layers = layers

    @property
    def features(self) -> int:
        """Size of what it gives."""
        return sum(2 * 256 * 2 ** (layer - 1) for layer in self.layers)

    def forward(self, images: Tensor) -> Tensor:
        """Return features, shape [N, F], of images normalised as for ImageNet, shape [N, 3, H, W]."""
        maps = self.maxpool(self.relu(self.bn1(self.conv1(images))))
        found: list[Tensor] = []
        for number in range(1, max(self.layers) + 1):
            maps = getattr(self, f"layer{number}")(maps)
            if number in self.layers:
                found.extend(mean_and_deviation(maps))
        return torch.cat(found, dim=1)


def resnet_name(name: str) -> str | None:
    """Return the name here of a parameter of torchvision's ResNet, or None if it is not wanted.

    SimpleVQA's checkpoint names its ResNet in the same way, beside the head.
    """
    return None if name.startswith(("fc.", "quality.")) else name
