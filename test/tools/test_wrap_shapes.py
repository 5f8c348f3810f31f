"""Foreign graphs that leave the size of their image free: every camera in its own shape."""

from dataclasses import replace
import re

from graph_helpers import channel_graph, constant, FREE, free_graph, node
import numpy as np
import pytest

from mono_depth_ros.backends.openvino_backend import SHAPES_KEPT
from mono_depth_ros.camera import Camera
from mono_depth_ros.estimator import DepthEstimator
from mono_depth_ros.letterbox import input_size
from mono_depth_ros.model_file import read_card
from mono_depth_ros.tools.presets import Preset
from mono_depth_ros.tools.wrap import main, wrap

LIKE = Preset(source='test', mean=(0.0,) * 3, std=(1.0,) * 3, max=5000.0, multiple=14)
# Width and height of an image, and by hand the multiples of 14 nearest to its shape and to the
# 9408 pixels of 112x84: 126x70 is 1.8 and 8820 pixels, 182x56 is 3.25 and 10192.
CAMERAS = {(640, 480): (112, 84), (1920, 1080): (126, 70), (1242, 375): (182, 56),
           (480, 640): (84, 112)}


def fixed_inside(path):
    """A graph that says its sizes are free, with a tensor of 112x84 added within."""
    return channel_graph(
        path, size=FREE, constants=[constant('grid', np.ones((1, 1, 84, 112), np.float32))],
        extra=[node('Add', ['plane', 'grid'], 'depth')])


def fixed_map(path):
    """A graph that says its sizes are free, whose depth is of 112x84 always."""
    return channel_graph(
        path, size=FREE, constants=[constant('none', np.float32([])),
                                    constant('sizes', [1, 1, 84, 112])],
        extra=[node('Resize', ['plane', 'none', 'none', 'sizes'], 'depth', mode='linear')])


