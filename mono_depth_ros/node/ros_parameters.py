"""The table of parameters as ROS parameters: declared, checked, applied or rejected."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter

from mono_depth_ros.node.interface.parameters import (
    nearest_name,
    Parameter,
    PARAMETERS,
    Settings,
    settings_from,
)
from mono_depth_ros.node.process import one_line

# What a single camera may have of its own, as NAME.depth_scale.
OF_A_CAMERA = tuple(parameter for parameter in PARAMETERS if parameter.settable == 'always')


def declare_parameters(node: Node) -> dict[str, Settings]:
    """Declare every parameter; their settings as of `settings_of`.

    ValueError or ParameterException says which value is wrong.
    """
    given = [node.declare_parameter(parameter.name, parameter.default, descriptor_of(parameter))
             for parameter in PARAMETERS]
    declared = in_declared_type(given)
    cameras = settings_from({new.name: new.value for new in declared}).cameras
    node.set_parameters([new for new, old in zip(declared, given) if new is not old])
    declare_for_cameras(node, cameras)
    return settings_of(node)


def declare_for_cameras(node: Node, cameras: Iterable[str]) -> None:
    """Declare what was given for single cameras and is not declared yet."""
    given = _given(node)
    for camera in cameras:
        for parameter in OF_A_CAMERA:
            name = f'{camera}.{parameter.name}'
            if name in given and not node.has_parameter(name):
                declared = node.declare_parameter(
                    name, parameter.default, descriptor_of(parameter))
                node.set_parameters(in_declared_type([declared]))


def settings_of(node: Node, new: Mapping[str, Any] | None = None,
                before: Mapping[str, Settings] | None = None) -> dict[str, Settings]:
    """Settings of the node under '', and of each of its cameras under its name.

    A camera has those of the node but for its own. `new` are values about to be set, `before` the
    settings until then. ValueError for a wrong one.
    """
    new, before = new or {}, before or {}

    def value(name: str, otherwise: Any = None) -> Any:
        has = node.has_parameter(name)
        return new.get(name, node.get_parameter(name).value if has else otherwise)
    values = {parameter.name: value(parameter.name) for parameter in PARAMETERS}
    settings = {'': settings_from(values, before.get(''), new)}
    for camera in settings[''].cameras:
        own = {parameter.name: value(f'{camera}.{parameter.name}', values[parameter.name])
               for parameter in OF_A_CAMERA}
        try:
            settings[camera] = settings_from(
                values | own, before.get(camera),
                {name.removeprefix(f'{camera}.') for name in new})
        except ValueError as error:
            raise ValueError(f'camera {camera}: {error}') from error
    return settings


def in_declared_type(changes: Iterable[RosParameter]) -> list[RosParameter]:
    """The parameters, a whole number as a double where the node's parameter has decimals.

    Else `ros2 param get` and dump would show, and other tools save, an integer from then on. An
    empty list, which has no type of its own, becomes one of texts.
    """
    kinds = {parameter.name: type(parameter.default) for parameter in PARAMETERS}
    return [_typed(change, kinds.get(change.name, kinds.get(change.name.partition('.')[2])))
            for change in changes]


def _typed(change: RosParameter, kind: type | None) -> RosParameter:
    if kind is float and type(change.value) is int:
        return RosParameter(change.name, RosParameter.Type.DOUBLE, float(change.value))
    if kind is list and not isinstance(change.value, str) and not change.value:
        return RosParameter(change.name, RosParameter.Type.STRING_ARRAY, [])
    return change


def descriptor_of(parameter: Parameter) -> ParameterDescriptor:
    """The rclpy descriptor of a parameter."""
    # Dynamic typing, so that settings_from checks the type: rclpy would reject an integer for a
    # depth, and its messages name types by number only.
    descriptor = ParameterDescriptor(
        description=parameter.description, read_only=parameter.settable == 'start',
        dynamic_typing=True)
    if parameter.settable == 'unconfigured':
        descriptor.additional_constraints = 'can be set while the node is unconfigured'
    if isinstance(parameter.default, float):
        descriptor.floating_point_range = [
            FloatingPointRange(from_value=parameter.least, to_value=parameter.most)]
    elif type(parameter.default) is int:
        descriptor.integer_range = [IntegerRange(
            from_value=int(parameter.least), to_value=int(parameter.most), step=1)]
    return descriptor


def unknown_parameters(node: Node, parameters: Sequence[Parameter] = PARAMETERS) -> list[str]:
    """One sentence for each given parameter that the node does not have.

    That of a single camera counts once the node has the camera.
    """
    return [_waits(name) if parameters is PARAMETERS and _is_of_a_camera(name) else
            f'unknown parameter {name} has no effect: {_hint(name, parameters)}'
            for name in _given(node)
            if not node.has_parameter(name) and not name.startswith('qos_overrides.')]


def _is_of_a_camera(name: str) -> bool:
    camera, _, own = name.partition('.')
    return bool(camera) and own in {parameter.name for parameter in OF_A_CAMERA}


def _waits(name: str) -> str:
    camera = name.partition('.')[0]
    return (f'parameter {name} has no effect until cameras, which is read at configure, has '
            f'{camera}')


def _given(node: Node) -> Iterable[str]:
    # rclpy has no public access to parameters that were given but not declared.
    return getattr(node, '_parameter_overrides', {})


def unknown_refused(node: Node, changes: Iterable[RosParameter]) -> SetParametersResult | None:
    """The refusal of changes to parameters the node does not have, None where it has all.

    rclpy's own names none of them.
    """
    unknown = [change.name for change in changes if not node.has_parameter(change.name)]
    if not unknown:
        return None
    return SetParametersResult(successful=False, reason='; '.join(
        f'unknown parameter {name}: {_of_a_camera(node, name) or _hint(name, PARAMETERS)}'
        for name in unknown))


def _of_a_camera(node: Node, unknown: str) -> str:
    """What to do for a parameter of one camera alone, '' where it is none."""
    camera, _, name = unknown.partition('.')
    if not _is_of_a_camera(unknown) or camera not in node.get_parameter('cameras').value:
        return ''
    return (f'{camera} has the {name} of all cameras; for one of its own give {unknown} when the '
            'node starts')


def _hint(unknown: str, parameters: Sequence[Parameter]) -> str:
    near = nearest_name(unknown, parameters)
    known = ', '.join(parameter.name for parameter in parameters)
    return f'did you mean {near}?' if near else f'known: {known}'


def on_set(
        node: Node, present: Callable[[], Mapping[str, Settings]],
        apply: Callable[[dict[str, Settings]], None],
        configured: Callable[[], bool]) -> Callable[[list], SetParametersResult]:
    """Build the callback that checks all parameters together and applies the new settings.

    `present` gives those in use. `apply` may raise ValueError; then nothing changes.
    """
    def callback(changes) -> SetParametersResult:
        new = {change.name: change.value for change in changes}
        fixed = [p.name for p in PARAMETERS if p.name in new and p.settable == 'unconfigured'
                 and new[p.name] != node.get_parameter(p.name).value]
        if fixed and configured():
            return SetParametersResult(successful=False, reason=(
                f'{", ".join(fixed)} is read when the node is configured: deactivate and clean '
                'it up first (ros2 lifecycle set), then set it and configure again'))
        try:
            apply(settings_of(node, new, present()))
        except Exception as error:  # it would end the service call, and with it the process
            return SetParametersResult(successful=False, reason=one_line(error))
        return SetParametersResult(successful=True)
    return callback
