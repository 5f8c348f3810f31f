"""`python -m mono_depth_ros.tools.depth_bag IN OUT`: a recording with depth for every image.

The depth is what depth_node publishes for the same image, by the same code.
"""

from __future__ import annotations

from collections.abc import Sequence
import sys

from mono_depth_ros.tools.depth_bag.options import parse


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the recording; the exit code: 0, or 1 after one sentence that says why not."""
    options = parse(arguments)
    try:
        from mono_depth_ros.tools.depth_bag.run import depth_bag  # after --help: it loads ROS

        for line in depth_bag(options):
            print(line)
    except KeyboardInterrupt:
        print('\ndepth_bag: stopped; the same command goes on from here', file=sys.stderr)
        return 130
    except (ImportError, OSError, ValueError) as error:
        print(f'depth_bag: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
