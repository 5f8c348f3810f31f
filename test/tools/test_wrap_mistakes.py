"""Graphs that are no depth network, and settings that make garbage of one: refused, or told of."""

from graph_helpers import channel_graph, constant, FLOAT, HEIGHT, info, node, onnx, WIDTH
import numpy as np
import pytest

from mono_depth_ros.estimator import DepthEstimator
from mono_depth_ros.tools import export_onnx
from mono_depth_ros.tools.wrap import main

pytest.importorskip('onnxruntime')
PLAIN = ('--set', 'mean=0', '--set', 'std=1')


@pytest.fixture
def out(tmp_path):
    return tmp_path / 'out.onnx'


def refusal(capsys, graph, out, *more, plain=PLAIN) -> str:
    """The one sentence by which a graph is refused, without a file."""
    assert main([str(graph), '--like', 'metres', *plain, *more, str(out)]) == 1
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1 and not out.exists(), said
    return said


def reshaped(path, shape):
    """A graph whose depth is the red of its image in another shape."""
    return channel_graph(path, extra=[node('Reshape', ['plane', 'shape'], 'depth')],
                         constants=[constant('shape', shape)])


@pytest.mark.parametrize('shape, size', [
    ((1, 80, 960), '960x80'), ((1, 1, WIDTH, HEIGHT), '240x320')])
def test_a_map_of_another_shape_than_the_image_is_refused(tmp_path, capsys, out, shape, size):
    """Such as the boxes of a detector (1, 84, 8400), or a map that lies on its side."""
    said = refusal(capsys, reshaped(tmp_path / 'graph.onnx', shape), out)
    assert f'gives {size} pixels of depth for an image of {WIDTH}x{HEIGHT}: ' in said
    assert "in the image's shape" in said


def test_a_smaller_map_of_about_the_image_s_shape_is_served(tmp_path, out):
    """32x20 for 320x240: coarse cells, of an image that was cut to whole ones."""
    graph = channel_graph(
        tmp_path / 'graph.onnx', constants=[constant('none', np.float32([])),
                                            constant('sizes', [1, 1, 20, 32])],
        extra=[node('Resize', ['plane', 'none', 'none', 'sizes'], 'depth', mode='linear')])
    assert main([str(graph), '--like', 'metres', *PLAIN, str(out)]) == 0


def list_of_rows(path):
    """A graph whose output is a sequence."""
    channel_graph(path, extra=[node('SplitToSequence', ['plane'], 'depth', axis=2)])
    model = onnx.load(path)
    del model.graph.output[:]
    model.graph.output.append(
        onnx.helper.make_tensor_sequence_value_info('depth', FLOAT, None))
    onnx.save(model, path)
    return path


@pytest.mark.parametrize('make, shape', [
    (lambda path: reshaped(path, [WIDTH * HEIGHT]), f'({WIDTH * HEIGHT},)'),
    (lambda path: channel_graph(
        path, extra=[node('ReduceMean', ['plane'], 'depth', keepdims=0)]), '()'),
    (list_of_rows, '()')])
def test_an_output_that_is_no_map_is_called_so(tmp_path, capsys, out, make, shape):
    said = refusal(capsys, make(tmp_path / 'graph.onnx'), out)
    assert f'output depth has shape {shape}: expected a map of depth (1, 1, height, wi' in said


def test_a_graph_that_does_not_look_at_its_image_is_refused(tmp_path, capsys, out):
    """A ramp plus nothing of the image, as of an export that froze its example."""
    ramp = np.linspace(1, 5, WIDTH * HEIGHT, dtype=np.float32).reshape(1, 1, HEIGHT, WIDTH)
    graph = channel_graph(
        tmp_path / 'graph.onnx', constants=[constant('ramp', ramp),
                                            constant('nothing', np.float32(0))],
        extra=[node('Mul', ['plane', 'nothing'], 'zero'), node('Add', ['zero', 'ramp'], 'depth')])
    assert 'output depth is the same for every image: ' in refusal(capsys, graph, out)


