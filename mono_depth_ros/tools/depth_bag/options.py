"""The command line of depth_bag."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OUTPUTS = ('depth/image', 'depth/camera_info')


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line asks for; `images` is empty for all that show colours."""

    recording: Path
    out: Path
    images: tuple[str, ...]
    outputs: tuple[str, ...]
    parameters: dict[str, Any]


def parse(arguments: Sequence[str] | None) -> Options:
    """Options of a command line; argparse ends the process with a sentence for a wrong one."""
    parser = argparse.ArgumentParser(
        prog='depth_bag', description='Copies a recording (rosbag2 or MCAP) and adds depth to '
        'every image. A run that was stopped goes on when it is started again.')
    parser.add_argument('recording', type=Path, metavar='IN', help='rosbag2 folder or .mcap file')
    parser.add_argument('out', type=Path, metavar='OUT', help='rosbag2 folder to make')
    parser.add_argument('--points', action='store_true', help='add point clouds, too')
    parser.add_argument('--scan', action='store_true',
                        help='add laser scans, too; --params tells camera_height')
    parser.add_argument('--images', nargs='+', default=[], metavar='TOPIC',
                        help='image topics (default: every camera that shows colours)')
    parser.add_argument('--params', type=Path, metavar='FILE',
                        help='parameters of depth_node, as config/depth.yaml')
    parser.add_argument('--model', metavar='NAME|FILE', help='shipped model or model file')
    parser.add_argument('--device', help='auto, cpu, cuda or cuda:N')
    given = parser.parse_args(arguments)
    try:
        parameters = _from_file(given.params) if given.params else {}
    except (OSError, ValueError) as error:
        parser.error(str(error))
    for name, value in (('model_file', given.model), ('device', given.device)):
        if value is not None:
            parameters[name] = value
    return Options(
        recording=given.recording, out=given.out, images=tuple(given.images),
        outputs=(*OUTPUTS, *(name for name in ('points', 'scan') if getattr(given, name))),
        parameters=parameters)


def _from_file(path: Path) -> dict[str, Any]:
    """Parameters by full name in a ROS parameter file, whatever node they are for."""
    import yaml

    try:
        content = yaml.safe_load(path.read_text())
        groups = [_flat(group or {}) for group in _groups(content)]
    except (yaml.YAMLError, AttributeError) as error:
        raise ValueError(f'{path} is no ROS parameter file (/**: ros__parameters: ...): {error}'
                         ) from error
    if not groups:
        raise ValueError(f'{path} is no ROS parameter file: it has no ros__parameters')
    return {name: value for group in groups for name, value in group.items()}


def _groups(tree: dict[str, Any]) -> Iterator[Any]:
    """What stands below each ros__parameters, however deep in namespaces; None for nothing."""
    for name, value in tree.items():
        if name == 'ros__parameters':
            yield value
        elif isinstance(value, dict):
            yield from _groups(value)


def _flat(group: dict[str, Any], prefix: str = '') -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in group.items():
        if isinstance(value, dict):
            found |= _flat(value, f'{prefix}{name}.')
        else:
            found[prefix + name] = value
    return found
