"""What configure checks and cleanup forgets, with a stand-in for the estimator (no torch)."""

from collections.abc import Iterator
from contextlib import suppress
import gc
import sys
from types import SimpleNamespace
import weakref

from model_helpers import plain_card
import pytest
import rclpy
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from ros_helpers import free_domain

from mono_depth_ros.node.diagnostics import status_summary
from mono_depth_ros.node.lifecycle_node import DepthNode

STAND_IN = SimpleNamespace(
    card=plain_card(), model_path='plain', has_confidence=False, device='cpu', precision='fp32',
    backend='torch', backend_reason='asked for', model_sha256='0', together=1, device_error='',
    warm_up=lambda: None)


class Loaded:
    """An estimator that can be watched: a SimpleNamespace cannot."""


@pytest.fixture
def node(monkeypatch) -> Iterator[DepthNode]:
    """An unconfigured node whose model tells no confidence."""
    estimator = SimpleNamespace(DepthEstimator=SimpleNamespace(load=lambda *given: STAND_IN))
    monkeypatch.setitem(sys.modules, 'mono_depth_ros.estimator', estimator)
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=free_domain())
    made = DepthNode(context=context)
    yield made
    made.stop()
    made.destroy_node()
    rclpy.shutdown(context=context)


def state(node: DepthNode) -> tuple[str, str]:
    eye, = node.streams
    return status_summary(node.state, node.findings(eye, 0.0), eye.statistics, 0.0)


def test_least_confidence_is_refused_by_a_model_that_tells_none(node):
    node.set_parameters([Parameter('points.min_confidence', value=0.5)])
    assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
    level, sentence = state(node)
    assert level == 'ERROR' and 'points.min_confidence 0.5 needs a model' in sentence
    node.set_parameters([Parameter('points.min_confidence', value=0.0)])
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
    result, = node.set_parameters([Parameter('points.min_confidence', value=0.5)])
    assert not result.successful and 'plain does not' in result.reason


def test_cleanup_leaves_no_error_of_an_image_behind(node):
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
    node.streams[0].statistics.refused('image refused: cut short', 0.0)
    assert node.trigger_cleanup() == TransitionCallbackReturn.SUCCESS
    assert state(node) == ('OK', 'unconfigured')


def test_each_step_twice_in_a_row_is_refused_and_changes_nothing(node):
    """The second of each is no transition of ROS 2's lifecycle: rclpy says so, we stay."""
    for step, reached in (('configure', 'inactive'), ('activate', 'active'),
                          ('deactivate', 'inactive'), ('cleanup', 'unconfigured')):
        assert getattr(node, f'trigger_{step}')() == TransitionCallbackReturn.SUCCESS
        with suppress(RuntimeError):  # raised by some rclpy, FAILURE or ERROR of others
            assert getattr(node, f'trigger_{step}')() != TransitionCallbackReturn.SUCCESS
        assert node.state == reached and state(node)[0] != 'ERROR'


@pytest.mark.thorough
def test_cleanup_gives_back_what_configure_took(node, monkeypatch):
    def loaded(*given):
        estimator = Loaded()
        vars(estimator).update(vars(STAND_IN))
        made.append(weakref.ref(estimator))
        return estimator
    made, before = [], {name for name, _ in node.get_topic_names_and_types()}
    ends_before = [len(list(ends)) for ends in (node.publishers, node.subscriptions)]
    monkeypatch.setattr(sys.modules['mono_depth_ros.estimator'].DepthEstimator, 'load', loaded)
    for _ in range(3):
        for step in ('configure', 'activate', 'deactivate', 'cleanup'):
            assert getattr(node, f'trigger_{step}')() == TransitionCallbackReturn.SUCCESS
        gc.collect()
        assert made[-1]() is None  # the model, and with it its memory on the device
        assert [len(list(ends)) for ends in (node.publishers, node.subscriptions)] == ends_before
    assert len(made) == 3 and {name for name, _ in node.get_topic_names_and_types()} == before


def test_configure_loads_what_the_parameters_ask_for(node, monkeypatch):
    """Device and precision could once be ignored without a test's noticing."""
    given = []
    monkeypatch.setattr(sys.modules['mono_depth_ros.estimator'].DepthEstimator, 'load',
                        lambda *asked: given.append(asked) or STAND_IN)
    asked = {'model_file': 'outdoor', 'device': 'cuda:1', 'precision': 'bf16',
             'backend': 'onnxruntime'}
    results = node.set_parameters([Parameter(name, value=value) for name, value in asked.items()])
    assert all(result.successful for result in results)
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
    assert given[0][:4] == tuple(asked.values())
