"""The node's parameters: names, defaults, accepted values, and checked settings (no ROS)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
import difflib
from typing import Any

from mono_depth_ros.node.interface.geometry_parameters import GEOMETRY_PARAMETERS
from mono_depth_ros.node.interface.parameter import checked_value, Parameter


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Checked values of all parameters; depths in metres, 0 means the model's own limit.

    `waiting` says which limits are set but not in use, because the other of the two leaves
    nothing between them yet; '' where there are none.
    """

    cameras: tuple[str, ...]
    model_file: str
    device: str
    precision: str
    backend: str
    on_device_error: str
    depth_scale: float
    scale_source: str
    reference_offset: bool
    smoothing: float
    min_depth: float
    max_depth: float
    points_stride: int
    points_min_confidence: float
    points_max_edge_jump: float
    points_clear_at_max: bool
    filter_depth_edges: bool
    camera_height: float
    camera_pitch_deg: float
    camera_roll_deg: float
    tilt_source: str
    scan_frame: str
    scan_min_height: float
    scan_max_height: float
    scan_angle_min: float
    scan_angle_max: float
    scan_angle_increment: float
    scan_range_min: float
    scan_range_max: float
    rectified: bool
    image_transport: str
    input_qos: str
    autostart: bool
    waiting: str = ''

    def depth_range(self, model_lower_m: float, model_upper_m: float) -> tuple[float, float]:
        """Nearest and farthest depth in metres to publish; ValueError where they leave nothing.

        The model's own limits are given unscaled.
        """
        model_range_m = scaled_range((model_lower_m, model_upper_m), self.start_scale)
        lower_m, upper_m = self.limited_range(*model_range_m)
        if lower_m >= upper_m:
            raise ValueError(
                f'min_depth {self.min_depth} and max_depth {self.max_depth} m leave nothing of '
                f'the model, which goes from {model_range_m[0]:g} to {model_range_m[1]:g} m')
        return lower_m, upper_m

    @property
    def start_scale(self) -> float:
        """What depth is multiplied by before any evidence: depth_scale unless there is none."""
        return 1.0 if self.scale_source == 'none' else self.depth_scale

    def limited_range(self, model_lower_m: float, model_upper_m: float) -> tuple[float, float]:
        """Nearest and farthest depth in metres to publish of a model with these limits, scaled.

        The two are one where nothing of the model is left between them.
        """
        upper_m = min(self.max_depth or model_upper_m, model_upper_m)
        return min(self.min_depth or model_lower_m, upper_m), upper_m


def scaled_range(range_m: tuple[float, float], scale: float,
                 offset_m: float = 0.0) -> tuple[float, float]:
    """The limits of a model in metres, nearest and farthest, scaled and shifted as its depth.

    Never behind the camera.
    """
    nearest_m, farthest_m = (max(limit_m * scale + offset_m, 0.0) for limit_m in range_m)
    return nearest_m, farthest_m


PARAMETERS = (
    Parameter(
        name='cameras', default=[], settable='unconfigured', pattern='[A-Za-z][A-Za-z0-9_]*',
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
        name='scale_source', default='fixed', pattern='none|fixed|reference|height',
        description='What depth is scaled by: none (the depth of the model), fixed (depth_scale), '
                    'or depth_scale and a slow factor from reference (another range sensor) or '
                    'height (the floor below a camera of known height).'),
    Parameter(
        name='reference_offset', default=False,
        description='The reference gives an offset in metres as well as a factor.'),
    Parameter(
        name='smoothing', default=0.0, least=0.0, most=0.95,
        description='Weight of past depth where nothing moves; 0: none, each image by itself.'),
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
    *GEOMETRY_PARAMETERS,
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


# Lower and upper limits: one may be set before the other, whatever lies between meanwhile.
LIMITS = (('min_depth', 'max_depth'), ('scan.min_height', 'scan.max_height'),
          ('scan.angle_min', 'scan.angle_max'), ('scan.range_min', 'scan.range_max'))
# Those where 0 means the limit of the model.
NO_LIMIT = ('max_depth', 'scan.range_max')


def settings_from(values: dict[str, Any], before: Settings | None = None,
                  changed: Collection[str] = ()) -> Settings:
    """Settings from a value for every parameter; ValueError with one sentence for a wrong one.

    Limits of which one is among the `changed` names, and which leave nothing between them, stay
    as they were `before`, and `waiting` says so.
    """
    checked = {parameter.name: checked_value(parameter, values[parameter.name])
               for parameter in PARAMETERS}
    waiting = []
    for lower, upper in LIMITS:
        if (sentence := _nothing_between(checked, lower, upper)):
            if before is None or (lower in changed and upper in changed):
                raise ValueError(sentence)
            for name in (lower, upper):
                checked[name] = getattr(before, name.replace('.', '_'))
            waiting.append(f'{sentence}; until then {checked[lower]:g} and {checked[upper]:g} '
                           'are used')
    settings = Settings(waiting='; '.join(waiting), **{
        name.replace('.', '_'): value for name, value in checked.items()})
    if len(set(settings.cameras)) < len(settings.cameras):
        raise ValueError(f'cameras must have different names, got {list(settings.cameras)}')
    return settings


def _nothing_between(values: dict[str, Any], lower: str, upper: str) -> str:
    """Why two limits leave nothing between them, '' where they do."""
    without_limit = upper in NO_LIMIT and not values[upper]
    if without_limit or values[lower] < values[upper]:
        return ''
    note = f' (a {upper} of 0 is the limit of the model)' if upper in NO_LIMIT else ''
    return f'{lower} must be below {upper}, got {values[lower]:g} and {values[upper]:g}{note}'


def nearest_name(unknown: str, parameters: Sequence[Parameter] = PARAMETERS) -> str:
    """The parameter name most similar to `unknown`, or '' where none is similar."""
    names = [parameter.name for parameter in parameters]
    return next(iter(difflib.get_close_matches(unknown, names, n=1)), '')
