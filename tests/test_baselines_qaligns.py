"""Q-Align: listed as not running, with a reason that holds in the installed libraries."""

import pytest

from gaia_judge.baselines import Setting, find_metric, load_battery
from gaia_judge.baselines.qaligns import ARCHITECTURE
from gaia_judge.errors import EngineError


def test_it_says_at_once_why_not_and_what_would_work():
    metric = find_metric("q-align")
    (problem,) = metric.problems(Setting())
    assert ARCHITECTURE in problem.what
    assert "gaia-judge compare q-align=FILE.csv" in problem.cure
    with pytest.raises(EngineError, match="q-future/one-align"):
        load_battery([metric])
    with pytest.raises(EngineError, match="q-future/one-align"):
        metric.load(metric, Setting())


def test_transformers_does_not_have_the_architecture():
    from transformers.models.auto import configuration_auto, modeling_auto

    assert "mplug_owl2" not in configuration_auto.CONFIG_MAPPING_NAMES
    tables = [value for name, value in vars(modeling_auto).items() if name.endswith("_MAPPING_NAMES")]
    assert len(tables) > 10
    assert not any(ARCHITECTURE in str(table) for table in tables)


@pytest.mark.vllm
def test_vllm_does_not_have_the_architecture():
    registry = pytest.importorskip("vllm.model_executor.models.registry")
    known = registry.ModelRegistry.get_supported_archs()
    assert "LlavaForConditionalGeneration" in known
    assert ARCHITECTURE not in known
