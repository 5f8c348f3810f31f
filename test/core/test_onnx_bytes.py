"""ONNX files read and completed as bytes, compared with the onnx package."""

import random

import numpy as np
import pytest

from mono_depth_ros.onnx_bytes import metadata_bytes, metadata_of, weight_bytes

onnx = pytest.importorskip('onnx')
SCALE = np.array([[2.0, 3.0]], np.float32)


@pytest.fixture(scope='module')
def graph() -> bytes:
    """The graph y = x * scale, whose weight `scale` is not in it."""
    floats = onnx.TensorProto.FLOAT
    made = onnx.helper.make_graph(
        [onnx.helper.make_node('Mul', ['x', 'scale'], ['y'])], 'times',
        [onnx.helper.make_tensor_value_info('x', floats, [1, 2])],
        [onnx.helper.make_tensor_value_info('y', floats, [1, 2])])
    return onnx.helper.make_model(made).SerializeToString()


@pytest.fixture
def whole(graph, tmp_path):
    """The graph with weight and metadata, in a file."""
    path = tmp_path / 'whole.onnx'
    path.write_bytes(graph + weight_bytes({'scale': SCALE}) + metadata_bytes({
        'card': '{"größe": 1}', 'long': 'x' * 300}))
    return path


def test_what_is_appended_is_read_by_onnx(whole):
    model = onnx.load(whole)
    onnx.checker.check_model(model, full_check=True)
    weight, = model.graph.initializer
    assert weight.name == 'scale'
    np.testing.assert_array_equal(onnx.numpy_helper.to_array(weight), SCALE)
    assert {item.key: item.value for item in model.metadata_props} == metadata_of(whole) == {
        'card': '{"größe": 1}', 'long': 'x' * 300}


def test_the_completed_graph_runs(whole):
    session = pytest.importorskip('onnxruntime').InferenceSession(whole)
    out, = session.run(None, {'x': np.array([[5, 7]], np.float32)})
    np.testing.assert_array_equal(out, [[10, 21]])


def test_half_precision_and_single_numbers_are_written_as_floats(graph):
    model = onnx.load_from_string(graph + weight_bytes({
        'half': np.float16([1.5, -2]), 'one': np.float32(7)}))
    half, one = (onnx.numpy_helper.to_array(item) for item in model.graph.initializer)
    assert half.dtype == one.dtype == np.float32 and one.shape == ()
    np.testing.assert_array_equal(half, [1.5, -2])


def test_a_later_value_replaces_an_earlier(graph, tmp_path):
    path = tmp_path / 'twice.onnx'
    path.write_bytes(graph + metadata_bytes({'card': 'old'}) + metadata_bytes({'card': 'new'}))
    assert metadata_of(path) == {'card': 'new'}


def test_what_is_no_onnx_file_is_refused(whole, tmp_path):
    data, bad = whole.read_bytes(), tmp_path / 'bad.onnx'
    for content in (b'', b'no model', b'\xff' * 99, data[:-1], data[:40], b'\x08\x01'):
        bad.write_bytes(content)
        with pytest.raises(ValueError, match=f'{bad} is (empty|not a whole ONNX file)'):
            metadata_of(bad)


def test_damaged_files_raise_nothing_but_a_value_error(whole, tmp_path):
    data, bad, dice = whole.read_bytes(), tmp_path / 'bad.onnx', random.Random(0)
    for _ in range(500):
        damaged = bytearray(data)
        for _ in range(dice.randint(1, 4)):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        bad.write_bytes(damaged)
        try:
            metadata_of(bad)
        except ValueError:
            pass
