"""The depth node with a network as slow as asked for.

What a slower computer does to a stream, at the CPU load of a faster one:
`python -m mono_depth_ros.soak.slow_node MILLISECONDS --ros-args`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
import sys
import time

import numpy as np

from mono_depth_ros.node.stop_signals import StopSignals


class SlowNetwork:
    """A network whose every call takes at least `seconds`."""

    def __init__(self, network: Callable, seconds: float):
        self._network, self._seconds = network, seconds

    def __call__(
            self, image_CHW: np.ndarray, intrinsics_33: np.ndarray | None = None) -> np.ndarray:
        due_s = time.monotonic() + self._seconds
        planes = self._network(image_CHW, intrinsics_33)
        time.sleep(max(0.0, due_s - time.monotonic()))
        return planes


def main(arguments: list[str]) -> int:
    """Run the node as `depth_node` does; the first argument is milliseconds."""
    with StopSignals() as stop:
        from mono_depth_ros import estimator
        from mono_depth_ros.node.lifecycle_node import main as run_node

        seconds, serve = float(arguments[1]) / 1e3, estimator.serve

        def slowly(*given):
            serving = serve(*given)
            return replace(serving, network=SlowNetwork(serving.network, seconds))
        estimator.serve = slowly
        return run_node([arguments[0], *arguments[2:]], stop)


if __name__ == '__main__':
    sys.exit(main(sys.argv))
