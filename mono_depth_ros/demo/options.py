"""Command line of the demo, and the camera process it asks for."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
import math
from pathlib import Path
from typing import Any

from mono_depth_ros.argument_types import positive
from mono_depth_ros.cameras.frame_sources import EndOfFrames, open_source

FILE_CAMERA = ('mono_depth_ros.cameras', 'file_camera')
SIM_CAMERA = ('mono_depth_ros.cameras', 'sim_camera')
WORLDS = ('room', 'street', 'recording')
# World and network share a few cores; photographs should be visible one by one.
WORLD_RATE_HZ, PHOTOGRAPH_RATE_HZ = 5.0, 3.0
# Larger images are sent smaller: the 12 megapixels of a phone make 100 MB of messages each.
MOST_PIXELS = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Options:
    """One demo: source of images (one of three), duration, model, device and output folder.

    `images` and `video` are absolute: a relative name may look like the number of a webcam.
    """

    images: Path | None
    video: Path | None
    world: str
    seconds: float
    out: Path
    model: str
    device: str
    view: bool = False

    def camera(self) -> tuple[tuple[str, str], dict[str, Any]]:
        """Executable of the camera process, as of python -m, and its parameters."""
        if self.images:
            return FILE_CAMERA, {
                'source': str(self.images), 'rate_hz': PHOTOGRAPH_RATE_HZ,
                **size_limit(self.images)}
        if self.video:
            return FILE_CAMERA, {
                'source': str(self.video), **size_limit(self.video)}
        return SIM_CAMERA, {
            'world': self.world, 'rate_hz': WORLD_RATE_HZ}

    @property
    def world_is_simulated(self) -> bool:
        """Whether images come from a simulated world, not from files."""
        return not (self.images or self.video)

    def title(self) -> str:
        """Name of the source, for titles."""
        source = self.images or self.video
        if source is None:
            return f'simulated world "{self.world}"'
        return '/'.join(source.parts[-2:])


def parse(arguments: list[str] | None = None) -> Options:
    """Options of a command line; argparse ends the process with a sentence for a wrong one."""
    parser = argparse.ArgumentParser(
        prog='scripts/demo', description='Camera and depth_node as two processes over ROS 2; '
        'records an MCAP for Foxglove and a picture of image, depth and cloud.')
    source = parser.add_mutually_exclusive_group()
    source.add_argument('--images', type=Path, metavar='DIR', help='photographs')
    source.add_argument('--video', type=Path, metavar='FILE', help='video file')
    source.add_argument('--world', choices=WORLDS,
                        help='simulated world; recording: one rendered before (default: room)')
    parser.add_argument('--seconds', type=positive(3600), default=20.0, metavar='N',
                        help='how long to record (default: 20)')
    parser.add_argument('--out', type=Path, default=Path('demo_out'), metavar='DIR',
                        help='folder for the results (default: demo_out)')
    parser.add_argument('--model', metavar='NAME|FILE', help=(
        'shipped model, or .safetensors or .onnx model file (default: indoor; outdoor for the '
        'street)'))
    parser.add_argument('--device', default='auto', help='auto, cpu, cuda or cuda:N')
    parser.add_argument('--view', action='store_true', help=(
        'show it live in Rerun; without a display, write demo.rrd for `rerun demo.rrd`'))
    given = vars(parser.parse_args(arguments))
    # Not defaults of argparse: it cannot tell a default from a given option.
    model = given['model'] or ('outdoor' if given['world'] == 'street' else 'indoor')
    given |= {name: given[name] and given[name].resolve() for name in ('images', 'video')}
    options = Options(**given | {'world': given['world'] or 'room', 'model': model})
    if error := _error(options):
        parser.error(error)
    return options


def size_limit(source: Path) -> dict[str, int]:
    """Parameters that make file_camera shrink large pictures; empty where the first is small.

    Raises ValueError or OSError with one sentence where nothing in `source` can be read.
    """
    height, width = _first_size(source)
    if width * height <= MOST_PIXELS:
        return {}
    return {'height': round(height * math.sqrt(MOST_PIXELS / (width * height)))}


def _first_size(source: Path) -> tuple[int, int]:
    pictures = open_source(str(source), loop=False)
    try:
        while True:
            try:
                return pictures.next().shape[:2]
            except ValueError:
                continue  # file_camera skips it, too
    except EndOfFrames as error:
        raise ValueError(f'no picture in {source} can be read') from error
    finally:
        pictures.close()


def _error(options: Options) -> str:
    if options.images and not options.images.is_dir():
        return f'--images takes a folder of photographs; {options.images} is none'
    if options.video and not options.video.is_file():
        return f'--video takes a video file; there is no {options.video}'
    if options.out.exists() and not options.out.is_dir():
        return f'--out takes a folder; {options.out} is a file'
    return ''
