"""Camera process -> node process -> this process, at 640x480, reliable and best effort."""

from model_helpers import write_untrained
import numpy as np
import pytest
from ros_helpers import (
    camera,
    depth_node,
    FRAME,
    free_domain,
    Peer,
    picture,
    PROFILES,
)
from sensor_msgs.msg import CameraInfo, Image, PointCloud2

from mono_depth_ros.camera import Camera, points_from_depth
from mono_depth_ros.estimator import DepthEstimator

WIDTH, HEIGHT, SEED = 640, 480, 5

pytestmark = pytest.mark.thorough
CAMERA = Camera(fx=512.0, fy=512.0, cx=319.5, cy=239.5, width=WIDTH, height=HEIGHT)
KINDS = {'depth/image': Image, 'depth/image_raw': Image, 'depth/image_color': Image,
         'depth/camera_info': CameraInfo, 'depth/confidence': Image, 'points': PointCloud2}
COUNTS = ('processed', 'dropped', 'refused', 'unused')


@pytest.fixture(scope='module')
def model(tmp_path_factory):
    """Path of an untrained model, and the depth and confidence it gives the picture."""
    path = tmp_path_factory.mktemp('model') / 'tiny.safetensors'
    write_untrained(path)
    estimator = DepthEstimator.load(path, device='cpu')
    estimate = estimator.estimate(picture(WIDTH, HEIGHT, SEED), CAMERA)
    return path, estimate.depth, estimate.confidence


@pytest.fixture(scope='module', params=['reliable', 'best_effort'])
def stream(request, model, tmp_path_factory):
    """Camera and node at work; BEST_EFFORT needs the large shared memory of the profile."""
    logs, domain = tmp_path_factory.mktemp('logs'), free_domain()
    environment = PROFILES if request.param == 'best_effort' else {}
    peer = Peer(domain)
    eye = camera(domain, logs / 'camera', request.param, **environment)
    node = depth_node(domain, logs / 'node', f'model_file:={model[0]}', 'device:=cpu',
                      **environment)
    peer.wait_active(node)
    yield peer, eye, request.param
    eye.popen.stdin.close()
    codes = eye.wait(), node.end()
    peer.close()
    assert codes == (0, 0), node.output()
    assert 'Traceback' not in node.output()


def _stamps(messages):
    return [message.header.stamp.sec for message in messages]


def _array(message, dtype, *channels):
    assert message.step == message.width * np.dtype(dtype).itemsize * int(np.prod(channels))
    return np.frombuffer(message.data, dtype).reshape(message.height, message.width, *channels)


def test_every_output_is_right(stream, model):
    peer, eye, reliability = stream
    outputs = {topic: peer.listen(topic, kind) for topic, kind in KINDS.items()}
    eye.tell(count=8, rate_hz=4, width=WIDTH, height=HEIGHT, seed=SEED, info=True, start_s=100)
    peer.wait(lambda: all(outputs.values()), 'every output')
    peer.wait(lambda: all(_stamps(m)[-1] == 107 for m in outputs.values()), 'the last image')
    assert peer.fresh_diagnostics()['input qos'] == reliability.upper()
    for topic, messages in outputs.items():
        assert {message.header.frame_id for message in messages} == {FRAME}, topic
        assert set(_stamps(messages)) <= set(range(100, 108)), topic
        assert (messages[-1].width, messages[-1].height) == (WIDTH, HEIGHT), topic
    last = {topic: messages[-1] for topic, messages in outputs.items()}
    depth_HW = _array(last['depth/image'], '<f4')
    _check_depth(last, depth_HW, model[1])
    _check_points(last['points'], depth_HW)
    _check_confidence(last['depth/confidence'], model[2])
    assert (last['depth/camera_info'].k == [512, 0, 319.5, 0, 512, 239.5, 0, 0, 1]).all()
    assert (last['depth/camera_info'].p == [
        512, 0, 319.5, 0, 0, 512, 239.5, 0, 0, 0, 1, 0]).all()
    for topic in KINDS:
        peer.ignore(topic)


def _check_depth(last, depth_HW, expected_HW):
    assert last['depth/image'].encoding == '32FC1'
    assert np.ptp(expected_HW) > 0.1  # else a constant would pass
    # Bit for bit the same code; the margin is for a network run with another number of threads.
    assert np.allclose(depth_HW, expected_HW, rtol=1e-4)
    assert last['depth/image_raw'].encoding == '16UC1'
    assert np.array_equal(
        _array(last['depth/image_raw'], '<u2'), np.rint(depth_HW * np.float32(1000)))
    assert last['depth/image_color'].encoding == 'rgb8'
    colour = _array(last['depth/image_color'], 'u1', 3)
    assert np.ptp(colour.reshape(-1, 3), axis=0).max() > 0 and colour.any(axis=2).all()


def _check_confidence(image, expected_HW):
    confidence_HW = _array(image, '<f4')
    assert image.encoding == '32FC1'
    assert 0 <= confidence_HW.min() < confidence_HW.max() <= 1
    assert np.allclose(confidence_HW, expected_HW, atol=1e-4)


def _check_points(cloud, depth_HW):
    points = _array_of_points(cloud)
    for name, expected_HW in zip('xyz', points_from_depth(depth_HW, CAMERA)):
        assert np.allclose(points[name], expected_HW, rtol=1e-5, atol=1e-6)
    red, green, blue = (picture(WIDTH, HEIGHT, SEED)[..., i].astype(np.uint32) for i in range(3))
    assert np.array_equal(points['rgb'], (red << 16) | (green << 8) | blue)
    assert not cloud.is_dense and not cloud.is_bigendian


def _array_of_points(cloud):
    fields = {field.name: field.offset for field in cloud.fields}
    kinds = np.dtype({'names': ['x', 'y', 'z', 'rgb'], 'formats': ['<f4', '<f4', '<f4', '<u4'],
                      'offsets': [fields[name] for name in ('x', 'y', 'z', 'rgb')],
                      'itemsize': cloud.point_step})
    return np.frombuffer(cloud.data, kinds).reshape(cloud.height, cloud.width)


def _counts(peer):
    values = peer.fresh_diagnostics()
    return {name: int(values[f'images {name}']) for name in ('received', *COUNTS)}


def _settled(peer):
    """Counts once no image is in work any more."""
    return peer.wait(lambda: (c := _counts(peer)) and (
        c['received'] == sum(c[name] for name in COUNTS)) and c, 'all images to be accounted for')


@pytest.mark.parametrize('rate_hz, count', [(15, 60), (60, 120)])
def test_every_image_is_accounted_for(stream, rate_hz, count):
    peer, eye, _ = stream
    depths = peer.listen('depth/image', Image)
    peer.wait(lambda: peer.node.count_publishers('depth/image'), 'the depth publisher')
    before = _settled(peer)
    eye.tell(count=count, rate_hz=rate_hz, width=WIDTH, height=HEIGHT, seed=SEED,
             info=True, start_s=1000)
    # The latest image is never dropped, so the last one must come.
    peer.wait(lambda: depths and _stamps(depths)[-1] == 999 + count, 'the last image')
    after = _settled(peer)
    change = {name: after[name] - before[name] for name in after}
    stamps = _stamps(depths)
    assert stamps == sorted(set(stamps)), 'one depth image for an image, in order'
    assert len(stamps) == change['processed']
    assert change['received'] == change['processed'] + change['dropped']
    if rate_hz == 15:  # faster, a camera with a queue of one may overwrite what is on its way
        assert change['received'] >= 48, 'images lost on the way to the node'
    assert change['refused'] == change['unused'] == 0
    peer.ignore('depth/image')
