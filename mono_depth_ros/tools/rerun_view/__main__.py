"""`ros2 run mono_depth_ros rerun_view`: image, depth, cloud, scale and times in Rerun, live.

Without a display: --ros-args -p save:=FILE.rrd, for `rerun FILE.rrd` elsewhere.
"""

import sys

from mono_depth_ros.node.stop_signals import StopSignals


def main() -> int:
    """Run the view until a signal; the exit code of the process."""
    with StopSignals() as stop:  # before the imports that take a second
        from mono_depth_ros.tools.rerun_view.view_node import main as run_view

        return run_view(sys.argv, stop)


if __name__ == '__main__':
    sys.exit(main())
