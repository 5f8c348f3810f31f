"""What an ONNX graph takes and gives, and how it is fed and read with the settings of a preset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec

from mono_depth_ros.backends.backend import first_line
from mono_depth_ros.checked_json import limits_of
from mono_depth_ros.letterbox import input_size
from mono_depth_ros.model_card import CAMERA_TYPES, FOREIGN, GraphSpec, IMAGE_TYPES, NetworkSpec
from mono_depth_ros.tools.presets import Preset

Shape = tuple[int | None, ...]
# Settings that no preset has: names in the graph, the size of a graph that leaves it free.
GRAPH_SETTINGS = ('image_input', 'depth_output', 'depth_plane', 'intrinsics_input', 'rays_input',
                  'size')
# What outputs are called that are depth, or points (x, y, z).
DEPTHS, POINTS = ('predicted_depth', 'depth', 'pred_depth'), ('pts_3d', 'points')


@dataclass(frozen=True, kw_only=True)
class Signature:
    """Inputs and outputs of a graph by name, in order; None where a size is free.

    `types` are those of the inputs, as NumPy names them.
    """

    inputs: dict[str, Shape]
    outputs: dict[str, Shape]
    types: dict[str, str]


def signature_of(onnx: bytes) -> Signature:
    """Inputs and outputs of an ONNX graph; ValueError where no runtime can read it.

    ModuleNotFoundError where neither ONNX Runtime nor OpenVINO is installed.
    """
    problems = []
    for package, name, read in (('onnxruntime', 'ONNX Runtime', _by_onnxruntime),
                                ('openvino', 'OpenVINO', _by_openvino)):
        if not find_spec(package):
            continue
        try:
            return read(onnx)
        except Exception as error:  # ONNX Runtime's exceptions share no base class but this
            problems.append(f'{name} cannot load the graph: {first_line(error)}')
    if not problems:
        raise ModuleNotFoundError('neither ONNX Runtime nor OpenVINO is installed: pip install -r '
                                  'requirements/backends.txt', name='onnxruntime')
    raise ValueError('; '.join(problems))


def _by_onnxruntime(onnx: bytes) -> Signature:
    from mono_depth_ros.backends.quiet_onnxruntime import ERRORS_ONLY, onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = ERRORS_ONLY
    session = onnxruntime.InferenceSession(onnx, options, providers=['CPUExecutionProvider'])
    inputs, outputs = ({item.name: tuple(
        size if isinstance(size, int) else None for size in item.shape) for item in items}
        for items in (session.get_inputs(), session.get_outputs()))
    types = {item.name: _type(item.type[7:-1]) for item in session.get_inputs()}  # tensor(float)
    return Signature(inputs=inputs, outputs=outputs, types=types)


def _by_openvino(onnx: bytes) -> Signature:
    from mono_depth_ros.backends.openvino_backend import only_core

    model = only_core().read_model(onnx)
    inputs, outputs = ({item.any_name: tuple(
        size.get_length() if size.is_static else None for size in item.partial_shape)
        for item in items} for items in (model.inputs, model.outputs))
    types = {item.any_name: _type(item.element_type.to_string()) for item in model.inputs}
    return Signature(inputs=inputs, outputs=outputs, types=types)


def _type(name: str) -> str:
    """NumPy's name of an element type as either runtime writes it."""
    return {'float': 'float32', 'f32': 'float32', 'f16': 'float16', 'double': 'float64',
            'f64': 'float64', 'u8': 'uint8'}.get(name, name)


def graph_spec(signature: Signature, preset: Preset, settings: Mapping[str, str]) -> GraphSpec:
    """How the graph is fed and read; ValueError says what does not fit or is not clear."""
    image, intrinsics, rays = _inputs(signature, settings)
    output = _depth_output(signature.outputs, settings)
    return GraphSpec(
        image_input=image, depth_output=output, intrinsics_input=intrinsics, rays_input=rays,
        depth_plane=_depth_plane(output, settings), layout=_layout(signature, image),
        colour_order=preset.colours, image_type=_image_type(signature, image, preset),
        camera_type=_camera_type(signature, (intrinsics, rays)),
        depth_alone='depth_plane' in settings, scale=preset.scale or 1.0, shift=preset.shift)


def _layout(signature: Signature, image: str) -> str:
    """Where the image has its channels; where the graph leaves both places free, in front."""
    shape = signature.inputs[image]
    if len(shape) == 4 and (shape[1] == 3 or shape[1] is None and shape[3] != 3):
        return 'NCHW'
    if len(shape) == 4 and shape[3] == 3:
        return 'NHWC'
    raise ValueError(f'input {image} has shape {shape}: expected an image (1, 3, height, width) '
                     'or (1, height, width, 3)')


def _inputs(signature: Signature, settings: Mapping[str, str]) -> tuple[str, str, str]:
    """Names of the inputs for image, camera matrix and rays, '' where there is none."""
    shapes = signature.inputs
    intrinsics = settings.get('intrinsics_input') or next(
        (name for name, shape in shapes.items() if shape[-2:] == (3, 3)), '')
    rays = settings.get('rays_input') or next(
        (name for name in shapes if name.lower().startswith('ray')), '')
    images = [name for name in shapes if name not in (intrinsics, rays)]
    image = settings.get('image_input') or (images[0] if len(images) == 1 else '')
    known = [name for name in (image, intrinsics, rays) if name]
    if sorted(known) != sorted(shapes) or not image:
        raise ValueError(
            f'the graph takes {_list(shapes)}: one image, and if it wants a camera its matrix '
            '(1, 3, 3) or rays (1, 3, height, width), can be given; export it with these inputs '
            'alone, or name them: --set image_input=, intrinsics_input=, rays_input=')
    return image, intrinsics, rays


