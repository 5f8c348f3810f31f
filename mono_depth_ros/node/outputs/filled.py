"""The depth of an RGB-D camera with its holes filled by the network's."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import Image

from mono_depth_ros.message_formats.images import depth_from_message
from mono_depth_ros.message_formats.stamps import stamp_ns
from mono_depth_ros.node.interface import messages
from mono_depth_ros.node.interface.frame import Frame
from mono_depth_ros.node.interface.stream_part import Input
from mono_depth_ros.node.outputs.output import Output
from mono_depth_ros.scale.fit import fit_factor, ScaleFit
from mono_depth_ros.scale.hole_filling import fill_depth
from mono_depth_ros.scale.reference import check_same_frame, check_same_view

# Messages kept, and how far the sensor's stamp may be from the image's.
KEPT, MOST_APART_S = 5, 0.05
# Log spread of sensor over predicted depth from which the two hardly show the same.
MOST_SPREAD = 0.5


class Filled(Output):
    """Depth of `sensor_depth`, 32FC1 in metres, with depth of the network in its holes.

    It has the sensor's stamp and frame: where the sensor measured, it is the measurement.
    """

    topic, kind = 'depth/filled', Image
    source = 'sensor_depth'

    def __init__(self, node: LifecycleNode, prefix: str):
        super().__init__(node, prefix)
        self._image = messages.DepthImage()
        self._kept: tuple[Any, ...] = ()
        self._seen = False
        self._used: Any = None
        self._values: dict[str, str] = {}

    def inputs(self) -> tuple[Input, ...]:
        """The sensor's depth, while somebody listens."""
        return (Input(topic=self.source, kind=Image, callback=self._keep, depth=2,
                      wanted=self.wanted),)

    def values(self) -> dict[str, str]:
        """How well sensor and network agree, and how much was filled."""
        return self._values if self.wanted() else {}

    def message(self, frame: Frame) -> Image | None:
        """The filled depth, None where no new sensor depth goes with the image."""
        try:
            sensor = self._nearest(stamp_ns(frame.header.stamp))
            self._used = sensor
            check_same_frame(sensor.header.frame_id, frame.header.frame_id)
            return self._image.fill(self._filled(sensor, frame.depth_HW), sensor.header)
        except LookupError as error:
            self.warning = str(error)
        except ValueError as error:
            self.warning = f'depth/filled: {error}'
        return None

    def idle(self) -> None:
        """As every part; the sensor's images are forgotten, too."""
        super().idle()
        self._kept = ()

    def _filled(self, sensor: Any, depth_HW: np.ndarray) -> np.ndarray:
        sensor_hw = depth_from_message(sensor, keep_too_near=True)
        rows, columns = sensor_hw.shape
        check_same_view(sensor_hw.shape, depth_HW.shape)
        if depth_HW.shape != sensor_hw.shape:  # nearest: there is no mean with infinity
            depth_HW = cv2.resize(depth_HW, (columns, rows),
                                  interpolation=cv2.INTER_NEAREST_EXACT)
        self._judge(sensor_hw, depth_HW)
        return fill_depth(sensor_hw, depth_HW)

    def _judge(self, sensor_hw: np.ndarray, depth_hw: np.ndarray) -> None:
        """Tell the scale between sensor and network, and warn where they do not go together."""
        holes = {'holes of the sensor (%)': f'{100 * float(np.isnan(sensor_hw).mean()):.1f}'}
        step = max(1, sensor_hw.shape[1] // 160)
        try:
            fit = fit_factor(depth_hw[::step, ::step], sensor_hw[::step, ::step])
        except ValueError:
            self._values, self.warning = holes, 'sensor_depth has no depth that is known'
            return
        self._values = holes | {'sensor over network': f'{fit.factor:.3f}',
                                'sensor spread (log)': f'{fit.spread:.3f}'}
        self.warning = disagreement(fit)

    def _nearest(self, stamp: int) -> Any:
        kept = self._kept
        if not kept:
            raise LookupError('no image on sensor_depth yet, which depth/filled is made of'
                              if self._expected() else '')
        # Of those alike near, as where no stamp is set, the latest.
        nearest = min(reversed(kept), key=lambda message: abs(
            stamp_ns(message.header.stamp) - stamp))
        apart_s = abs(stamp_ns(nearest.header.stamp) - stamp) / 1e9
        if apart_s > MOST_APART_S:
            raise LookupError(f'sensor_depth is {apart_s:.2f} s apart from the image, expected '
                              f'{MOST_APART_S} s or less')
        if nearest is self._used:
            raise LookupError(self.warning)  # the camera is faster than the sensor
        return nearest

    def _expected(self) -> bool:
        """Whether there is a sensor: `ros2 bag record -a` listens to depth/filled without one."""
        return self._seen or self.node.count_publishers(
            self.node.resolve_topic_name(self.prefix + self.source)) > 0

    def _keep(self, message: Image) -> None:
        self._seen = True
        self._kept = (*self._kept[1 - KEPT:], message)


def disagreement(fit: ScaleFit) -> str:
    """Why sensor and network hardly show the same, '' where they may."""
    if fit.spread > MOST_SPREAD:
        return (f'sensor_depth and the network disagree by {fit.spread:.2f} (log): is it '
                'registered to the image?')
    return ''
