import pytest
import torch
from torchvision.models.convnext import CNBlockConfig, ConvNeXt

from gaia_judge.baselines.networks.convnexts import ConvNext3d, inflated, torchvision_name
from gaia_judge.baselines.networks.fastvqas import Dover, FastVqa, dover_name, fastvqa_name
from gaia_judge.baselines.networks.heads import VqaHead
from gaia_judge.baselines.networks.keys import load_official
from gaia_judge.baselines.networks.swins import Swin3d
from tests.networks import count, official, stirred, without_gradient


@pytest.mark.parametrize(
    ("make", "name", "rename", "parameters"),
    [(FastVqa, "fastvqa", fastvqa_name, 28_127_901), (Dover, "dover", dover_name, 56_218_302)],
)
def test_official_checkpoints_fit(make, name: str, rename, parameters: int) -> None:
    keys = official(name)
    with torch.device("meta"):
        network = make()
    load_official(network, keys, rename)
    assert len({rename(key) for key in keys}) == len(keys) == len(network.state_dict())
    assert count(network) == parameters


def test_facts_of_the_aesthetic_backbone() -> None:
    with torch.device("meta"):
        network = ConvNext3d()
        assert network(torch.empty(1, 3, 32, 224, 224)).shape == (1, 768, 16, 7, 7)
    assert count(network) == 28_041_120
    lengths = [block.dwconv.kernel_size[0] for stage in network.stages for block in stage]
    assert lengths == [1, 3, 1, 1, 3, 1, *[1, 3, 1] * 3, 1, 3, 1]


@pytest.mark.parametrize("depths", [(1, 1), (2, 3)])
def test_inflated_convnext_sees_a_still_image_as_the_flat_one(depths: tuple[int, int]) -> None:
    flat = stirred(
        ConvNeXt([CNBlockConfig(6, 8, depths[0]), CNBlockConfig(8, None, depths[1])], num_classes=2)
    )
    tensors = {torchvision_name(name): tensor for name, tensor in flat.state_dict().items()}
    assert tensors.pop(None) is not None  # the classifier
    network = ConvNext3d((6, 8), depths).eval()
    load_official(network, inflated(tensors, network))
    image = torch.randn(2, 3, 24, 40)
    with torch.no_grad():
        maps = flat.features(image).movedim(1, -1)
        norm = flat.classifier[0]
        expected = torch.nn.functional.layer_norm(maps, (8,), norm.weight, norm.bias, 1e-6).movedim(-1, 1)
        found = network(image[:, :, None].expand(-1, -1, 14, -1, -1))
    assert found.shape == (2, 8, 7, 3, 5)
    middle = found if depths == (1, 1) else found[:, :, 3:4]  # kernels of three see the void beyond the ends
    assert torch.allclose(middle, expected[:, :, None].expand_as(middle), atol=1e-5)


def test_inflated_convnext_sees_motion() -> None:
    network, clips = stirred(ConvNext3d((6, 8), (2, 1))), torch.randn(1, 3, 8, 16, 16)
    still = clips.clone()
    still[:, :, 4:6] = still[:, :, 2:4]
    assert not torch.allclose(network(clips)[:, :, 1], network(still)[:, :, 1], atol=1e-4)


def small() -> Dover:
    swin = Swin3d(8, (2, 1), (2, 2), (2, 2, 2), (True, False))
    return Dover(FastVqa(swin, VqaHead(16, 4)), FastVqa(ConvNext3d((6, 8), (3, 2)), VqaHead(8, 4)))


def test_gradients_reach_everything() -> None:
    torch.manual_seed(0)
    network = small()
    # Fragments of 5 and 6 tokens are crossed by windows as they stand and by shifted ones.
    technical, aesthetic = network(torch.randn(3, 3, 8, 40, 48), torch.randn(3, 3, 8, 16, 16))
    assert technical.shape == aesthetic.shape == (3,)
    assert not without_gradient(network, technical.sum() + aesthetic.sum())


def test_a_head_scores_the_map_of_its_backbone() -> None:
    branch, clips = stirred(small()).technical, torch.randn(2, 3, 8, 24, 24)
    assert torch.equal(branch(clips), branch.head(branch.backbone(clips)))
