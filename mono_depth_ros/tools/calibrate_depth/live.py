"""Distances measured with a tape, against the depth of a running node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import signal
import sys
import time
from typing import Any

import numpy as np

from mono_depth_ros.message_formats.images import depth_from_message
from mono_depth_ros.tools.calibrate_depth.samples import centre_median, Sample

# What a distance needs: this many depth images, within this time.
LEAST_IMAGES, LONGEST_S = 3, 20.0


def measure_live(distances_m: Sequence[float], box: float, seconds: float,
                 arguments: Sequence[str]) -> list[Sample]:
    """One sample a distance, asked for one after another where there is a terminal.

    What is shown at a depth_scale of 1 is depth over depth/scale, which does not tell the offset
    of a node with reference_offset: that has to be off.

    Raises OSError where no depth comes, ValueError where the middle of the image has none,
    KeyboardInterrupt after SIGTERM, too.
    """
    import rclpy
    from rclpy.signals import SignalHandlerOptions

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Not rclpy's handlers: they shut the context down under the listener's feet.
    rclpy.init(args=list(arguments), signal_handler_options=SignalHandlerOptions.NO)
    listener = _Listener(rclpy)
    try:
        return [_sample(listener, true_m, box, seconds) for true_m in distances_m]
    finally:
        listener.close()


def _sample(listener: _Listener, true_m: float, box: float, seconds: float) -> Sample:
    if sys.stdin.isatty():
        _wait_for_enter(f'something flat in the middle of the image, {true_m:g} m from the lens')
    else:
        print(f'something flat in the middle of the image, {true_m:g} m from the lens')
    shown = [centre_median(depth_HW, box) / scale for depth_HW, scale in listener.listen(seconds)]
    shown_m = float(np.nanmedian(shown)) if np.isfinite(shown).any() else float('nan')
    if not np.isfinite(shown_m):
        raise ValueError(f'the middle of the image has no depth at {true_m:g} m: it is out of the '
                         "model's range; choose another distance, or look at min_depth, max_depth")
    print(f'  {shown_m:.3f} m shown, of {len(shown)} images')
    return Sample(shown_m=shown_m, true_m=true_m)


def _wait_for_enter(wish: str) -> None:
    try:
        input(f'{wish}: Enter ')
    except EOFError as error:  # Ctrl-D
        print()
        raise OSError('the input ended before all distances were measured') from error


class _Listener:
    """Listens to depth/image and depth/scale."""

    def __init__(self, rclpy: Any):
        from rclpy.executors import SingleThreadedExecutor
        from rclpy.qos import QoSProfile
        from sensor_msgs.msg import Image
        from std_msgs.msg import Float32

        self._rclpy, self._node = rclpy, rclpy.create_node('calibrate_depth')
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)
        self._images: list[tuple[np.ndarray, float]] = []
        self._scale = float('nan')
        self._subscribe: Callable = self._node.create_subscription
        self._topic = self._subscribe(Image, 'depth/image', self._on_image,
                                      QoSProfile(depth=1)).topic_name
        self._subscribe(Float32, 'depth/scale', self._on_scale, QoSProfile(depth=1))

    def listen(self, seconds: float) -> list[tuple[np.ndarray, float]]:
        """Depth images of that time, at least LEAST_IMAGES, each with its factor."""
        self._images.clear()
        start_s = time.monotonic()
        while (waited_s := time.monotonic() - start_s) < seconds or (
                len(self._images) < LEAST_IMAGES and waited_s < LONGEST_S):
            self._executor.spin_once(timeout_sec=0.1)
        if len(self._images) < LEAST_IMAGES:
            raise OSError(f'{len(self._images)} depth images on {self._topic} in {waited_s:.0f} s,'
                          f' expected {LEAST_IMAGES}: start the camera and depth_node, or remap '
                          'depth/image and depth/scale (--ros-args -r depth/image:=...)')
        return list(self._images)

    def close(self) -> None:
        """Leave ROS."""
        self._executor.shutdown()
        self._node.destroy_node()
        self._rclpy.try_shutdown()

    def _on_scale(self, message: Any) -> None:
        self._scale = message.data

    def _on_image(self, message: Any) -> None:
        if np.isfinite(self._scale):  # else depth cannot be told from what it was multiplied by
            self._images.append((depth_from_message(message), self._scale))