def test_an_output_of_unknown_dimensions_is_the_depth_where_it_is_the_only_one(tmp_path, out):
    """Squeeze without axes of a batch of any size: how many dimensions it leaves is not known."""
    nodes = [node('Gather', ['image', 'red'], 'plane', axis=1), node('Squeeze', ['plane'], 'y')]
    onnx.save(onnx.helper.make_model(onnx.helper.make_graph(
        nodes, 'graph', [info('image', ['batch', 3, 'height', 'width'])], [info('y', None)],
        [constant('red', [0])]), ir_version=9, opset_imports=[
            onnx.helper.make_opsetid('', 17)]), tmp_path / 'graph.onnx')
    words = ('--like', 'metres', *PLAIN, '--set', f'size={WIDTH}x{HEIGHT}')
    assert main([str(tmp_path / 'graph.onnx'), *words, str(out)]) == 0
    rgb = np.full((HEIGHT, WIDTH, 3), (51, 102, 204), np.uint8)
    np.testing.assert_allclose(DepthEstimator.load(out, 'cpu').estimate(rgb).depth, 0.2, rtol=1e-5)


def test_one_input_is_not_image_and_rays_at_once(tmp_path, capsys, out):
    graph = channel_graph(tmp_path / 'graph.onnx')
    said = refusal(capsys, graph, out, '--set', 'image_input=image', '--set', 'rays_input=image')
    assert 'the graph takes image (1, 3, 240, 320): one image' in said


@pytest.mark.parametrize('setting', [
    'mean=123.675,116.28,103.53', 'std=58.395,57.12,57.375', 'std=255', 'mean=127.5'])
def test_colours_of_0_to_255_are_refused(tmp_path, capsys, out, setting):
    """By them every picture would be almost one colour to the network."""
    graph = channel_graph(tmp_path / 'graph.onnx')
    said = refusal(capsys, graph, out, '--set', setting, plain=())
    assert f'--set {setting}: expected numbers for RGB in 0 to 1; divide ' in said


@pytest.mark.parametrize('factor, more, told', [
    (1000, (), True), (1000, ('--set', 'scale=0.001'), False), (1, (), False)])
def test_depth_beyond_the_range_is_told(tmp_path, capsys, out, factor, more, told):
    """Red is metres, but in millimetres: only what is nearly black is not beyond 100."""
    graph = channel_graph(tmp_path / 'graph.onnx', constants=[
        constant('factor', np.float32(factor))], extra=[node('Mul', ['plane', 'factor'], 'depth')])
    assert main([str(graph), '--like', 'metres', *PLAIN, '--set', 'min=0.001', *more,
                 str(out)]) == 0
    said = capsys.readouterr().out
    assert ('of the depth of a test picture lies at or beyond 0.001 and 100 m' in said) == told


def test_a_model_file_of_ours_is_not_wrapped_and_one_wrapped_before_is(tmp_path, capsys, out):
    """`indoor` gives the logarithm of depth, and a second plane: no preset reads them."""
    for package in ('torch', 'onnxscript'):
        pytest.importorskip(package)
    assert export_onnx.main(['indoor', str(tmp_path / 'indoor.onnx')]) == 0
    said = refusal(capsys, tmp_path / 'indoor.onnx', out, '--set', 'size=256x192')
    assert 'indoor.onnx is a model file already, of a network of this package' in said
    graph = channel_graph(tmp_path / 'graph.onnx')
    for network, name, most in ((graph, 'first.onnx', 20), (tmp_path / 'first.onnx', out.name, 9)):
        assert main([str(network), '--like', 'metres', *PLAIN, '--set', f'max={most}',
                     str(tmp_path / name)]) == 0
    card = DepthEstimator.load(out, 'cpu').card
    assert card.max_depth_m == 9 and card.name == 'out'


def test_a_graph_that_answers_otherwise_each_time_is_refused(tmp_path, capsys, out):
    """As one exported while it was training: dropout is at work in it."""
    graph = channel_graph(tmp_path / 'graph.onnx', extra=[
        node('RandomUniformLike', ['plane'], 'random', high=3.0),
        node('Add', ['plane', 'random'], 'depth')])
    said = refusal(capsys, graph, out)
    assert 'output depth is another each time for the same image' in said and '.part' not in said


@pytest.mark.parametrize('setting, other', [
    ('focal=500', 'output=depth'), ('focal_rule=mean', 'output=depth'),
    ('border=123', 'resize=stretch')])
def test_a_setting_without_effect_is_refused(tmp_path, capsys, out, setting, other):
    """Depth in metres is not scaled by a focal length, whatever is given."""
    said = refusal(capsys, channel_graph(tmp_path / 'graph.onnx'), out, '--set', setting)
    assert f'--set {setting} has no effect with {other}: ' in said


def test_a_setting_given_twice_is_refused(tmp_path, capsys, out):
    """As one --set for each colour would be: the last would hold for all three."""
    said = refusal(capsys, channel_graph(tmp_path / 'graph.onnx'), out, '--set', 'mean=0.456')
    assert '--set mean= is given twice: ' in said
