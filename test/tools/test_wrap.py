"""Foreign ONNX graphs as model files: what comes out, worked by hand, and what is refused."""

from dataclasses import replace
import re

from graph_helpers import channel_graph, constant, FLOAT, FREE, HEIGHT, info, node, onnx, WIDTH
import numpy as np
import pytest

from mono_depth_ros import self_test
from mono_depth_ros.backends.backend import BackendSpec
from mono_depth_ros.backends.onnx_planes import unit_rays
from mono_depth_ros.backends.serve import open_backend
from mono_depth_ros.camera import Camera
from mono_depth_ros.estimator import DepthEstimator
from mono_depth_ros.file_seal import seal
from mono_depth_ros.model_file import find_model, metadata_for, read_card
from mono_depth_ros.onnx_bytes import metadata_bytes
from mono_depth_ros.tools.presets import PRESETS
from mono_depth_ros.tools.settings import NUMBERS, WORDS
from mono_depth_ros.tools.wrap import main

pytest.importorskip('onnxruntime')
# An image whose red, green and blue are these everywhere.
COLOUR = (51, 102, 204)


@pytest.fixture
def out(tmp_path):
    return tmp_path / 'out.onnx'


def depth_of(out, camera=None):
    """Depth the wrapped file gives for an image of one colour, twice as large as its input."""
    rgb = np.full((2 * HEIGHT, 2 * WIDTH, 3), COLOUR, np.uint8)
    depth = DepthEstimator.load(out, 'cpu').estimate(rgb, camera).depth
    assert depth.shape == rgb.shape[:2] and depth.std() < 1e-4 * depth.mean()
    return depth.mean()


def camera(focal):
    """A camera of the image of `depth_of`, twice the size of the network's."""
    return Camera(fx=focal, fy=focal, cx=WIDTH - 0.5, cy=HEIGHT - 0.5, width=2 * WIDTH,
                  height=2 * HEIGHT)


PLAIN = ('--set', 'mean=0', '--set', 'std=1')


@pytest.mark.parametrize('like, more, expected', [
    ('metres', PLAIN, 0.2),
    ('metres', ('--set', 'mean=0', '--set', 'std=0.1'), 2.0),
    ('metres', ('--set', 'mean=-1.8,0,0', '--set', 'std=1'), 2.0),
    ('metres', (*PLAIN, '--set', 'colours=bgr'), 0.8),
    ('metres', (*PLAIN, '--set', 'output=inverse_depth'), 5.0),
    ('metres', (*PLAIN, '--set', 'scale=10', '--set', 'shift=1'), 3.0),
    ('midas', (*PLAIN, '--set', 'scale=2', '--set', 'shift=0.1'), 2.0),
    ('metric3d_v2', (), 51 * 500 / 1000),
    ('depth_anything_3_metric', PLAIN, 0.2 * 500 / 300),
    ('depth_pro', PLAIN, 500 / WIDTH / 0.2)])
def test_metres_worked_by_hand(tmp_path, out, like, more, expected):
    graph = channel_graph(tmp_path / 'graph.onnx')
    assert main([str(graph), '--like', like, *more, '--set', 'min=0.01', str(out)]) == 0
    # 1000 pixels of focal length are 500 at the network's size.
    assert depth_of(out, camera(1000.0)) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize('like, more, pixels', [
    ('depth_anything_3_metric', (), 400), ('metric3d_v2', (), 500),
    ('depth_anything_3_metric', ('--set', 'focal_rule=fx'), 500)])
def test_canonical_depth_goes_by_the_focal_length_of_its_project(
        tmp_path, out, like, more, pixels):
    """500 and 300 pixels at the network's size; red is 0.2 m for the focal length of `focal`."""
    graph = channel_graph(tmp_path / 'graph.onnx')
    assert main([str(graph), '--like', like, *PLAIN, '--set', 'focal=250', *more, '--set',
                 'min=0.01', str(out)]) == 0
    assert depth_of(out, replace(camera(1000.0), fy=600.0)) == pytest.approx(
        0.2 * pixels / 250, rel=1e-4)


@pytest.mark.parametrize('like, mean, std', [
    ('midas', (0, 0, 0), (1, 1, 1)), ('midas_dpt', (0.5,) * 3, (0.5,) * 3),
    ('depth_anything_relative', (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))])
def test_relative_networks_are_normalised_as_their_projects_say(like, mean, std):
    assert (PRESETS[like].mean, PRESETS[like].std) == (mean, std)


