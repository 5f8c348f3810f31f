"""Weights in files beside an ONNX file: brought in as the onnx package has them, or refused."""

from pathlib import Path
import random

import numpy as np
import pytest

from mono_depth_ros import onnx_external
from mono_depth_ros.onnx_external import external_file, with_weights

onnx = pytest.importorskip('onnx')
helper = onnx.helper
WEIGHT = np.arange(6, dtype=np.float32).reshape(2, 3)


def tensor(name, factor=1.0):
    return onnx.numpy_helper.from_array(np.float32(factor * WEIGHT), name)


def constant(name, output, factor):
    return helper.make_node('Constant', [], [output], value=tensor(name, factor))


def model():
    """y = x + weight + (weight if x else 2 * weight) * 3: tensors in every kind of place."""
    floats = onnx.TensorProto.FLOAT
    y = [helper.make_tensor_value_info('b', floats, [2, 3])]
    then = helper.make_graph([constant('then', 'b', 1)], 'then', [], y)
    other = helper.make_graph([helper.make_node('Identity', ['other'], ['b'])], 'other', [], y,
                              [tensor('other', 2)])
    sparse = helper.make_sparse_tensor(
        onnx.numpy_helper.from_array(np.float32([1, 2]), 'sparse'),
        onnx.numpy_helper.from_array(np.int64([0, 5]), 'sparse_at'), [6])
    graph = helper.make_graph(
        [constant('three', 'three_', 3),
         helper.make_node('If', ['yes'], ['branch'], then_branch=then, else_branch=other),
         helper.make_node('Add', ['x', 'weight'], ['plus']),
         helper.make_node('Add', ['plus', 'branch'], ['plus2']),
         helper.make_node('Add', ['plus2', 'three_'], ['y'])], 'g',
        [helper.make_tensor_value_info('x', floats, [2, 3]),
         helper.make_tensor_value_info('yes', onnx.TensorProto.BOOL, [])],
        [helper.make_tensor_value_info('y', floats, [2, 3])], [tensor('weight')])
    graph.sparse_initializer.append(sparse)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=9)
    made.metadata_props.add(key='author', value='somebody')
    return made


def every_tensor(made):
    """The tensors of `model`, wherever they are."""
    branches = [attribute.g for attribute in made.graph.node[1].attribute]
    then, other = sorted(branches, key=lambda g: g.name == 'other')
    sparse = made.graph.sparse_initializer[0]
    return [made.graph.initializer[0], made.graph.node[0].attribute[0].t,
            then.node[0].attribute[0].t, other.initializer[0], sparse.values, sparse.indices]


def moved_out(made, path: Path, location='net.onnx.data'):
    """Write the model with the bytes of all its tensors in another file; that file."""
    data = b'gap.'
    for item in every_tensor(made):
        raw = item.raw_data
        onnx.external_data_helper.set_external_data(
            item, location, offset=len(data), length=len(raw))
        item.ClearField('raw_data')
        data += raw
    path.write_bytes(made.SerializeToString())
    (path.parent / 'net.onnx.data').write_bytes(data)
    return path.parent / 'net.onnx.data'


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'net.onnx'


def test_weights_of_every_place_are_brought_in(path):
    moved_out(model(), path)
    assert external_file(path) == 'net.onnx.data'
    whole = onnx.load_from_string(with_weights(path))
    assert len(every_tensor(whole)) == 6
    for got, expected in zip(every_tensor(whole), every_tensor(model())):
        np.testing.assert_array_equal(*map(onnx.numpy_helper.to_array, (got, expected)))
        assert got == expected
    assert whole == model()


def test_a_file_as_onnx_writes_it(path):
    """onnx.save with all tensors of the graph in one file, and each in its own."""
    for one in (True, False):
        onnx.save_model(model(), path, save_as_external_data=True, all_tensors_to_one_file=one,
                        location='w.bin' if one else None, size_threshold=0,
                        convert_attribute=True)
        assert external_file(path)
        assert onnx.load_from_string(with_weights(path)).graph.initializer[0] == tensor('weight')


def test_a_whole_file_stays_as_it_is(path):
    path.write_bytes(model().SerializeToString())
    assert external_file(path) is None and with_weights(path) == path.read_bytes()


def test_without_offset_and_length_a_tensor_is_the_whole_file(path):
    made = helper.make_model(helper.make_graph([], 'g', [], [], [tensor('weight')]))
    item = made.graph.initializer[0]
    onnx.external_data_helper.set_external_data(item, 'w')
    item.ClearField('raw_data')
    path.write_bytes(made.SerializeToString())
    (path.parent / 'w').write_bytes(WEIGHT.tobytes())
    assert onnx.load_from_string(with_weights(path)).graph.initializer[0] == tensor('weight')


@pytest.mark.parametrize('location', ['/etc/passwd', '../net.onnx.data', 'a/../../w', ''])
def test_a_file_of_another_folder_is_refused(path, location):
    moved_out(model(), path, location)
    with pytest.raises(ValueError, match='net.onnx keeps weights in .*: expected a file in its '):
        with_weights(path)


def test_links_are_followed_as_hugging_face_keeps_its_files(path):
    blobs = path.parent / 'blobs'
    blobs.mkdir()
    moved_out(model(), path).rename(blobs / '1')
    path.rename(blobs / '0')
    path.symlink_to(blobs / '0')
    (path.parent / 'net.onnx.data').symlink_to(blobs / '1')
    assert onnx.load_from_string(with_weights(path)) == model()


def test_a_missing_and_a_short_file_are_refused(path):
    data = moved_out(model(), path)
    size = len(data.read_bytes())
    data.write_bytes(data.read_bytes()[:-1])
    with pytest.raises(ValueError, match=f'net.onnx.data has {size - 1} bytes, but net.onnx '
                                         f'keeps weights there up to byte {size}: copy'):
        with_weights(path)
    data.unlink()
    with pytest.raises(ValueError, match="in 'net.onnx.data', which is not beside it: copy both"):
        with_weights(path)


def test_more_than_protobuf_holds_is_refused_before_it_is_read(path):
    moved_out(model(), path)
    with path.with_name('net.onnx.data').open('r+b') as file:
        file.truncate(3 << 30)  # a file with a hole: no disk, and were it read, 3 GB of memory
    made = onnx.load(path, load_external_data=False)
    del every_tensor(made)[0].external_data[2]  # its length
    path.write_bytes(made.SerializeToString())
    with pytest.raises(ValueError, match='more than 2 GB of weights, and one ONNX file holds'):
        with_weights(path)


def test_damaged_files_raise_nothing_but_a_value_error(path):
    moved_out(model(), path)
    data, dice = path.read_bytes(), random.Random(0)
    for _ in range(1000):
        damaged = bytearray(data)
        for _ in range(dice.randint(1, 4)):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        path.write_bytes(damaged)
        for read in (external_file, with_weights):
            try:
                read(path)
            except ValueError as error:
                assert 'net.onnx' in str(error)


def test_messages_within_messages_end(path):
    inner = b''
    for _ in range(400):  # GraphProto.node, NodeProto.attribute, AttributeProto.g
        for number in (6, 5, 1):
            inner = onnx_external.field_head(number, len(inner)) + inner
    path.write_bytes(onnx_external.field_head(7, len(inner)) + inner)
    with pytest.raises(ValueError, match='not a whole ONNX file .more than 100 messages'):
        with_weights(path)
