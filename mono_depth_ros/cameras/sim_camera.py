"""Camera node in a simulated world: image, camera_info and the true depth of every pixel."""

from __future__ import annotations

import time

import cv2
import numpy as np
from sensor_msgs.msg import Image

from mono_depth_ros.cameras.calibration import Calibration
from mono_depth_ros.cameras.camera_node import CameraNode, FRAME_ID, RELIABILITY, run_camera
from mono_depth_ros.node.interface import messages
from mono_depth_ros.node.interface.parameters import Parameter
from mono_depth_ros.node.stop_signals import StopSignals
from mono_depth_ros.simulation.recorded_walk import RecordedWalk
from mono_depth_ros.simulation.rendering.renderer import camera_with_fov, Renderer
from mono_depth_ros.simulation.worlds import build_world

PARAMETERS = (
    Parameter(
        name='world', default='room', pattern='room|street|recording', settable='start',
        description='What is seen: room or street (rendered, needs OpenGL), or recording (a '
                    'short recorded walk that plays anywhere).'),
    Parameter(
        name='rate_hz', default=10.0, least=0.1, most=120.0,
        description='Pictures a second.'),
    Parameter(
        name='width', default=0, least=0, most=4096, settable='start',
        description='Picture width in pixels; 0: 640, or that of the recording.'),
    Parameter(
        name='height', default=0, least=0, most=4096, settable='start',
        description='Picture height in pixels; 0: three quarters of the width.'),
    Parameter(
        name='horizontal_fov_deg', default=63.0, least=10.0, most=140.0, settable='start',
        description='Horizontal field of view in degrees; a recording has its own.'),
    Parameter(
        name='seed', default=0, least=0, most=2 ** 31 - 1, settable='start',
        description='Which room or street is built; the same seed, the same world.'),
    FRAME_ID,
    RELIABILITY,
)


class LiveWorld:
    """A world rendered as its camera moves, in real time; use it on one thread."""

    def __init__(self, name: str, seed: int, camera):
        self.camera = camera
        self._world = build_world(name, np.random.default_rng(seed))
        self._renderer = Renderer(self._world, camera)
        self._started_s = time.monotonic()

    def frame(self, with_depth: bool):
        """(rgb_HW3, depth_HW or None) as seen now."""
        pose = self._world.pose(time.monotonic() - self._started_s)
        return self._renderer.colour(pose), self._renderer.depth(pose) if with_depth else None

    def close(self) -> None:
        """Free the renderer."""
        self._renderer.close()


class RecordedWorld:
    """The recorded walk, one frame a call, forwards and backwards; resized to a given size."""

    def __init__(self, width: int, height: int):
        self._recording, self._number = RecordedWalk(), 0
        own = self._recording.camera
        width = width or own.width
        self.camera = own.resized(width, height or round(width * own.height / own.width))

    def frame(self, with_depth: bool):
        """(rgb_HW3, depth_HW) of the next frame."""
        rgb_HW3, depth_HW = self._recording.frame(self._number)
        self._number += 1
        size = (self.camera.width, self.camera.height)
        if rgb_HW3.shape[1::-1] == size:
            return rgb_HW3, depth_HW
        # Depth is not interpolated: between two surfaces there is none.
        return cv2.resize(rgb_HW3, size), cv2.resize(
            depth_HW, size, interpolation=cv2.INTER_NEAREST_EXACT)

    def close(self) -> None:
        """Close the recording."""
        self._recording.close()


class SimCamera(CameraNode):
    """Publishes a simulated camera and, while it has subscribers, `ground_truth/depth`."""

    def __init__(self, **kwargs):
        super().__init__('sim_camera', PARAMETERS, **kwargs)
        self._depths = self.create_publisher(Image, 'ground_truth/depth', self.qos)
        self._depth_message = messages.DepthImage()
        self._source: LiveWorld | RecordedWorld

    def open(self) -> float:
        """Build the world; the rate in Hz."""
        values = self.values
        width, height = values['width'], values['height']
        if values['world'] == 'recording':
            self._source = RecordedWorld(width, height)
        else:
            self.get_logger().info(f'building the {values["world"]}')
            width = width or 640
            camera = camera_with_fov(
                width, height or round(width * 0.75), values['horizontal_fov_deg'])
            self._source = LiveWorld(values['world'], values['seed'], camera)
        self._calibration = Calibration(camera=self._source.camera)
        camera = self._source.camera
        self.get_logger().info(
            f'{values["world"]}: {camera.width}x{camera.height} at {values["rate_hz"]:g} Hz')
        return values['rate_hz']

    def serve(self) -> None:
        """Publish one frame; nothing is rendered without subscribers."""
        header = self.header()
        truth = self._depths.get_subscription_count() > 0
        if not truth and not self.images.get_subscription_count():
            self.publish_info(self._calibration, header)
            return
        began_s = time.monotonic()
        rgb_HW3, depth_HW = self._source.frame(truth)
        if truth:
            self._depths.publish(self._depth_message.fill(depth_HW, header))
        self.publish(rgb_HW3, self._calibration, header)
        self._warn_if_slow(time.monotonic() - began_s)

    def close(self) -> None:
        """Release the world."""
        self._source.close()

    def _warn_if_slow(self, took_s: float) -> None:
        if took_s > 1.2 / self.values['rate_hz']:
            self.get_logger().warning(
                f'a frame took {took_s * 1e3:.0f} ms, too long for {self.values["rate_hz"]:g} Hz: '
                'set a lower rate_hz or width', throttle_duration_sec=30.0)


def main(args: list[str], stop: StopSignals) -> int:
    """Run the camera until its end or a signal; the exit code of the process."""
    return run_camera('sim_camera', SimCamera, PARAMETERS, args, stop)
