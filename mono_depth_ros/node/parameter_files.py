"""What a launch file has to know of a parameter file before the node reads it (no ROS)."""

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


def _parameters(tree: Any, name: str) -> Iterator[dict]:
    """The mappings ros__parameters of depth_node, below its namespaces."""
    if not isinstance(tree, dict):
        return
    for key, below in tree.items():
        if key == 'ros__parameters' and name in NAMES and isinstance(below, dict):
            yield below
        elif key != 'ros__parameters':
            yield from _parameters(below, str(key).rpartition('/')[2])
