"""One process that publishes VGA images of several cameras until SIGTERM, then how many.

`python -m mono_depth_ros.soak.camera RATE_HZ NAMESPACE...`; '' is a namespace too.
"""

from __future__ import annotations

from array import array
import signal
import sys
from threading import Event
import time

import rclpy
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.signals import SignalHandlerOptions
from rclpy.utilities import remove_ros_args
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from mono_depth_ros.bench.options import camera_of, picture
from mono_depth_ros.node.interface import messages

CAMERA = camera_of(640, 480)


def image_message() -> Image:
    """A VGA rgb8 image with something in it."""
    rgb_HW3 = picture(CAMERA.width, CAMERA.height)
    return Image(width=CAMERA.width, height=CAMERA.height, step=3 * CAMERA.width, encoding='rgb8',
                 data=array('B', rgb_HW3.tobytes()))


def main(arguments: list[str]) -> int:
    """Publish the cameras one after the other, evenly spread over the period of the rate."""
    given = remove_ros_args(arguments)
    rate_hz, prefixes = float(given[1]), [f'{name}/' if name else '' for name in given[2:]]
    ended = Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    rclpy.init(args=arguments, signal_handler_options=SignalHandlerOptions.NO)
    node = Node('soak_camera')
    images = [node.create_publisher(Image, f'{p}image_raw', QoSProfile(depth=1)) for p in prefixes]
    infos = [node.create_publisher(CameraInfo, f'{p}camera_info', QoSProfile(depth=1))
             for p in prefixes]
    message, sent, due_s = image_message(), 0, time.monotonic()
    while not ended.is_set():
        camera = sent % len(prefixes)
        message.header = Header(frame_id='camera', stamp=node.get_clock().now().to_msg())
        infos[camera].publish(messages.info_from_camera(
            CAMERA, message.header, CAMERA.width, CAMERA.height))
        images[camera].publish(message)
        sent, due_s = sent + 1, due_s + 1 / rate_hz / len(prefixes)
        ended.wait(max(0.0, due_s - time.monotonic()))
    node.destroy_node()
    rclpy.try_shutdown()
    print(f'sent {sent}')
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv))