@pytest.mark.thorough
def test_canonical_depth_doubles_with_the_focal_length_and_metres_do_not(tmp_path, out):
    graph = channel_graph(tmp_path / 'graph.onnx')
    for like, factor in (('depth_anything_3_metric', 2), ('metres', 1)):
        assert main([str(graph), '--like', like, *PLAIN, '--set', 'min=0.01', str(out)]) == 0
        assert depth_of(out, camera(1000.0)) == pytest.approx(
            factor * depth_of(out, camera(500.0)), rel=1e-5)


def test_channels_may_come_last(tmp_path, out):
    graph = channel_graph(tmp_path / 'graph.onnx', channel=2, axis=3)
    assert main([str(graph), '--like', 'metres', *PLAIN, str(out)]) == 0
    assert read_card(out).graph.layout == 'NHWC'
    assert depth_of(out) == pytest.approx(0.8, rel=1e-5)


@pytest.mark.parametrize('axis, channels, size, layout', [
    (1, 'num_channels', FREE, 'NCHW'), (1, 'num_channels', (WIDTH, HEIGHT), 'NCHW'),
    (3, 3, FREE, 'NHWC'), (1, 3, FREE, 'NCHW')])
@pytest.mark.parametrize('backend', ['onnxruntime', 'openvino'])
def test_free_axes_are_an_image_with_its_channels_in_front(
        tmp_path, out, axis, channels, size, layout, backend):
    """(batch, num_channels, height, width) as Optimum exports it; blue is 0.8."""
    pytest.importorskip(backend)
    graph = channel_graph(tmp_path / 'graph.onnx', channel=2, axis=axis, size=size,
                          batch='batch', channels=channels)
    more = ('--set', f'size={WIDTH}x{HEIGHT}')
    assert main([str(graph), '--like', 'metres', *PLAIN, *more, str(out)]) == 0
    assert read_card(out).graph.layout == layout
    rgb = np.full((HEIGHT, WIDTH, 3), COLOUR, np.uint8)
    depth = DepthEstimator.load(out, 'cpu', 'fp32', backend).estimate(rgb).depth
    np.testing.assert_allclose(depth, 0.8, rtol=1e-5)


def test_an_image_of_another_number_of_channels_is_refused(tmp_path, out, capsys):
    graph = channel_graph(tmp_path / 'graph.onnx', channels=4)
    assert main([str(graph), '--like', 'metres', str(out)]) == 1
    assert 'input image has shape (1, 4, 240, 320): expected an image' in capsys.readouterr().err


@pytest.mark.parametrize('backend', ['onnxruntime', 'openvino'])
@pytest.mark.parametrize('kind, extra, more', [
    ('FLOAT16', (), ('--set', 'mean=0', '--set', 'std=1')),
    ('UINT8', ('Cast', 'Mul'), ('--set', 'mean=0', '--set', 'std=0.0039216', '--set',
                                'scale=0.0039216'))])
def test_bytes_and_halves_are_fed_as_such(tmp_path, out, kind, extra, more, backend):
    """Red is 51 of 255: 0.2 m."""
    pytest.importorskip(backend)
    extra = [node('Cast', ['plane'], 'depth', to=FLOAT)] if extra else []
    graph = channel_graph(tmp_path / 'g.onnx', extra=extra, kind=getattr(onnx.TensorProto, kind))
    assert main([str(graph), '--like', 'metres', *more, str(out)]) == 0
    assert read_card(out).graph.image_type == kind.lower()
    rgb = np.full((HEIGHT, WIDTH, 3), COLOUR, np.uint8)
    estimator = DepthEstimator.load(out, 'cpu', 'fp32', backend)
    estimate = estimator.estimate(rgb)
    np.testing.assert_allclose(estimate.depth, 0.2, rtol=2e-3)
    assert estimator.backend == backend and not estimator.has_confidence
    assert estimate.uncertainty is None and estimate.confidence is None


def test_bytes_need_a_graph_that_normalises(tmp_path, out, capsys):
    extra = [node('Cast', ['plane'], 'depth', to=FLOAT)]
    graph = channel_graph(tmp_path / 'g.onnx', extra=extra, kind=onnx.TensorProto.UINT8)
    assert main([str(graph), '--like', 'metres', str(out)]) == 1
    assert 'takes bytes, so the graph normalises: add --set mean=0' in capsys.readouterr().err


