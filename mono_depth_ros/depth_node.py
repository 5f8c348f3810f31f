"""Executable of the depth node: `ros2 run mono_depth_ros depth_node` or `python -m`."""

import sys

from mono_depth_ros.node.stop_signals import StopSignals


def main() -> int:
    """Run the node until a signal comes; the exit code of the process."""
    with StopSignals() as stop:  # before the imports that take seconds
        from mono_depth_ros.node.lifecycle_node import main as run_node

        return run_node(sys.argv, stop)


if __name__ == '__main__':
    sys.exit(main())
