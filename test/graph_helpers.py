"""Small ONNX graphs that stand for somebody else's network."""

import numpy as np
import pytest

onnx = pytest.importorskip('onnx')
FLOAT = onnx.TensorProto.FLOAT
WIDTH, HEIGHT = 320, 240
FREE = ('width', 'height')


def info(name, shape, kind=FLOAT):
    """What a graph says of one of its inputs or outputs."""
    return onnx.helper.make_tensor_value_info(name, kind, shape)


def node(kind, inputs, output, **attributes):
    """One operation of a graph."""
    return onnx.helper.make_node(kind, inputs, [output], **attributes)


def constant(name, values):
    """A tensor that is part of a graph."""
    return onnx.numpy_helper.from_array(np.array(values), name)


def channel_graph(path, channel=0, axis=1, inputs=(), extra=(), outputs=('depth',), kind=FLOAT,
                  size=(WIDTH, HEIGHT), constants=(), batch=1, channels=3, domains=()):
    """Write a graph whose depth is one channel of its image, plus `extra` nodes.

    `size` is the width and height of the image; words in place of numbers leave it free, as
    those in place of `batch` and `channels`. `domains` are those of operations beside ONNX's own.
    """
    width, height = size
    shape = [batch, channels, height, width] if axis == 1 else [batch, height, width, channels]
    first = node('Gather', ['image', 'channel'], 'plane' if extra else 'depth', axis=axis)
    graph = onnx.helper.make_graph(
        [first, *extra], 'channel', [info('image', shape, kind), *inputs],
        [info(name, None, kind if not extra else FLOAT) for name in outputs],
        [constant('channel', [channel]), *constants])
    onnx.save(onnx.helper.make_model(
        graph, ir_version=9, opset_imports=[onnx.helper.make_opsetid('', 17), *(
            onnx.helper.make_opsetid(domain, 1) for domain in domains)]), path)
    return path


def free_graph(path, size=FREE):
    """Write a graph whose depth is its image's width, a thousandth of the height, and red."""
    return channel_graph(
        path, size=size, constants=[constant('weights', np.float32([0, 0, 0.001, 1]))], extra=[
            node('Shape', ['image'], 'shape'),
            node('Cast', ['shape'], 'sizes', to=FLOAT),
            node('MatMul', ['sizes', 'weights'], 'sum'), node('Add', ['plane', 'sum'], 'depth')])
