import pytest
import torch
from torch import nn

from gaia_judge.baselines.networks.keys import load_official
from gaia_judge.baselines.networks.slowfasts import (
    Fusion,
    Residual,
    SlowFast,
    bvqa_motion,
    simplevqa_motion,
    slow_frames,
    slowfast_name,
)
from tests.networks import count, official, stirred, without_gradient


@pytest.mark.parametrize(("classes", "parameters"), [(400, 34_566_488), (0, 34_566_488 - 2304 * 400 - 400)])
def test_official_checkpoint_fits(classes: int, parameters: int) -> None:
    with torch.device("meta"):
        network = SlowFast(classes=classes)
    load_official(network, official("slowfast"), (lambda name: name) if classes else slowfast_name)
    assert count(network) == parameters


def test_facts() -> None:
    with torch.device("meta"):
        network = SlowFast()
        fast = torch.empty(2, 3, 32, 224, 224)
        slow, quick = network(torch.empty(2, 3, 8, 224, 224), fast)
        assert slow.shape == (2, 2048, 8, 7, 7)
        assert quick.shape == (2, 256, 32, 7, 7)
        assert network.logits(slow, quick).shape == (2, 400)
        assert simplevqa_motion(slow, quick).shape == (2, 2304)
        assert bvqa_motion(quick).shape == (2, 32, 512)


def test_residual_by_the_formula() -> None:
    block, maps = stirred(Residual(4, 8, 3, 2)), torch.randn(1, 4, 5, 6, 6)
    inner = block.branch2

    def step(name: str, values: torch.Tensor, **sizes) -> torch.Tensor:
        norm = getattr(inner, f"norm_{name}")
        found = nn.functional.conv3d(values, getattr(inner, f"conv_{name}").weight, **sizes)
        return nn.functional.batch_norm(found, norm.running_mean, norm.running_var, norm.weight, norm.bias)

    found = step("a", maps, padding=(1, 0, 0)).relu()
    found = step("b", found, padding=(0, 1, 1), stride=(1, 2, 2)).relu()
    around = block.branch1_norm(nn.functional.conv3d(maps[..., ::2, ::2], block.branch1_conv.weight))
    assert torch.allclose(block(maps), (around + step("c", found)).relu(), atol=1e-5)


def test_equal_sizes_need_no_convolution_around() -> None:
    assert Residual(8, 8, 1, 1).branch1_conv is None


def test_fusion_looks_at_every_fourth_time() -> None:
    layer, fast = stirred(Fusion(2)), torch.randn(1, 2, 16, 3, 3)
    found = layer(fast)
    assert found.shape == (1, 4, 4, 3, 3)
    changed = fast.clone()
    changed[:, :, 12:] += 1  # the third time sees 5 to 11, the fourth 9 to 15
    assert torch.equal(layer(changed)[:, :, :3], found[:, :, :3])
    assert not torch.allclose(layer(changed)[:, :, 3], found[:, :, 3])


def test_motion_by_hand() -> None:
    fast = torch.randn(2, 3, 4, 5, 6)
    found = bvqa_motion(fast)
    assert found[1, 2, 0].item() == pytest.approx(fast[1, 0, 2].mean().item(), abs=1e-6)
    assert found[1, 2, 3].item() == pytest.approx(fast[1, 0, 2].std().item(), rel=1e-5)
    slow = torch.randn(2, 7, 1, 5, 6)
    both = simplevqa_motion(slow, fast)
    assert both[0].tolist() == pytest.approx(
        slow[0].flatten(1).mean(1).tolist() + fast[0].flatten(1).mean(1).tolist(), abs=1e-6
    )


def test_slow_frames_of_other_lengths() -> None:
    fast = torch.arange(16.0).view(1, 1, 16, 1, 1)
    assert slow_frames(fast).flatten().tolist() == [0, 5, 10, 15]


def test_gradients_reach_everything_and_clips_do_not_meet() -> None:
    torch.manual_seed(0)
    network, fast = SlowFast((1, 1, 2, 1), 16, 4, 5), torch.randn(2, 3, 8, 48, 48)
    logits = network.logits(*network(slow_frames(fast), fast))
    assert not without_gradient(network, (logits * torch.randn(logits.shape)).sum())
    network = stirred(network)
    for together, alone in zip(
        network(slow_frames(fast), fast), network(slow_frames(fast[:1]), fast[:1]), strict=True
    ):
        assert torch.allclose(together[:1], alone, atol=1e-5 * alone.max().item())
