"""What others than the node have to know of a ROS parameter file (no ROS)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

# The last part of a node's name in a parameter file whose parameters depth_node takes.
NAMES = ('depth_node', '*', '**')


def check_remappings(params_file: str | Path, remappings: Sequence[tuple[str, str]]) -> None:
    """Raise ValueError where names are remapped that no camera of a parameter file has.

    With the parameter cameras every topic is in the namespace of its camera, and a rule for
    image_raw is none for front/image_raw.
    """
    cameras = cameras_of(params_file)
    names = ', '.join(name for name, topic in remappings if name != topic)
    if cameras and names:
        raise ValueError(
            f'the launch arguments for {names} have no effect with the cameras '
            f'{", ".join(cameras)} of {params_file}, whose topics are {cameras[0]}/image_raw and '
            'so on: leave these arguments out and remap the topics of the drivers, or start '
            f'depth_node with -r {cameras[0]}/image_raw:=TOPIC and the like')


def cameras_of(params_file: str | Path) -> list[str]:
    """The parameter cameras of depth_node in a parameter file; none where it cannot be read."""
    try:
        tree = yaml.safe_load(Path(params_file).read_text())
    except (OSError, ValueError, yaml.YAMLError):
        return []  # the node says what is wrong with it
    return [camera for parameters in _parameters(tree, '')
            for cameras in [parameters.get('cameras')] if isinstance(cameras, list)
            for camera in cameras if isinstance(camera, str)]


def parameters_of(path: Path) -> dict[str, Any]:
    """Parameters of depth_node by full name in a ROS parameter file, in whatever namespace.

    Raises OSError, or ValueError for a file that is none or has none for depth_node.
    """
    try:
        tree = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise ValueError(f'{path} is no ROS parameter file (/**: ros__parameters: ...): {error}'
                         ) from error
    groups = [_flat(group) for group in _parameters(tree, '')]
    if not groups:
        raise ValueError(f'{path} is no ROS parameter file (/**: ros__parameters: ...) with '
                         'parameters of depth_node')
    return {name: value for group in groups for name, value in group.items()}


def _parameters(tree: Any, name: str) -> Iterator[dict]:
    """The mappings ros__parameters of depth_node, below its namespaces."""
    if not isinstance(tree, dict):
        return
    for key, below in tree.items():
        if key != 'ros__parameters':
            yield from _parameters(below, str(key).rpartition('/')[2])
        elif name in NAMES and (below is None or isinstance(below, dict)):
            yield below or {}


def _flat(group: dict[str, Any], prefix: str = '') -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in group.items():
        if isinstance(value, dict):
            found |= _flat(value, f'{prefix}{name}.')
        else:
            found[prefix + name] = value
    return found