@pytest.mark.parametrize('backend', ['onnxruntime', 'openvino'])
def test_every_camera_is_served_in_its_own_shape(tmp_path, backend):
    pytest.importorskip(backend)
    wrap(free_graph(tmp_path / 'g.onnx'), LIKE, {'size': '112x84'}, tmp_path / 'm.onnx')
    assert read_card(tmp_path / 'm.onnx').network.size_multiple == 14
    estimator = DepthEstimator.load(tmp_path / 'm.onnx', 'cpu', 'fp32', backend)
    for _ in range(2):
        for (width, height), (columns, rows) in CAMERAS.items():
            rgb = np.zeros((height, width, 3), np.uint8)
            rgb[:, :width // 2, 0], rgb[:, width // 2:, 0] = 51, 153
            depth = estimator.estimate(rgb).depth
            assert depth.shape == (height, width)
            expected = columns + rows / 1000
            assert depth[0, 0] == pytest.approx(expected + 0.2, abs=1e-3)
            assert depth[-1, -1] == pytest.approx(expected + 0.6, abs=1e-3)


def test_more_shapes_than_are_kept_stay_right_and_few_stay_compiled(tmp_path):
    pytest.importorskip('openvino')
    wrap(free_graph(tmp_path / 'g.onnx'), LIKE, {'size': '112x84'}, tmp_path / 'm.onnx')
    estimator = DepthEstimator.load(tmp_path / 'm.onnx', 'cpu', 'fp32', 'openvino')
    spec = estimator.card.network
    for width in (50, 60, 80, 100, 130, 150, 180, 50):
        depth = estimator.estimate(np.zeros((50, width, 3), np.uint8)).depth
        columns, rows = input_size(width, 50, spec)
        assert depth.mean() == pytest.approx(columns + rows / 1000, abs=1e-3)
    kept = estimator._network._network._request.cache_info()
    assert kept.currsize == SHAPES_KEPT < kept.misses


def test_images_of_two_shapes_at_once_are_the_images_one_by_one(tmp_path, monkeypatch):
    wrap(free_graph(tmp_path / 'g.onnx'), LIKE, {'size': '112x84'}, tmp_path / 'm.onnx')
    estimator = DepthEstimator.load(tmp_path / 'm.onnx', 'cpu', 'fp32')
    network, batches = estimator._network, []

    def batch(image_BCHW):
        batches.append(len(image_BCHW))
        return np.stack([network(image_CHW) for image_CHW in image_BCHW])
    monkeypatch.setattr(network._network, 'together', 8, raising=False)  # as on a GPU
    monkeypatch.setattr(network._network, 'batch', batch, raising=False)
    images = [(np.full((*size[::-1], 3), 10 * i, np.uint8), None, None)
              for i, size in enumerate(((64, 48), (64, 36), (80, 60)))]
    for found, image in zip(estimator.estimate_all(images), images):
        np.testing.assert_array_equal(found.depth, estimator.estimate(*image).depth)
    assert sorted(batches) == [1, 2]


def test_canonical_depth_has_the_focal_length_of_each_shape(tmp_path):
    """Depth 1 for a focal length of 100 pixels of the network's input; red is 1."""
    graph = channel_graph(tmp_path / 'g.onnx', size=FREE)
    like = replace(LIKE, output='canonical_depth', focal=100.0)
    wrap(graph, like, {'size': '112x84'}, tmp_path / 'm.onnx')
    estimator = DepthEstimator.load(tmp_path / 'm.onnx', 'cpu', 'fp32')
    for (width, height), (columns, _) in CAMERAS.items():
        camera = Camera(fx=500, fy=500, cx=width / 2, cy=height / 2, width=width, height=height)
        depth = estimator.estimate(np.full((height, width, 3), 255, np.uint8), camera).depth
        np.testing.assert_allclose(depth, 500 * columns / width / 100, rtol=1e-4)


def test_the_longest_side_and_the_widest_shape_are_limits(tmp_path):
    settings = {'size': '112x84', 'longest': '140', 'aspect_ratios': '0.5,2'}
    spec = wrap(free_graph(tmp_path / 'g.onnx'), LIKE, settings, tmp_path / 'm.onnx').card.network
    # 140x70 is 2.0 with 9800 pixels; 4000x1000 is stretched into it.
    assert input_size(4000, 1000, spec) == input_size(2000, 1000, spec) == (140, 70)
    assert max(input_size(1000, 2000, spec)) <= 140
    assert read_card(tmp_path / 'm.onnx').network == spec


@pytest.mark.parametrize('settings, fixed', [({'multiple': '0'}, FREE), ({}, (112, 84))])
def test_one_size_alone_where_that_is_asked_or_all_the_graph_has(tmp_path, settings, fixed):
    graph = free_graph(tmp_path / 'g.onnx', size=fixed)
    spec = wrap(graph, LIKE, {'size': '112x84', **settings}, tmp_path / 'm.onnx').card.network
    assert not spec.aspect_ratios and input_size(1920, 1080, spec) == (112, 84)


@pytest.mark.parametrize('make, sentence', [
    (fixed_inside, 'takes any size, but for 70x140 .*a size became part of it'),
    (fixed_map, 'for 70x140 it gives 112x84 pixels of depth')])
def test_a_graph_that_fails_at_another_size_is_refused(tmp_path, capsys, make, sentence):
    graph, out = make(tmp_path / 'g.onnx'), tmp_path / 'm.onnx'
    words = [str(graph), '--like', 'depth_anything_v2_metric_indoor', '--set', 'size=112x84']
    assert main([*words, str(out)]) == 1
    said = capsys.readouterr().err
    assert re.search(sentence, said), said
    assert len(said.splitlines()) == 1 and not out.exists()
    assert main([*words, '--set', 'multiple=0', str(out)]) == 0
    assert DepthEstimator.load(out).estimate(np.zeros((90, 160, 3), np.uint8)).depth.shape == (
        90, 160)


@pytest.mark.parametrize('settings, sentence', [
    ({'size': '640x480'}, r'with multiple=14, .* it is 644x476'),
    ({'size': '112x84', 'longest': '100'}, 'it is 98x84'),
    ({'size': '112x84', 'multiple': '-1'}, 'multiple=-1: expected a whole number from 0 to 512'),
    ({'size': '112x84', 'multiple': '1.5'}, 'multiple=1.5: expected a whole number'),
    ({'size': '112x84', 'aspect_ratios': '2,1'}, 'the lowest and the highest width'),
    ({'size': '112x84', 'output': 'canonical_depth'}, 'width of the input .* one size alone'),
    ({}, 'takes images of any size: say which')])
def test_sizes_that_cannot_be_get_a_sentence(tmp_path, settings, sentence):
    graph = free_graph(tmp_path / 'g.onnx')
    with pytest.raises(ValueError, match=sentence):
        wrap(graph, LIKE, settings, tmp_path / 'm.onnx')
    assert [path.name for path in tmp_path.iterdir()] == ['g.onnx']
