"""Foreign graphs where they are measured: in fp32 on a CPU, with all their weights."""

from dataclasses import replace

from graph_helpers import channel_graph, constant
import numpy as np
import pytest

from mono_depth_ros.backends import serve
from mono_depth_ros.backends.machine import this_machine
from mono_depth_ros.tools.presets import PRESETS
from mono_depth_ros.tools.wrap import wrap
from train.comparison.cost import cost_of_model
from train.evaluation.measurement import load_estimator


@pytest.mark.parametrize('device', ['auto', 'cpu'])
def test_a_graph_is_measured_in_fp32_on_a_cpu(tmp_path, monkeypatch, device):
    """Where no device is named, too: else figures would depend on what this CPU multiplies."""
    pytest.importorskip('openvino')
    machine = replace(this_machine(), gpus=(), fast_bf16=True)
    monkeypatch.setattr(serve, 'this_machine', lambda: machine)
    wrap(channel_graph(tmp_path / 'g.onnx'), PRESETS['metres'], {}, tmp_path / 'm.onnx')
    estimator = load_estimator(tmp_path / 'm.onnx', device)
    assert estimator.precision == 'fp32' and 'bf16' not in estimator.backend_reason


@pytest.mark.parametrize('kind, weights', [
    (np.float32, 6), (np.float16, 6), (np.int8, 6), (np.uint8, 6), (np.int64, 0)])
def test_quantised_weights_are_weights(tmp_path, kind, weights):
    """Beside them the graph has a whole number, an index, which is none."""
    graph = channel_graph(tmp_path / 'g.onnx', constants=[constant('w', np.ones((2, 3), kind))])
    card = wrap(graph, PRESETS['metres'], {}, tmp_path / 'm.onnx').card
    assert cost_of_model(tmp_path / 'm.onnx', card).parameters == weights
