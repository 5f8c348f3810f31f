"""A node process with another range sensor beside its camera: its scale, and holes filled."""

import time

from model_helpers import write_untrained
import numpy as np
import pytest
from ros_helpers import depth_node, FRAME, free_domain, image_message, Peer, picture, stamp
from sensor_msgs.msg import Image
from std_msgs.msg import Float32

from mono_depth_ros.estimator import DepthEstimator

pytestmark = pytest.mark.thorough
RGB = picture(160, 120)


@pytest.fixture(scope='module')
def at_work(tmp_path_factory):
    """Peer, and the depth that the node's model gives the picture."""
    folder, domain = tmp_path_factory.mktemp('node'), free_domain()
    write_untrained(folder / 'tiny.safetensors')
    depth = DepthEstimator.load(folder / 'tiny.safetensors', device='cpu').estimate(RGB).depth
    peer = Peer(domain)
    node = depth_node(domain, folder / 'log', f'model_file:={folder / "tiny.safetensors"}',
                      'device:=cpu', 'scale_source:=reference')
    peer.wait_active(node)
    yield peer, depth
    assert node.end() == 0, node.output()
    peer.close()


def depth_image(depth, seconds):
    message = Image(encoding='32FC1', height=120, width=160, step=640)
    message.header.stamp, message.header.frame_id = stamp(seconds), FRAME
    message.data.frombytes(depth.astype('<f4').tobytes())
    return message


def play(peer, messages, until, first_s):
    """Publish an image and `messages`(seconds) at 10 Hz until a condition; when it ended."""
    images = peer.publisher(Image, 'image_raw')
    others = {topic: peer.publisher(Image, topic) for topic in messages}
    seconds = first_s
    deadline = time.monotonic() + 40
    while not until():
        assert time.monotonic() < deadline
        for topic, publisher in others.items():
            publisher.publish(depth_image(messages[topic], seconds))
        peer.spin_until(lambda: False, 0.02)
        images.publish(image_message(RGB, seconds))
        peer.spin_until(lambda: False, 0.05)
        seconds += 0.1
    for publisher in (images, *others.values()):
        peer.node.destroy_publisher(publisher)
    return seconds


def test_the_reference_brings_the_scale_and_its_parameter_takes_it_away(at_work):
    peer, depth = at_work
    scales, images = peer.listen('depth/scale', Float32), peer.listen('depth/image', Image)
    end_s = play(peer, {'reference/depth': 0.8 * depth},
                 lambda: scales and scales[-1].data < 0.805, 100.0)
    steps = np.diff(np.log([message.data for message in scales]))
    assert scales[0].data == pytest.approx(1, abs=0.02)
    assert scales[-1].data == pytest.approx(0.8, rel=0.01)
    assert np.abs(steps).max() < np.log(1.1)
    values = peer.fresh_diagnostics()
    assert float(values['scale']) == pytest.approx(0.8, rel=0.01), values
    assert peer.set_parameters(scale_source='none')[0].successful
    images.clear()
    play(peer, {}, lambda: images and scales[-1].data == 1, end_s)
    np.testing.assert_allclose(
        np.frombuffer(images[-1].data, '<f4').reshape(120, 160), depth, rtol=1e-3)
    peer.ignore('depth/scale')
    peer.ignore('depth/image')


def test_holes_of_the_sensor_are_filled_while_somebody_listens(at_work):
    peer, depth = at_work
    sensor = 1.1 * depth
    sensor[30:60, 40:100] = np.nan
    assert peer.node.count_subscribers('sensor_depth') == 0
    filled = peer.listen('depth/filled', Image)
    play(peer, {'sensor_depth': sensor}, lambda: len(filled) > 2, 200.0)
    last = np.frombuffer(filled[-1].data, '<f4').reshape(120, 160)
    np.testing.assert_allclose(last, 1.1 * depth, rtol=0.01)
    measured = ~np.isnan(sensor)
    np.testing.assert_array_equal(last[measured], sensor.astype('<f4')[measured])
    assert filled[-1].header.frame_id == FRAME
    assert peer.fresh_diagnostics()['sensor over network'] == '1.100'
    peer.ignore('depth/filled')
    peer.wait(lambda: peer.node.count_subscribers('sensor_depth') == 0, 'the end of listening')
