"""Render a short walk through a simulated world into a file that plays without OpenGL.

python -m mono_depth_ros.simulation.record room --frames 40 --seed 4 room.zip
"""

from __future__ import annotations

import argparse
from pathlib import Path
import sys

import numpy as np

from mono_depth_ros.camera import Camera
from mono_depth_ros.exit_code import exit_code
from mono_depth_ros.sentences import counted
from mono_depth_ros.simulation.recorded_walk import write_recorded_walk
from mono_depth_ros.simulation.rendering.renderer import camera_with_fov, Renderer
from mono_depth_ros.simulation.worlds import build_world, WORLDS


def frames_of(name: str, seed: int, camera: Camera, times_s) -> list:
    """(rgb_HW3, depth_HW) of a world at times along its camera path."""
    world = build_world(name, np.random.default_rng(seed))
    with Renderer(world, camera) as renderer:
        return [renderer.render(world.pose(t_s)) for t_s in times_s]


def main(arguments: list[str] | None = None) -> int:
    """Command line; 0 when the recording is written, 1 with one sentence when not."""
    given = _parser().parse_args(arguments)
    return exit_code('record', lambda: _record(given))


def _record(given: argparse.Namespace) -> None:
    camera = camera_with_fov(given.width, given.height, given.fov)
    times_s = given.start + np.arange(given.frames) / given.rate
    write_recorded_walk(given.out, camera, frames_of(given.world, given.seed, camera, times_s))
    print(f'{given.out}: {counted(given.frames, "frame")}, '
          f'{given.out.stat().st_size / 1e6:.2f} MB')


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('world', choices=WORLDS)
    parser.add_argument('out', type=Path, help='the .zip file to write')
    parser.add_argument('--frames', type=int, default=40)
    parser.add_argument('--rate', type=float, default=4.0, help='frames a second of the walk')
    parser.add_argument('--start', type=float, default=0.0, help='seconds into the walk')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--width', type=int, default=320)
    parser.add_argument('--height', type=int, default=240)
    parser.add_argument('--fov', type=float, default=63.0, help='horizontal, in degrees')
    return parser


if __name__ == '__main__':
    sys.exit(main())