def _camera_type(signature: Signature, inputs: tuple[str, str]) -> str:
    """The one type of the inputs for camera matrix and rays, '' where there is none.

    ValueError where they are of other types or shapes than a camera's.
    """
    intrinsics, rays = inputs
    if intrinsics and not _fits(signature.inputs[intrinsics], (1, 3, 3)):
        raise ValueError(f'input {intrinsics} has shape {signature.inputs[intrinsics]}: expected '
                         'a camera matrix (1, 3, 3)')
    if rays and not _fits(signature.inputs[rays], (1, 3, None, None)):
        raise ValueError(f'input {rays} has shape {signature.inputs[rays]}: expected rays (1, 3, '
                         'height, width)')
    types = {signature.types[name] for name in inputs if name}
    if len(types) > 1 or not types <= set(CAMERA_TYPES):
        raise ValueError(f'inputs for the camera are of type {", ".join(sorted(types))}, expected '
                         f'one of {", ".join(CAMERA_TYPES)}')
    return types.pop() if types else CAMERA_TYPES[0]


def _fits(shape: Shape, expected: Shape) -> bool:
    """Whether sizes are as expected, or one of the two leaves them free."""
    return len(shape) == len(expected) and all(
        None in sides or sides[0] == sides[1] for sides in zip(shape, expected))


def _depth_plane(output: str, settings: Mapping[str, str]) -> int:
    word = settings.get('depth_plane', '2' if output in POINTS else '0')
    if word not in ('0', '1', '2'):
        raise ValueError(f'--set depth_plane={word}: expected 0, 1 or 2 (of points)')
    return int(word)


def _image_type(signature: Signature, image: str, preset: Preset) -> str:
    kind = signature.types[image]
    if kind not in IMAGE_TYPES:
        raise ValueError(f'input {image} is of type {kind}, expected {", ".join(IMAGE_TYPES)}')
    if kind == 'uint8' and (any(preset.mean) or any(abs(255 * std - 1) > 1e-3
                                                    for std in preset.std)):
        raise ValueError(f'input {image} takes bytes, so the graph normalises: add --set mean=0 '
                         '--set std=0.0039216')
    return kind


def _depth_output(outputs: dict[str, Shape], settings: Mapping[str, str]) -> str:
    asked = settings.get('depth_output')
    maps = [name for name, shape in outputs.items() if 2 <= len(shape) <= 4]
    # The last: of how many dimensions an output is, not every graph tells before it runs.
    likely = next((names for kind in (DEPTHS, POINTS, maps, outputs)
                   if (names := [name for name in outputs if name in kind])), [])
    found = asked or (likely[0] if len(likely) == 1 else '')
    if found not in outputs:
        raise ValueError(f'the graph gives {_list(outputs)}: say which is the depth, '
                         '--set depth_output=NAME (of points also depth_plane=2)')
    return found


def _list(shapes: dict[str, Shape]) -> str:
    return ', '.join(f'{name} {shape}' for name, shape in shapes.items())


def network_spec(signature: Signature, graph: GraphSpec, preset: Preset,
                 settings: Mapping[str, str]) -> NetworkSpec:
    """The image the graph takes: of one size, or of any shape where it leaves both sides free.

    ValueError where the size is needed and not given, or cannot be.
    """
    shape = signature.inputs[graph.image_input]
    height, width = shape[2:] if graph.layout == 'NCHW' else shape[1:3]
    if 'size' in settings:
        asked_width, asked_height = _size(settings['size'])
        if (height or asked_height, width or asked_width) != (asked_height, asked_width):
            raise ValueError(f'--set size={settings["size"]}: the graph takes {width}x{height}')
    elif not height or not width:
        raise ValueError(f'input {graph.image_input} takes images of any size: say which, --set '
                         'size=WIDTHxHEIGHT (with the sides the network can take)')
    else:
        asked_width, asked_height = width, height
        for side, name in ((width, 'input_width'), (height, 'input_height')):
            limits = limits_of(NetworkSpec, name)
            if not limits.hold(side):
                raise ValueError(f'input {graph.image_input} takes images of {width}x{height}: '
                                 f'expected sides of {limits.least} to {limits.most} pixels')
    spec = NetworkSpec(name=FOREIGN, input_height=asked_height, input_width=asked_width)
    if height or width or not preset.multiple:
        return spec
    return _of_any_shape(spec, preset)


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition('x')
    limits = limits_of(NetworkSpec, 'input_width')
    if not all(side.isascii() and side.isdecimal() and limits.hold(int(side[:9]))
               for side in (width, height)):
        raise ValueError(f'--set size={text}: expected WIDTHxHEIGHT in pixels, each from '
                         f'{limits.least} to {limits.most}, as 518x392')
    return int(width), int(height)


def _of_any_shape(size: NetworkSpec, preset: Preset) -> NetworkSpec:
    """The spec with about the pixels of `size` for every shape the preset allows."""
    spec = replace(size, aspect_ratios=preset.aspect_ratios, size_multiple=preset.multiple,
                   longest_side=preset.longest)
    width, height = input_size(spec.input_width, spec.input_height, spec)
    if (width, height) != (spec.input_width, spec.input_height):
        raise ValueError(
            f'--set size={spec.input_width}x{spec.input_height}: with multiple={preset.multiple}, '
            f'longest={preset.longest} and aspect_ratios={preset.aspect_ratios} it is '
            f'{width}x{height}; --set multiple=0 serves one size alone')
    if 'canonical' in preset.output and not preset.focal:
        raise ValueError('depth for a focal length of the width of the input (focal=0) goes with '
                         'one size alone: --set multiple=0')
    return spec
