"""The ONNX graph of a network: weights outside it, and nothing in the way of a runtime."""

from collections import Counter

from model_helpers import write_untrained
import pytest

from mono_depth_ros.model_file import find_model, onnx_of, read_card

pytestmark = pytest.mark.thorough
onnx = pytest.importorskip('onnx')
onnxruntime = pytest.importorskip('onnxruntime')


@pytest.fixture(scope='module')
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp('model') / 'm.safetensors'
    write_untrained(path, graph=True, network='mobile', aspect_ratios=(0.5, 3.5))
    return path


def test_no_weight_is_in_the_graph(path):
    from mono_depth_ros.networks.onnx_graph import graph_of
    graph = onnx.load_from_string(graph_of(read_card(path).network)).graph
    own = {item.name: len(item.raw_data) for item in graph.initializer}
    assert not [name for name in own if name.endswith(('.weight', '.bias', '_mean', '_var'))]
    inputs = {name for node in graph.node for name in node.input}
    assert sum(name.endswith('.running_var') for name in inputs) > 50
    assert max(own.values()) < 10_000


@pytest.mark.parametrize('model', ['indoor', 'outdoor', 'untrained'])
def test_every_node_leads_to_the_output(path, model):
    """TensorRT's parser refuses kinds it does not know even where nothing reads from them."""
    file = path if model == 'untrained' else find_model(model)
    graph = onnx.load_from_string(onnx_of(file)).graph
    read = {name for node in graph.node for name in node.input}
    read |= {output.name for output in graph.output}
    assert not [node.op_type for node in graph.node if not read & set(node.output)]


def test_onnx_runtime_merges_every_batch_norm_into_its_convolution(path, tmp_path):
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath, options.log_severity_level = str(tmp_path / 'o.onnx'), 3
    onnxruntime.InferenceSession(onnx_of(path), options, providers=['CPUExecutionProvider'])
    kinds = Counter(node.op_type for node in onnx.load(tmp_path / 'o.onnx').graph.node)
    assert kinds['Conv'] > 50
    assert not {'BatchNormalization', 'CastLike', 'Cast', 'Expand'} & set(kinds)
