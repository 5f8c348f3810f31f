"""Measures depth_scale with a tape or a recording: `ros2 run mono_depth_ros calibrate_depth`.

With distances (m) it reads depth/image of a running node: point the camera so that something flat
fills the middle of the image at that distance along the optical axis. With --bag it runs the model
on a recording's images and compares with a depth camera or a lidar in it.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
import sys

import numpy as np

from mono_depth_ros.argument_types import count
from mono_depth_ros.exit_code import exit_code
from mono_depth_ros.scale.fit import fit_factor
from mono_depth_ros.tools.calibrate_depth.parameter_file import written
from mono_depth_ros.tools.calibrate_depth.samples import by_distance, Sample, table

LEAST, MOST = 0.1, 10.0
# A residual above this share is not one factor's doing.
LARGE = 0.15


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; 0 with the factor printed, 1 with one sentence why not, 130 after Ctrl-C."""
    given = _parser().parse_args(_without_ros(sys.argv[1:] if arguments is None else arguments))
    return exit_code('calibrate_depth', lambda: _calibrate(given))


def _calibrate(given: argparse.Namespace) -> None:
    samples = _measured(given)
    factor = fit_factor(*np.array([(s.shown_m, s.true_m) for s in samples]).T).factor
    if not LEAST <= factor <= MOST:
        raise ValueError(f'depth_scale would be {factor:.3f}, expected {LEAST:g} to {MOST:g}: '
                         'look at the camera_info and at what was measured')
    _tell(by_distance(samples) if given.bag else samples, factor)
    if given.write:
        written(given.write, factor)
        print(f'written to {given.write}')


def _measured(given: argparse.Namespace) -> list[Sample]:
    if bool(given.distances) == bool(given.bag):
        raise ValueError('give distances in metres, as in `calibrate_depth 1.2 2.5`, or --bag')
    if given.bag:
        from mono_depth_ros.tools.calibrate_depth.recording import measure_recording

        return measure_recording(
            given.bag, given.model, given.image, given.reference, given.frames)
    if not 0 < given.box <= 1 or not all(0 < metres < np.inf for metres in given.distances):
        raise ValueError(f'distances must be metres above 0 and --box above 0, up to 1; got '
                         f'{given.distances} and {given.box}')
    from mono_depth_ros.tools.calibrate_depth.live import measure_live

    return measure_live(given.distances, given.box, given.seconds, sys.argv)


def _tell(samples: Sequence[Sample], factor: float) -> None:
    print(table(samples, factor))
    worst = max(abs(sample.residual(factor)) for sample in samples)
    if worst > LARGE:
        print(f'one factor leaves up to {worst:.0%}: the model errs differently at different '
              'distances; measure where it matters most')
    print(f'\ndepth_scale: {factor:.3f}')


def _without_ros(arguments: Sequence[str]) -> list[str]:
    """The arguments before --ros-args, which rclpy reads for itself."""
    words = list(arguments)
    return words[:words.index('--ros-args')] if '--ros-args' in words else words


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='calibrate_depth', description='Measure depth_scale with a tape or a recording.')
    parser.add_argument('distances', type=float, nargs='*', metavar='METRES',
                        help='distances measured with a tape, from the lens along its axis')
    parser.add_argument('--box', type=float, default=0.2,
                        help='side of the box in the middle, as a share of the image')
    parser.add_argument('--seconds', type=float, default=2.0, help='time for each distance')
    parser.add_argument('--bag', type=Path, help='a recording with a depth camera or a lidar')
    parser.add_argument('--image', default='', metavar='TOPIC',
                        help='image topic of the recording (default: the one with colours)')
    parser.add_argument('--reference', default='', metavar='TOPIC',
                        help='depth image, PointCloud2 or LaserScan topic of the recording')
    parser.add_argument('--model', default='indoor', help='shipped model by name, or a file')
    parser.add_argument('--frames', type=count, default=60, help='images of the recording used')
    parser.add_argument('--write', type=Path, metavar='YAML',
                        help='parameter file in which to set depth_scale; made if missing')
    return parser


if __name__ == '__main__':
    sys.exit(main())