def test_a_network_that_should_know_the_camera_and_is_not_told_is_told_of(tmp_path, out, capsys):
    graph = channel_graph(tmp_path / 'graph.onnx')
    assert main([str(graph), '--like', 'unidepth_v2', *PLAIN, str(out)]) == 0
    assert 'neither K nor rays, so it guesses the camera' in capsys.readouterr().out
    assert main([str(graph), '--like', 'metres', *PLAIN, str(out)]) == 0
    assert 'guesses' not in capsys.readouterr().out


def test_the_camera_matrix_of_the_network_s_image_is_given(tmp_path, out):
    """Depth is the image plus the sum of K: fx + fy + cx + cy + 1."""
    extra = [node('ReduceSum', ['K'], 'sum', keepdims=0), node('Add', ['plane', 'sum'], 'depth')]
    graph = channel_graph(tmp_path / 'graph.onnx', inputs=[info('K', [1, 3, 3])], extra=extra)
    assert main([str(graph), '--like', 'unidepth_v2', *PLAIN, '--set', 'max=5000', str(out)]) == 0
    assert read_card(out).graph.intrinsics_input == 'K'
    expected = 0.2 + 500 + 500 + (WIDTH - 1) / 2 + (HEIGHT - 1) / 2 + 1
    assert depth_of(out, camera(1000.0)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize('backend', ['onnxruntime', 'openvino'])
@pytest.mark.parametrize('kind, name', [('FLOAT16', 'float16'), ('DOUBLE', 'float64')])
@pytest.mark.parametrize('camera_input', ['K', 'rays'])
def test_the_camera_is_given_in_the_type_the_graph_takes(
        tmp_path, out, backend, kind, name, camera_input):
    """Depth is the image plus a thousandth of K's sum, or times the z of the rays."""
    pytest.importorskip(backend)
    kind = getattr(onnx.TensorProto, kind)
    cast = node('Cast', [camera_input], 'camera', to=FLOAT)
    if camera_input == 'K':
        graph = channel_graph(
            tmp_path / 'graph.onnx', inputs=[info('K', ['batch', 3, 3], kind)],
            constants=[constant('scale', np.float32(0.001))],
            extra=[cast, node('ReduceSum', ['camera'], 'sum', keepdims=0),
                   node('Mul', ['sum', 'scale'], 'more'), node('Add', ['plane', 'more'], 'depth')])
    else:
        graph = channel_graph(
            tmp_path / 'graph.onnx', inputs=[info('rays', [1, 3, HEIGHT, WIDTH], kind)],
            extra=[cast, node('Mul', ['camera', 'plane'], 'pts_3d')], outputs=('pts_3d',))
    assert main([str(graph), '--like', 'unidepth_v2', *PLAIN, '--set', 'min=0.01', str(out)]) == 0
    assert read_card(out).graph.camera_type == name
    estimator = DepthEstimator.load(out, 'cpu', 'fp32', backend)
    seen = Camera(fx=500, fy=500, cx=160, cy=120, width=WIDTH, height=HEIGHT)
    depth = estimator.estimate(np.full((HEIGHT, WIDTH, 3), COLOUR, np.uint8), seen).depth
    expected = 0.2 + 1.281 if camera_input == 'K' else 0.2
    assert depth[120, 160] == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize('name, shape, kind, sentence', [
    ('K', [3, 3], 'FLOAT', r'input K has shape \(3, 3\): expected a camera matrix \(1, 3, 3\)'),
    ('K', [2, 3, 3], 'FLOAT', 'input K has shape .*: expected a camera matrix'),
    ('K', [1, 3, 3], 'INT64', 'inputs for the camera are of type int64, expected one of float32'),
    ('rays', [1, HEIGHT, WIDTH, 3], 'FLOAT', 'input rays has shape .*: expected rays')])
def test_a_camera_of_another_shape_or_type_is_refused(
        tmp_path, out, capsys, name, shape, kind, sentence):
    kind = getattr(onnx.TensorProto, kind)
    graph = channel_graph(tmp_path / 'graph.onnx', inputs=[info(name, shape, kind)], extra=[
        node('Cast', [name], 'cast', to=FLOAT), node('ReduceSum', ['cast'], 'sum', keepdims=0),
        node('Add', ['plane', 'sum'], 'depth')])
    assert main([str(graph), '--like', 'unidepth_v2', str(out)]) == 1
    said = capsys.readouterr().err
    assert re.search(sentence, said) and len(said.splitlines()) == 1, said


@pytest.mark.parametrize('plane, expected', [('0', 0.2), ('1', 0.8)])
def test_any_plane_of_the_output_may_be_the_depth(tmp_path, out, capsys, plane, expected):
    """Of two, red and blue; without the choice it is not clear what the second is."""
    graph = channel_graph(tmp_path / 'graph.onnx', channels=3, extra=[
        node('Gather', ['image', 'both'], 'depth', axis=1)], constants=[constant('both', [0, 2])])
    words = [str(graph), '--like', 'metres', *PLAIN]
    assert main([*words, str(out)]) == 1
    assert 'has 2 planes, expected one of depth' in capsys.readouterr().err
    assert main([*words, '--set', 'depth_plane=2', str(out)]) == 1
    assert 'output depth has no plane 2: there are 2' in capsys.readouterr().err
    assert main([*words, '--set', f'depth_plane={plane}', str(out)]) == 0
    assert depth_of(out) == pytest.approx(expected, rel=1e-5)
    assert not DepthEstimator.load(out, 'cpu').has_confidence


@pytest.mark.parametrize('backend', ['onnxruntime', 'openvino'])
def test_sky_as_infinity_is_beyond_the_range(tmp_path, out, backend):
    """Depth is red over 1 - red, infinite where that is white; 0.2 is 0.25 m."""
    pytest.importorskip(backend)
    graph = channel_graph(
        tmp_path / 'graph.onnx', constants=[constant('one', np.float32(1))],
        extra=[node('Sub', ['one', 'plane'], 'less'), node('Div', ['plane', 'less'], 'depth')])
    assert main([str(graph), '--like', 'metres', *PLAIN, str(out)]) == 0
    rgb = np.full((HEIGHT, WIDTH, 3), COLOUR, np.uint8)
    rgb[:100] = 255
    depth = DepthEstimator.load(out, 'cpu', 'fp32', backend).estimate(rgb).depth
    assert (depth[:100] == np.inf).all()
    np.testing.assert_allclose(depth[100:], 0.25, rtol=1e-4)


def rays_graph(path, size=(WIDTH, HEIGHT)):
    """Points on the rays it is given, as far away as the image is red."""
    return channel_graph(path, size=size, inputs=[info('rays', [1, 3, *size[::-1]])],
                         extra=[node('Mul', ['rays', 'plane'], 'pts_3d')], outputs=('pts_3d',))


@pytest.mark.parametrize('backend', ['onnxruntime', 'openvino'])
@pytest.mark.parametrize('like, size', [('unidepth_v2', (640, 480)), ('unik3d', FREE)])
def test_the_rays_of_the_network_s_image_are_given_and_depth_is_read_of_points(
        tmp_path, out, like, size, backend):
    """0.2 m along the ray: at the corner of 45 and 40 degrees less by the ray's length."""
    pytest.importorskip(backend)
    graph = rays_graph(tmp_path / 'graph.onnx', size)
    more = ('--set', 'size=640x480', '--set', 'multiple=32', '--set', 'min=0.01')
    assert main([str(graph), '--like', like, *PLAIN, *more, str(out)]) == 0
    card = read_card(out)
    assert (card.graph.rays_input, card.graph.depth_plane) == ('rays', 2)
    estimator = DepthEstimator.load(out, 'cpu', 'fp32', backend)
    for width, height in ((640, 480), (1280, 480)):
        seen = Camera(fx=320, fy=300, cx=319.5, cy=239.5, width=width, height=height)
        depth = estimator.estimate(np.full((height, width, 3), COLOUR, np.uint8), seen).depth
        assert depth[240, 320] == pytest.approx(0.2, rel=1e-3)
        x, y = 319.5 / 320, 239.5 / 300
        assert depth[0, 0] == pytest.approx(0.2 / np.sqrt(x * x + y * y + 1), rel=5e-3)
        assert depth[240, -1] == pytest.approx(
            0.2 / np.sqrt(((width - 1 - 319.5) / 320) ** 2 + 1), rel=5e-3)


def test_rays_go_right_and_down_and_are_one_long():
    rays_3HW = unit_rays((100, 0, 50, 0, 50, 40, 0, 0, 1), 100, 200)
    half = np.sqrt(0.5)
    np.testing.assert_allclose(rays_3HW[:, 40, 50], [0, 0, 1], atol=1e-6)
    np.testing.assert_allclose(rays_3HW[:, 40, 150], [half, 0, half], atol=1e-6)
    np.testing.assert_allclose(rays_3HW[:, 90, 50], [0, half, half], atol=1e-6)
    np.testing.assert_allclose((rays_3HW ** 2).sum(axis=0), 1, atol=1e-5)
    assert rays_3HW.dtype == np.float32


def test_metric3d_has_a_border_of_the_mean_colour(tmp_path, out):
    """A square image leaves 40 columns free on either side; red alone is in the depth."""
    graph = channel_graph(tmp_path / 'graph.onnx')
    assert main([str(graph), '--like', 'metric3d_v2', str(out)]) == 0
    estimator, seen = DepthEstimator.load(out, 'cpu', 'fp32'), []
    network = estimator._network
    estimator._network = lambda image_CHW, camera: seen.append(image_CHW) or network(
        image_CHW, camera)
    estimator.estimate(np.full((HEIGHT, HEIGHT, 3), 255, np.uint8))
    for column, colour in ((0, (123.675, 116.28, 103.53)), (39, (123.675, 116.28, 103.53)),
                           (40, (255, 255, 255)), (280, (123.675, 116.28, 103.53))):
        np.testing.assert_allclose(seen[0][:, 100, column], colour, rtol=1e-5)


@pytest.mark.parametrize('like', ['metres', 'depth_anything_3_metric', 'metric3d_v2'])
@pytest.mark.parametrize('width, height', [(1280, 960), (1280, 720), (480, 640)])
def test_an_unknown_camera_is_that_of_the_given_field_of_view(tmp_path, out, like, width, height):
    """90 degrees: half the width, whatever comes out and however the image is brought in."""
    graph = channel_graph(tmp_path / 'graph.onnx')
    for more, focal in ((('--set', 'hfov=90'), width / 2), ((), width / 2 * 3 ** 0.5)):
        assert main([str(graph), '--like', like, *PLAIN, '--set', 'min=0.01', *more,
                     str(out)]) == 0
        estimator = DepthEstimator.load(out, 'cpu')
        assert estimator.reference_camera(width, height).focal == pytest.approx(focal)


def test_canonical_depth_without_a_camera_is_for_the_given_field_of_view(tmp_path, out):
    """Red is 0.2 for 300 pixels; 90 degrees are half of the network's 320 pixels: 160."""
    graph = channel_graph(tmp_path / 'graph.onnx')
    assert main([str(graph), '--like', 'depth_anything_3_metric', *PLAIN, '--set', 'min=0.01',
                 '--set', 'hfov=90', str(out)]) == 0
    assert depth_of(out) == pytest.approx(0.2 * 160 / 300, rel=1e-4)


def test_no_camera_is_said_to_be_unlike_what_a_foreign_network_learned_from(tmp_path, out):
    graph = channel_graph(tmp_path / 'graph.onnx')
    for like in ('metres', 'depth_anything_3_metric'):
        assert main([str(graph), '--like', like, *PLAIN, '--set', 'min=0.01', str(out)]) == 0
        assert read_card(out).learned_camera is None
    ours = read_card(find_model('indoor'))
    assert ours.learned_camera == ours.reference


@pytest.mark.parametrize('like, more, mean, std', [
    ('metric3d_v2', (), 123.675, 58.395), ('metres', (), 0, 1), ('metres', PLAIN, 0.485, 0.229),
    ('metres', ('--set', 'mean=0', '--set', 'std=0.0039216'), 123.675, 58.395)])
def test_the_self_test_sees_colours_and_turned_pictures(tmp_path, out, like, more, mean, std):
    """Whether the graph normalises or not: depth is 3 m and ImageNet's normalised red."""
    graph = channel_graph(
        tmp_path / 'graph.onnx',
        constants=[constant('more', np.float32(3 - mean / std)), constant('std', np.float32(std))],
        extra=[node('Div', ['plane', 'std'], 'red'), node('Add', ['red', 'more'], 'depth')])
    assert main([str(graph), '--like', like, *more, str(out)]) == 0
    card = read_card(out)
    spec = BackendSpec(backend='onnxruntime', device='cpu', precision='fp32')
    network = open_backend(out, card, spec)
    self_test.check(network, card, 'fp32')
    changed = replace(card, graph=replace(card.graph, colour_order='bgr'))
    for wrong in (open_backend(out, changed, spec), lambda *inputs: network(*inputs)[:, ::-1],
                  lambda image_CHW, camera: network(image_CHW / 2, camera)):
        with pytest.raises(ValueError, match='fails its self-test'):
            self_test.check(wrong, card, 'bf16')


def test_the_card_says_where_it_comes_from(tmp_path, out):
    graph = channel_graph(tmp_path / 'graph.onnx')
    assert main([str(graph), '--like', 'depth_anything_v2_metric_indoor', '--set',
                 'licence=Apache-2.0', str(out)]) == 0
    card = read_card(out)
    assert card.name == 'out' and card.weights_licence == 'Apache-2.0'
    assert 'Depth-Anything-V2' in card.provenance.recipe and card.max_depth_m == 20
    assert len(card.self_test.probe) == 16
    assert DepthEstimator.load(out).backend in ('openvino', 'onnxruntime')


@pytest.mark.parametrize('more, sentence', [
    (('--like', 'midas_dpt'), 'relative depth'),
    (('--like', 'midas'), 'gives relative depth.*a robot needs metres.*scale=S'),
    (('--like', 'depth_anything_relative'), 'relative depth'),
    (('--like', 'metres', '--set', 'focus=3'), 'unknown setting focus; known: .*focal'),
    (('--like', 'metres', '--set', 'max=far'), '--set max=far: expected a number'),
    (('--like', 'metres', '--set', 'size=32x32'), 'size=32x32: the graph takes 320x240'),
    (('--like', 'metres', '--set', 'size=big'), 'expected WIDTHxHEIGHT'),
    (('--like', 'metres', '--set', 'depth_output=z'), r'the graph gives depth.*depth_output=NAME'),
    (('--like', 'metres', '--set', 'depth_plane=z'), 'depth_plane=z: expected 0, 1 or 2'),
    (('--like', 'metres', '--set', 'output=parsecs'),
     '--set output=parsecs: expected log_canonical_depth, .* or relative_inverse$'),
    (('--like', 'metres', '--set', 'mean'), '--set mean: expected NAME=VALUE'),
    (('--like', 'metres', '--set', '=3'), '--set =3: expected NAME=VALUE'),
    (('--like', 'metres', '--set', 'mean=0,0'),
     '--set mean=0,0: expected a number from -1000 to 1000, or 3 with commas$'),
    (('--like', 'metres', '--set', 'std=0'), '--set std=0: expected a number from 0.0001 to'),
    (('--like', 'metres', '--set', 'border=256'), '--set border=256: expected .* 0 to 255, or 3'),
    (('--like', 'metres', '--set', 'min=0'), '--set min=0: expected a number from 0.001 to'),
    (('--like', 'metres', '--set', 'max=nan'), '--set max=nan: expected a number from 0.001 to'),
    (('--like', 'metres', '--set', 'min=3', '--set', 'max=2'), 'min=3 --set max=2: expected min'),
    (('--like', 'metres', '--set', 'hfov=0'), '--set hfov=0: expected a number from 8 to 160$'),
    (('--like', 'metres', '--set', 'hfov=180'), '--set hfov=180: expected a number from 8 to'),
    (('--like', 'metres', '--set', 'scale=0'), '--set scale=0: expected a number .*, not 0$'),
    (('--like', 'metres', '--set', 'scale=inf'), '--set scale=inf: expected a number'),
    (('--like', 'metres', '--set', 'resize=crop'),
     '--set resize=crop: expected letterbox or stretch$'),
    (('--like', 'metres', '--set', 'focal_rule=fy'), '--set focal_rule=fy: expected fx or mean$'),
    (('--like', 'metres', '--set', 'colours=rbg'), '--set colours=rbg: expected rgb or bgr$'),
    (('--like', 'metres', '--set', 'size=²x²'), '--set size=²x²: expected WIDTHxHEIGHT'),
    (('--like', 'metres', '--set', 'size=4096x240'), 'size=4096x240: .* from 16 to 2048'),
    (('--like', 'metres', '--set', 'longest=5'), '--set longest=5: expected a whole number from'),
    (('--like', 'depth_anything_3_metric', '--set', 'focal=9000'),
     '--set focal= .*: a focal length of 9000 for 320 pixels is a field of view of 2.0 degrees'),
    (('--like', 'metres', '--set', 'min=50', '--set', 'max=60'), 'lies at an end of the range')])
def test_what_does_not_fit_gets_a_sentence(tmp_path, out, capsys, more, sentence):
    graph = channel_graph(tmp_path / 'graph.onnx')
    assert main([str(graph), *more, str(out)]) == 1
    said = capsys.readouterr().err
    assert re.search(sentence, said), said
    assert len(said.splitlines()) == 1 and '.part' not in said
    assert [path.name for path in tmp_path.iterdir()] == ['graph.onnx']


def shaped(shape):
    """Nodes and constants that give the plane another shape."""
    return [node('Reshape', ['plane', 'shape'], 'depth')], [constant('shape', shape)]


def mean_of_all():
    return [node('ReduceMean', ['plane'], 'depth', keepdims=0, axes=[2, 3])], []


def five_metres():
    """The plane times nothing, plus 5."""
    return ([node('Mul', ['plane', 'nothing'], 'zero'), node('Add', ['zero', 'five'], 'depth')],
            [constant('nothing', np.float32(0)), constant('five', np.float32(5))])


@pytest.mark.parametrize('made, sentence', [
    (shaped([1, WIDTH * HEIGHT]), f'output depth gives {WIDTH * HEIGHT}x1 pixels of depth for an '
     f'image of {WIDTH}x{HEIGHT}: expected a map (1, 1, height, width) of 4 pixels or more a '),
    (mean_of_all(), 'output depth gives 1x1 pixels of depth for an image of 320x240: expected'),
    (five_metres(), 'every pixel of depth has the same depth, 5 m read as depth, whatever the')])
def test_what_is_no_map_of_depth_is_called_what_it_is(tmp_path, out, capsys, made, sentence):
    extra, constants = made
    graph = channel_graph(tmp_path / 'graph.onnx', extra=extra, constants=constants)
    assert main([str(graph), '--like', 'metres', str(out)]) == 1
    said = capsys.readouterr().err
    assert sentence in said and 'NaN' not in said and len(said.splitlines()) == 1, said


def test_a_graph_wider_than_any_network_is_refused(tmp_path, out, capsys):
    graph = channel_graph(tmp_path / 'graph.onnx', size=(4096, 240))
    assert main([str(graph), '--like', 'metres', str(out)]) == 1
    assert capsys.readouterr().err == (
        'wrap: input image takes images of 4096x240: expected sides of 16 to 2048 pixels\n')


def test_every_number_of_a_preset_has_limits_and_holds_them():
    for preset in PRESETS.values():
        settings = {name: value for name, value in vars(preset).items() if name != 'source'}
        assert set(settings) == set(NUMBERS) | set(WORDS)
        for name, value in settings.items():
            if name in WORDS:
                assert value in WORDS[name]
            else:
                values = value if isinstance(value, tuple) else (value,)
                assert all(map(NUMBERS[name].hold, values)), name
                assert len(values) in (NUMBERS[name].count or 1, 0)


def test_a_graph_without_one_image_is_refused(tmp_path, out, capsys):
    extra = [node('Add', ['plane', 'other'], 'depth')]
    graph = channel_graph(tmp_path / 'graph.onnx', inputs=[info('other', [1, 1])], extra=extra)
    assert main([str(graph), '--like', 'metres', str(out)]) == 1
    assert 'the graph takes image (1, 3, 240, 320), other (1, 1): one image' in (
        capsys.readouterr().err)


@pytest.mark.parametrize('domain, kind, able, unable, reason', [
    ('com.microsoft', 'SampleOp', 'onnxruntime', 'openvino',
     'No conversion rule found for operations: com.microsoft.SampleOp'),
    ('org.openvinotoolkit', 'Swish', 'openvino', 'onnxruntime',
     'org.openvinotoolkit:Swish(-1) is not a registered function/op')])
def test_a_graph_that_one_backend_alone_runs_is_served_by_it(
        tmp_path, out, capsys, domain, kind, able, unable, reason):
    """SampleOp gives what it takes, Swish x / (1 + exp(-x))."""
    pytest.importorskip('openvino')
    graph = channel_graph(tmp_path / 'graph.onnx', domains=[domain],
                          extra=[node(kind, ['plane'], 'depth', domain=domain)])
    assert main([str(graph), '--like', 'metres', *PLAIN, '--set', 'min=0.01', str(out)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[1].startswith(f'served here by {able}; not by {unable}: ') and reason in said[1]
    assert DepthEstimator.load(out, 'cpu').backend == able
    expected = 0.2 if kind == 'SampleOp' else 0.2 / (1 + np.exp(-0.2))
    assert depth_of(out) == pytest.approx(expected, rel=1e-4)


def test_both_backends_are_named_where_both_serve(tmp_path, out, capsys):
    pytest.importorskip('openvino')
    graph = channel_graph(tmp_path / 'graph.onnx')
    assert main([str(graph), '--like', 'metres', *PLAIN, str(out)]) == 0
    assert capsys.readouterr().out.splitlines()[1] == 'served here by openvino, onnxruntime'


def test_a_graph_that_no_backend_runs_gets_the_reason_of_each(tmp_path, out, capsys):
    pytest.importorskip('openvino')
    graph = channel_graph(tmp_path / 'graph.onnx', domains=['no.such'],
                          extra=[node('Thing', ['plane'], 'depth', domain='no.such')])
    assert main([str(graph), '--like', 'metres', *PLAIN, str(out)]) == 1
    said = capsys.readouterr().err
    assert 'ONNX Runtime cannot load the graph: ' in said and 'Thing' in said
    assert 'OpenVINO cannot load the graph: ' in said and 'No conversion rule' in said
    assert 'core.cpp' not in said and len(said.splitlines()) == 1


def weighted_graph(path, weight):
    """A graph whose depth is a weight from the file net.onnx.data, plus the red of the image."""
    channel_graph(path, constants=[constant('weight', np.full((1, 1, HEIGHT, WIDTH), weight,
                                                              np.float32))],
                  extra=[node('Add', ['plane', 'weight'], 'depth')])
    path.with_name('net.onnx.data').unlink(missing_ok=True)  # onnx would append to it
    onnx.save_model(onnx.load(path), path, save_as_external_data=True, location='net.onnx.data')
    return path


@pytest.mark.parametrize('backend', ['onnxruntime', 'openvino'])
def test_weights_in_a_file_beside_the_graph_are_in_the_model_file(tmp_path, backend):
    """Red is 0.2, and the weight 3, then 5 in the same graph with another data file."""
    pytest.importorskip(backend)
    (tmp_path / 'in').mkdir()
    out, graphs = tmp_path / 'out' / 'model.onnx', set()
    for weight in (3, 5):
        graph = weighted_graph(tmp_path / 'in' / 'net.onnx', weight)
        graphs.add(graph.read_bytes())
        assert main([str(graph), '--like', 'metres', *PLAIN, str(out)]) == 0
        rgb = np.full((HEIGHT, WIDTH, 3), COLOUR, np.uint8)
        depth = DepthEstimator.load(out, 'cpu', 'fp32', backend).estimate(rgb).depth
        np.testing.assert_allclose(depth, weight + 0.2, rtol=1e-5)
    assert len(graphs) == 1


def test_a_graph_whose_weights_are_missing_is_refused(tmp_path, out, capsys):
    graph = weighted_graph(tmp_path / 'net.onnx', 3)
    (tmp_path / 'net.onnx.data').unlink()
    assert main([str(graph), '--like', 'metres', *PLAIN, str(out)]) == 1
    said = capsys.readouterr().err
    assert "in 'net.onnx.data', which is not beside it: copy both" in said
    assert len(said.splitlines()) == 1 and not out.exists()


def test_a_model_file_with_weights_in_another_is_refused(tmp_path, out):
    """As a version before this one wrote it."""
    graph = channel_graph(tmp_path / 'graph.onnx')
    assert main([str(graph), '--like', 'metres', *PLAIN, str(out)]) == 0
    card = read_card(out)
    graph = weighted_graph(tmp_path / 'net.onnx', 3)
    out.write_bytes(graph.read_bytes() + metadata_bytes(metadata_for(card)))
    seal(out)
    with pytest.raises(ValueError, match="out.onnx keeps weights in another file .'net.onnx.data'"
                                         ".*make it again with"):
        DepthEstimator.load(out, 'cpu')


def test_what_is_no_graph_and_a_wrong_ending_are_refused(tmp_path, out, capsys):
    (tmp_path / 'text.onnx').write_text('no graph')
    assert main([str(tmp_path / 'text.onnx'), '--like', 'metres', str(out)]) == 1
    assert main([str(tmp_path / 'none.onnx'), '--like', 'metres', str(out)]) == 1
    graph = channel_graph(tmp_path / 'graph.onnx')
    assert main([str(graph), '--like', 'metres', *PLAIN, str(tmp_path / 'out.bin')]) == 1
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 3 and 'is not a whole ONNX file' in said[0] and 'No such file' in said[1]
    assert 'ends in .onnx' in said[2]


def test_every_preset_says_where_it_stands():
    assert all(preset.source for preset in PRESETS.values())
    assert {'metres', 'depth_anything_v2_metric_indoor', 'depth_anything_v2_metric_outdoor',
            'depth_anything_3_metric', 'metric3d_v2', 'unidepth_v2', 'zoedepth',
            'depth_pro'} < set(PRESETS)
