"""What the demo is asked to do: its command line and the camera process that follows from it."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
import math
from pathlib import Path

WORLDS = ('room', 'street', 'recording')
# A world is drawn and looked at on the same few cores; photographs should be seen one by one.
WORLD_RATE_HZ, FILE_RATE_HZ = 8.0, 3.0


@dataclass(frozen=True, kw_only=True)
class Options:
    """One demo: where images come from (one of three), for how long, with what, and to where."""

    images: Path | None
    video: Path | None
    world: str
    seconds: float
    out: Path
    model: str
    device: str

    def camera(self) -> tuple[str, dict[str, str]]:
        """Module of the camera process and its parameters."""
        source = self.images or self.video
        if source is None:
            return 'mono_depth_ros.sim_camera', {
                'world': self.world, 'rate_hz': str(WORLD_RATE_HZ)}
        return 'mono_depth_ros.file_camera', {
            'source': str(source), 'rate_hz': str(FILE_RATE_HZ)}

    def title(self) -> str:
        """Words for what the camera looks at."""
        source = self.images or self.video
        return str(source) if source else f'simulated world "{self.world}"'


def parse(arguments: list[str] | None = None) -> Options:
    """Options of a command line; argparse ends the process with a sentence for a wrong one."""
    parser = argparse.ArgumentParser(
        prog='scripts/demo', description='Camera and depth_node as two processes over ROS 2; '
        'records an MCAP for Foxglove and a picture of image, depth and cloud.')
    source = parser.add_mutually_exclusive_group()
    source.add_argument('--images', type=Path, metavar='DIR', help='photographs')
    source.add_argument('--video', type=Path, metavar='FILE', help='video file')
    source.add_argument('--world', choices=WORLDS, default='room',
                        help='simulated world; recording: one drawn before (default: room)')
    parser.add_argument('--seconds', type=_seconds, default=20.0, metavar='N',
                        help='how long to record (default: 20)')
    parser.add_argument('--out', type=Path, default=Path('demo_out'), metavar='DIR',
                        help='folder for the results (default: demo_out)')
    parser.add_argument('--model', default='indoor', metavar='NAME|FILE',
                        help='shipped model or .safetensors file (default: indoor)')
    parser.add_argument('--device', default='auto', help='auto, cpu, cuda or cuda:N')
    options = Options(**vars(parser.parse_args(arguments)))
    if trouble := _trouble(options):
        parser.error(trouble)
    return options


def _seconds(text: str) -> float:
    value = float(text)
    if not (math.isfinite(value) and 0 < value <= 3600):
        raise argparse.ArgumentTypeError(f'must be above 0 and at most 3600, got {text}')
    return value


def _trouble(options: Options) -> str:
    if options.images and not options.images.is_dir():
        return f'--images takes a folder of photographs; {options.images} is none'
    if options.video and not options.video.is_file():
        return f'--video takes a video file; there is no {options.video}'
    if options.out.exists() and not options.out.is_dir():
        return f'--out takes a folder; {options.out} is a file'
    return ''
