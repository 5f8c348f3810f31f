"""Graphs as TensorRT's parser takes them: the same numbers, without what it does not know."""

import numpy as np
import pytest

from mono_depth_ros.backends.tensorrt_graph import parsable
from mono_depth_ros.model_file import find_model, onnx_of

onnx = pytest.importorskip('onnx')
pytest.importorskip('onnxruntime')
from tensorrt_engine_stand_in import opened  # noqa: E402

helper = onnx.helper
INT64, FLOAT = onnx.TensorProto.INT64, onnx.TensorProto.FLOAT


def model_of(nodes, outputs):
    graph = helper.make_graph(nodes, 'g', [helper.make_tensor_value_info('x', FLOAT, [1, 3, 5])], [
        helper.make_tensor_value_info(name, kind, None) for name, kind in outputs.items()])
    return helper.make_model(graph, ir_version=9, opset_imports=[
        helper.make_opsetid('', 17)]).SerializeToString()


def run(model):
    return opened(model).run(None, {'x': np.arange(15, dtype=np.float32).reshape(1, 3, 5)})


@pytest.mark.parametrize('model', ['indoor', 'outdoor'])
def test_shipped_graphs_keep_their_numbers_in_words_of_every_version(model):
    before = onnx_of(find_model(model))
    after = parsable(before)
    nodes = onnx.load_from_string(after).graph.node
    read = {name for node in nodes for name in node.input} | {'planes'}
    assert all(read & set(node.output) for node in nodes)
    kinds = {node.op_type for node in nodes}
    assert 'Conv' in kinds and not kinds & {'SequenceConstruct', 'Identity'}
    assert not [node for node in nodes if node.op_type == 'Shape' and node.attribute]
    assert all(attribute.name == 'value' for node in nodes if node.op_type == 'Constant'
               for attribute in node.attribute)
    image = {'image': np.random.default_rng(0).normal(size=(1, 3, 64, 96)).astype(np.float32)}
    np.testing.assert_array_equal(*(opened(onnx).run(None, image)[0] for onnx in (before, after)))
    onnx.checker.check_model(onnx.load_from_string(after), full_check=True)


def test_shapes_and_constants_are_written_in_words_of_every_version():
    model = model_of([
        helper.make_node('Shape', ['x'], ['some'], start=1, end=3),
        helper.make_node('Shape', ['x'], ['last'], start=-1),
        helper.make_node('Constant', [], ['two'], value_ints=[2, -7]),
        helper.make_node('Constant', [], ['one'], value_int=-3),
        helper.make_node('Add', ['some', 'two'], ['sum']),
        helper.make_node('Mul', ['sum', 'one'], ['y']),
        helper.make_node('Add', ['last', 'one'], ['z'])], {'y': INT64, 'z': INT64})
    after = parsable(model)
    for found, expected in zip(run(after), ([-15, 6], [2])):
        np.testing.assert_array_equal(found, expected)
    nodes = {node.output[0]: node for node in onnx.load_from_string(after).graph.node}
    assert nodes['some'].op_type == 'Gather' and not nodes['some/all'].attribute
    assert nodes['last'].attribute[0].i == -1  # its end is not known here
    assert [nodes[name].attribute[0].name for name in ('two', 'one')] == ['value', 'value']


def test_what_a_graph_within_a_node_reads_is_kept():
    def branch(name, kind):
        return helper.make_graph(
            [helper.make_node(kind, ['outer', 'other'], [name])], name, [],
            [helper.make_tensor_value_info(name, FLOAT, None)])
    model = model_of([
        helper.make_node('Neg', ['x'], ['outer']), helper.make_node('Exp', ['x'], ['other']),
        helper.make_node('Abs', ['x'], ['nowhere']),
        helper.make_node('Constant', [], ['true'], value=helper.make_tensor(
            't', onnx.TensorProto.BOOL, [], [True])),
        helper.make_node('If', ['true'], ['y'], then_branch=branch('a', 'Sub'),
                         else_branch=branch('b', 'Add'))], {'y': FLOAT})
    kinds = [node.op_type for node in onnx.load_from_string(parsable(model)).graph.node]
    assert kinds == ['Neg', 'Exp', 'Constant', 'If']
    np.testing.assert_array_equal(run(parsable(model)), run(model))


def test_what_is_no_graph_is_one_sentence():
    with pytest.raises(ValueError, match='^no whole ONNX graph: it ends'):
        parsable(onnx_of(find_model('indoor'))[:-5])
