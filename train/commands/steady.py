"""`scripts/train steady`: what smoothing does on still scenes and in motion."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np

from mono_depth_ros.camera import Camera
from mono_depth_ros.simulation.recorded_walk import RecordedWalk
from train.commands.shared_options import add_device
from train.evaluation.measurement import load_estimator
from train.evaluation.steadiness import FIRST, steadiness, with_camera_noise
from train.simulate.drives import CAMERA, drive

WALK_HZ, STILL_HZ, STILL_IMAGES = 4.0, 15.0, 15
DRIVE_HEIGHT_M, DRIVE_SEED, DRIVE_HZ = 0.4, 100, (30.0, 5.0)


def add_command(commands) -> None:
    """Add the command to the subparsers of the command line."""
    one = commands.add_parser('steady', help='measure smoothing', description=(
        "Flicker of still scenes and lag in motion with the node's parameter smoothing: on the "
        'recorded walk and a simulated drive.'))
    one.add_argument('model', help='path of a model file, or the name of a shipped one')
    add_device(one)
    one.add_argument('--smoothing', type=float, default=0.7, help='weight of the past, 0 to 0.95')
    one.add_argument('--frames', type=int, default=40, help='images of each sequence that moves')
    one.set_defaults(command=_steady)


def _steady(options: argparse.Namespace) -> None:
    if not 0 <= options.smoothing <= 0.95:
        raise ValueError(f'--smoothing must be 0 to 0.95, got {options.smoothing:g}')
    if options.frames <= FIRST:
        raise ValueError(f'--frames must be above {FIRST}, the images that fill the past, got '
                         f'{options.frames}')
    estimator = load_estimator(options.model, options.device)
    print('| images | change | smoothed | from the same image | the one before | before that |')
    print('|---|---|---|---|---|---|')
    for name, images, camera, rate_hz in _sequences(options.frames):
        found = steadiness(images, camera, rate_hz, options.smoothing, estimator)
        lags = ' | '.join(f'{lag:.4f}' for lag in found.lag[:3])
        print(f'| {name} | {found.raw:.4f} | {found.smoothed:.4f} | {lags} |')


def _sequences(frames: int) -> Iterator[tuple[str, list[np.ndarray], Camera, float]]:
    walk, rng = RecordedWalk(), np.random.default_rng(0)
    for number in (0, 20):
        still = walk.frame(number)[0]
        yield (f'image {number} of the walk, {STILL_IMAGES} times with noise',
               [with_camera_noise(still, rng) for _ in range(STILL_IMAGES)], walk.camera, STILL_HZ)
    yield (f'the walk, {WALK_HZ:g} Hz', [walk.frame(n)[0] for n in range(frames)], walk.camera,
           WALK_HZ)
    for rate_hz in DRIVE_HZ:
        views = drive(DRIVE_SEED, DRIVE_HEIGHT_M, frames, rate_hz)
        yield (f'a drive, {rate_hz:g} Hz', [with_camera_noise(rgb, rng) for rgb, *_ in views],
               CAMERA, rate_hz)
