"""Executable of the depth node: `ros2 run mono_depth_ros depth_node` or `python -m`."""

import sys

from mono_depth_ros.node.lifecycle_node import main

if __name__ == '__main__':
    sys.exit(main())
