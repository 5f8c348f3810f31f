"""A camera process, the depth node and a listener over DDS: is the depth right, how fast is it?

A part of `scripts/gpu_check`; run as a process of its own, by a Python that has rclpy.
"""

from __future__ import annotations

import argparse
import sys

from mono_depth_ros.bench.findings import ANYWAY, Findings, part_options, Values
from mono_depth_ros.bench.options import options_of
from mono_depth_ros.bench.stream import stream

MOST_OFF = 0.02


def main() -> int:
    """One row of one VGA camera; 1 where no depth comes or it is wrong."""
    options = part_options(__doc__)
    findings = Findings('node', options.rows, options.seconds)
    return int(not findings.attempt(f'camera, node, listener, {options.device}',
                                    lambda: _measured(options), ANYWAY))


def _measured(options: argparse.Namespace) -> Values:
    asked = options_of(None, ['--device', options.device, '--backend', 'torch',
                              '--seconds', str(options.seconds)])
    (width, height), *_ = asked.size
    values = stream(asked, width, height, cameras=1)
    if not values['off'] < MOST_OFF:
        raise ValueError(f'the depth is off by {values["off"]:.1%} in the median')
    return values


if __name__ == '__main__':
    sys.exit(main())
