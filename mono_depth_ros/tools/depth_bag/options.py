"""The command line of depth_bag."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mono_depth_ros.node.parameter_files import parameters_of
from mono_depth_ros.sentences import sentence

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
        parameters = parameters_of(given.params) if given.params else {}
    except (OSError, ValueError) as error:
        parser.error(sentence(error))
    for name, value in (('model_file', given.model), ('device', given.device)):
        if value is not None:
            parameters[name] = value
    return Options(
        recording=given.recording, out=given.out, images=tuple(given.images),
        outputs=(*OUTPUTS, *(name for name in ('points', 'scan') if getattr(given, name))),
        parameters=parameters)
