"""Executable of `scripts/demo`: `python -m mono_depth_ros.demo`."""

import sys

from mono_depth_ros.node.stop_signals import StopSignals


def main() -> int:
    """Run the demo; its exit code."""
    with StopSignals() as stop:  # before the imports that take a second
        from mono_depth_ros.demo.command import main as run_demo

        return run_demo(sys.argv[1:], stop)


if __name__ == '__main__':
    sys.exit(main())
