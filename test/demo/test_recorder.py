"""Where a recording of the demo begins."""

from types import SimpleNamespace

from rclpy.serialization import serialize_message
from sensor_msgs.msg import Image

from mono_depth_ros.demo.recorder import Recorder


def test_a_recording_begins_with_the_first_image_that_has_its_depth():
    """DDS may find the camera seconds after the node: depth alone came, and no picture of it."""
    written = []
    node = SimpleNamespace(resolve_topic_name=lambda name: f'/{name}',
                           create_subscription=lambda *_, **__: None)
    log = SimpleNamespace(declare=lambda *_: None, write=lambda topic, data, stamp_ns, now_ns:
                          written.append((topic, stamp_ns // 10**9)))
    recorder = Recorder(node, log)
    for name, second in (('depth/image', 1), ('points', 1), ('depth/image', 2), ('image_raw', 3),
                         ('points', 3), ('depth/image', 3), ('image_raw', 4)):
        message = Image()
        message.header.stamp.sec = second
        recorder._receive(name, f'/{name}', serialize_message(message))
    assert written == [('/image_raw', 3), ('/points', 3), ('/depth/image', 3), ('/image_raw', 4)]
