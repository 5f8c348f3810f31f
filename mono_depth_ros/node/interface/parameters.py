"""The node's parameters: names, defaults, accepted values, and checked settings (no ROS)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import difflib
import re
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Checked values of all parameters; depths in metres, 0 means the model's own limit."""

    cameras: tuple[str, ...]
    model_file: str
    device: str
    precision: str
    backend: str
    on_device_error: str
    depth_scale: float
    min_depth: float
    max_depth: float
    points_stride: int
    points_min_confidence: float
    rectified: bool
    image_transport: str
    input_qos: str
    autostart: bool

    def depth_range(self, model_lower_m: float, model_upper_m: float) -> tuple[float, float]:
        """Nearest and farthest depth in metres to publish; ValueError where they leave nothing.

        The model's own limits are given unscaled.
        """
        model_lower_m, model_upper_m = (
            limit_m * self.depth_scale for limit_m in (model_lower_m, model_upper_m))
        lower_m = self.min_depth or model_lower_m
        upper_m = min(self.max_depth or model_upper_m, model_upper_m)
        if lower_m >= upper_m:
            raise ValueError(
                f'min_depth {self.min_depth} and max_depth {self.max_depth} m leave nothing of '
                f'the model, which goes from {model_lower_m:g} to {model_upper_m:g} m')
        return lower_m, upper_m


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One parameter: name, default, one-sentence description, and what is accepted.

    The type of the default (str, float, int, bool, or list for a list of texts) is that of the
    parameter. `least` and `most` bound numbers, `pattern` must match a whole text. `settable` says
    when a new value is taken: 'always', 'unconfigured' (read by the configure transition) or
    'start'.
    """

    name: str
    default: Any
    description: str
    least: float = float('-inf')
    most: float = float('inf')
    pattern: str = '.+'
    settable: str = 'always'


PARAMETERS = (
    Parameter(
        name='cameras', default=[], settable='unconfigured', pattern=r'[A-Za-z]\w*',
        description='Names of the cameras to serve, each the namespace of its topics, of letters, '
                    'digits and _; empty: one camera without a namespace of its own.'),
    Parameter(
        name='model_file', default='indoor', settable='unconfigured',
        description='Name of a shipped model, or path of a .safetensors or .onnx model file.'),
    Parameter(
        name='device', default='auto', settable='unconfigured',
        pattern=r'auto|cpu|cuda(:\d+)?',
        description='Where the network runs: auto, cpu, cuda or cuda:N.'),
    Parameter(
        name='precision', default='auto', settable='unconfigured',
        pattern='auto|fp32|fp16|bf16',
        description='Number format of the network: auto, fp32, fp16 or bf16.'),
    Parameter(
        name='backend', default='auto', settable='unconfigured',
        pattern='auto|torch|openvino|onnxruntime|tensorrt',
        description='What runs the network: auto (the fastest here), torch, openvino, '
                    'onnxruntime or tensorrt.'),
    Parameter(
        name='on_device_error', default='retry', settable='unconfigured',
        pattern='retry|cpu|fail',
        description='When the device gives up (memory full, lost): retry (load the network again),'
                    ' cpu (the CPU takes over) or fail (serve nothing more).'),
    Parameter(
        name='depth_scale', default=1.0, least=0.1, most=10.0,
        description='Depth is multiplied by it: true over shown distance, measured once.'),
    Parameter(
        name='min_depth', default=0.0, least=0.0, most=1000.0,
        description='Nearest depth in metres; nearer becomes -inf. 0: the limit of the model.'),
    Parameter(
        name='max_depth', default=0.0, least=0.0, most=1000.0,
        description='Farthest depth in metres; farther becomes +inf. 0: the limit of the model.'),
    Parameter(
        name='points.stride', default=1, least=1, most=64,
        description='Every n-th pixel of every n-th row becomes a point of the cloud.'),
    Parameter(
        name='points.min_confidence', default=0.0, least=0.0, most=1.0,
        description='Points with less confidence to be within 25 % of the truth become NaN.'),
    Parameter(
        name='rectified', default=False,
        description='The images are rectified: use P of camera_info instead of K and D.'),
    Parameter(
        name='image_transport', default='raw', pattern='raw|compressed', settable='unconfigured',
        description='How images come: raw, or compressed (JPEG or PNG on image_raw/compressed).'),
    Parameter(
        name='input_qos', default='auto', pattern='auto|reliable|best_effort',
        description='Reliability of the inputs: auto (as the publisher), reliable, best_effort.'),
    Parameter(
        name='autostart', default=True, settable='start',
        description='Configure and activate at start, without a lifecycle manager.'),
)


def settings_from(values: dict[str, Any]) -> Settings:
    """Settings from a value for every parameter; ValueError with one sentence for a wrong one."""
    checked = {parameter.name.replace('.', '_'): checked_value(parameter, values[parameter.name])
               for parameter in PARAMETERS}
    settings = Settings(**checked)
    if len(set(settings.cameras)) < len(settings.cameras):
        raise ValueError(f'cameras must have different names, got {list(settings.cameras)}')
    if settings.max_depth and settings.min_depth >= settings.max_depth:
        raise ValueError(
            f'min_depth must be below max_depth, got {settings.min_depth} and '
            f'{settings.max_depth} m (a max_depth of 0 is the limit of the model)')
    return settings


def checked_value(parameter: Parameter, value: Any) -> Any:
    """The value in the parameter's type; ValueError with one sentence for a wrong value."""
    kind = type(parameter.default)
    if kind is list:
        return _checked_texts(parameter, value)
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:
        words = {str: 'a text', float: 'a number', int: 'a whole number', bool: 'true or false'}
        raise ValueError(f'parameter {parameter.name} must be {words[kind]}, got {value!r}')
    if isinstance(value, str):
        _check_text(parameter, value)
    if kind in (int, float) and not parameter.least <= value <= parameter.most:
        raise ValueError(
            f'parameter {parameter.name} must be {parameter.least:g} to {parameter.most:g}, '
            f'got {value}')
    return value


def _checked_texts(parameter: Parameter, value: Any) -> tuple[str, ...]:
    # An empty list in a file has no type: it comes as a list of nothing, or as nothing.
    texts = () if value is None else value
    if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
        raise ValueError(f'parameter {parameter.name} must be a list of texts, got {value!r}')
    for text in texts:
        _check_text(parameter, text)
    return tuple(texts)


def _check_text(parameter: Parameter, value: str) -> None:
    if not re.fullmatch(parameter.pattern, value):
        raise ValueError(
            f'parameter {parameter.name} cannot be {value!r}. {parameter.description}')


def nearest_name(unknown: str, parameters: Sequence[Parameter] = PARAMETERS) -> str:
    """The parameter name most similar to `unknown`, or '' where none is similar."""
    names = [parameter.name for parameter in parameters]
    return next(iter(difflib.get_close_matches(unknown, names, n=1)), '')
