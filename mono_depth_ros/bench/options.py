"""Options of scripts/bench, which go to each of its parts, and the picture they measure with."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mono_depth_ros.argument_types import count, positive
from mono_depth_ros.backends.backend import BACKENDS
from mono_depth_ros.camera import Camera

PARTS = ('estimate', 'overhead', 'cloud', 'start', 'stream')


def options_of(description: str | None, arguments: Sequence[str] | None = None,
               ) -> argparse.Namespace:
    """What was asked, with `size` as a list of (width, height)."""
    parser = argparse.ArgumentParser(
        prog='scripts/bench', description=description,
        epilog='scripts/bench --train [--device cuda] measures training instead')
    parser.add_argument('--part', action='append', choices=PARTS, help='all of them by default')
    parser.add_argument('--model', default='indoor', help='shipped model by name, or a file')
    parser.add_argument('--device', default='auto', help='auto, cpu, cuda, cuda:N')
    parser.add_argument('--backend', default='auto', choices=('auto', 'all', *BACKENDS))
    parser.add_argument('--size', type=_size, action='append', metavar='WxH',
                        help='of the images; may be given several times')
    parser.add_argument('--cameras', type=count, action='append', metavar='N',
                        help='for the stream; may be given several times')
    parser.add_argument('--rate', type=positive(), default=30.0,
                        help='images a second of a camera')
    parser.add_argument('--seconds', type=positive(), default=20.0, help='for one measurement')
    parser.add_argument('--frames', type=count, default=200, help='of the overhead')
    parser.add_argument('--before', type=Path, metavar='DIR',
                        help='checkout whose overhead is measured in turn with this one')
    parser.add_argument('--out', type=Path, default=Path('runs/bench'))
    parser.add_argument('--rows', type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    options.size = options.size or [(640, 480)]
    options.cameras = options.cameras or [1]
    return options


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition('x')
    if not (width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise argparse.ArgumentTypeError(f'{text!r}: expected WIDTHxHEIGHT, as 640x480')
    return int(width), int(height)


def camera_of(width: int, height: int) -> Camera:
    """A camera of 63 degrees for images of this size."""
    return Camera(fx=520 * width / 640, fy=520 * width / 640, cx=(width - 1) / 2,
                  cy=(height - 1) / 2, width=width, height=height)


def picture(width: int = 640, height: int = 480) -> np.ndarray:
    """A shaded room-like RGB image (H, W, 3) uint8."""
    v, u = np.mgrid[0:height, 0:width] / np.array([height, width])[:, None, None]
    shade = np.where(v > 0.6, 1.5 * v - 0.5, 0.6 - 0.3 * v)
    box = (abs(u - 0.4) < 0.1) & (abs(v - 0.6) < 0.15)
    tones = [np.where(box, tone, shade) for tone in (0.9, 0.4, 0.2)]
    return (255 * np.clip(np.stack(tones, -1), 0, 1)).astype(np.uint8)
