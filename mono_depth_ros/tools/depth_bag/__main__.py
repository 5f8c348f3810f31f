"""`python -m mono_depth_ros.tools.depth_bag IN OUT`: a recording with depth for every image.

The depth is what depth_node publishes for the same image, by the same code.
"""

from __future__ import annotations

from collections.abc import Sequence
import sys

from mono_depth_ros.exit_code import exit_code
from mono_depth_ros.tools.depth_bag.options import Options, parse


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the recording; the exit code, as of every command."""
    options = parse(arguments)
    return exit_code('depth_bag', lambda: _make(options),
                     stopped='stopped; the same command goes on from here')


def _make(options: Options) -> None:
    from mono_depth_ros.tools.depth_bag.run import depth_bag  # after --help: it loads ROS

    for line in depth_bag(options):
        print(line)


if __name__ == '__main__':
    sys.exit(main())
