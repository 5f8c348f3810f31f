"""Recordings as training data: topics found, frames paired by stamp, depth in metres."""

from dataclasses import replace
import json
import multiprocessing
import os
import pickle
import struct

from bag_helpers import compressed, image, info, write
import numpy as np
import pytest
from rosbags.rosbag2 import StoragePlugin

from mono_depth_ros.bags.reader import BagReader
from mono_depth_ros.bags.stamps import paired
from mono_depth_ros.camera import Camera
from train.data.data_sets import open_data
from train.data.samples.data_notes import DataNote
from train.data.samples.geometry import rectified
from train.data.samples.sample import Sample

PERIOD_NS, START_NS = 100_000_000, 5_000_000_000
LENS = (-0.3, 0.1, 0.0, 0.0, 0.0)


def rgb(value=9):
    pixels = np.full((30, 40, 3), (200, 20, value), np.uint8)
    return pixels


def metres():
    depth = np.tile(np.linspace(1, 5, 40, dtype=np.float32), (30, 1))
    depth[0, :3] = np.nan, np.inf, -np.inf
    return depth


def millimetres():
    depth = np.tile(np.arange(1000, 1040, dtype=np.uint16), (30, 1))
    depth[0, 0] = 0
    return depth


def drive(frames=10, depth=lambda at: image(at, metres(), '32FC1'), depth_topic='/cam/depth'):
    """Colour, depth 5 ms later and camera_info, recorded 1 ms after their stamps."""
    for number in range(frames):
        at = START_NS + number * PERIOD_NS
        yield '/cam/camera_info', at + 10**6, info(at)
        yield '/cam/image_raw', at + 10**6, image(at, rgb(number), 'rgb8')
        yield depth_topic, at + 6 * 10**6, depth(at + 5 * 10**6)


def test_the_terms_of_a_recording_lie_in_it_or_beside_its_one_file(tmp_path):
    bag = write(tmp_path / 'bag', drive(), StoragePlugin.MCAP)
    file, = bag.glob('*.mcap')
    (bag / 'terms.txt').write_text('for friends only')
    (bag / f'{file.name}.terms.txt').write_text('for nobody')
    assert open_data(f'robot={bag}', 'train').terms == 'for friends only'
    assert open_data(f'robot={file}', 'train').terms == 'for nobody'


@pytest.mark.parametrize('storage', list(StoragePlugin))
def test_recording_is_a_training_set(tmp_path, storage):
    bag = write(tmp_path / 'bag', drive(), storage)
    train, val = (open_data(f'robot={bag}', split) for split in ('train', 'val'))
    assert (len(train), val.keys) == (9, ('5.900000000',))
    train[0]  # the reader is open when it is pickled
    sample = pickle.loads(pickle.dumps(train))[3]
    assert sample.name == 'robot/5.300000000'
    assert sample.camera == Camera(fx=30, fy=30, cx=19.5, cy=14.5, width=40, height=30)
    np.testing.assert_array_equal(sample.rgb, rgb(3))
    expected = metres()
    expected[0, 2] = np.nan  # -inf is too near to measure, +inf is sky and stays
    np.testing.assert_array_equal(sample.depth, expected)


def test_a_forked_worker_opens_the_recording_itself(tmp_path):
    """A file that parent and worker share has one position: their reads would mix."""
    recording = BagReader(write(tmp_path / 'bag', drive(2)))
    recording.topics()
    ours = recording._reader

    def worker():
        recording.topics()
        os._exit(0 if recording._reader is not ours else 1)

    process = multiprocessing.get_context('fork').Process(target=worker)
    process.start()
    process.join(30)
    assert process.exitcode == 0 and recording._reader is ours


def test_the_file_inside_reads_the_same(tmp_path):
    bag = write(tmp_path / 'bag', drive())
    assert open_data(f'a={bag / "bag.mcap"}', 'val')[0].name == 'a/5.900000000'


@pytest.mark.parametrize('depth', [
    lambda at: image(at, millimetres(), '16UC1'),
    lambda at: image(at, millimetres(), '16UC1', big=True, padding=6),
    lambda at: image(at, millimetres(), 'mono16'),
    lambda at: compressed(at, millimetres(), '16UC1; png compressed'),
    lambda at: compressed(at, millimetres(), 'png'),
    lambda at: compressed(at, millimetres(), '16UC1; compressedDepth png', bytes(12))])
def test_millimetres_in_every_dress(tmp_path, depth):
    bag = write(tmp_path / 'bag', drive(2, depth))
    depth_HW = open_data(f'a={bag}', 'train')[0].depth
    assert np.isnan(depth_HW[0, 0])
    np.testing.assert_allclose(depth_HW[1], np.arange(1000, 1040) / 1000, rtol=1e-6)


def test_quantised_metres_are_undone(tmp_path):
    """compressed_depth_image_transport: raw = a / metres + b, here a = 800 and b = 10."""
    raw = np.full((30, 40), 410, np.uint16)
    raw[0, 0] = 0
    start = struct.pack('<iff', 0, 800, 10)
    bag = write(tmp_path / 'bag', drive(
        2, lambda at: compressed(at, raw, '32FC1; compressedDepth', start)))
    depth_HW = open_data(f'a={bag}', 'train')[0].depth
    assert depth_HW[1, 1] == 2 and np.isnan(depth_HW[0, 0])


@pytest.mark.parametrize('depth_topic', ['/cam/aligned_depth/image', '/ground_truth/depth'])
def test_raw_wins_over_compressed_and_registered_over_other_depth(tmp_path, depth_topic):
    extra = [('/cam/image_raw/compressed', START_NS, compressed(START_NS, rgb(), 'jpeg')),
             ('/cam/depth_raw', START_NS, image(START_NS, millimetres()[:5], '16UC1')),
             ('/depth/image_color', START_NS, image(START_NS, rgb(), 'rgb8')),
             ('/depth/camera_info', START_NS, info(START_NS, fx=77.0))]
    bag = write(tmp_path / 'bag', [*extra, *drive(3, depth_topic=depth_topic)])
    assert open_data(f'a={bag}', 'train')[0].camera.fx == 30


def test_two_that_fit_are_listed_and_a_file_decides(tmp_path):
    second = [('/right/image_raw', at, image(at, rgb(99), 'bgr8'))
              for at in (START_NS, START_NS + PERIOD_NS)]
    bag = write(tmp_path / 'bag', [*second, *drive(2)])
    with pytest.raises(ValueError, match=r'which topic holds the image \(/cam/image_raw or '
                       r'/right/image_raw\).*topics.json.*/cam/depth \(sensor_msgs/msg/Image, 2'):
        open_data(f'a={bag}', 'train')
    names = {'image': '/right/image_raw', 'depth': '/cam/depth', 'camera_info': '/cam/camera_info'}
    (bag / 'topics.json').write_text(json.dumps(names))
    assert open_data(f'a={bag}', 'train')[0].rgb[0, 0, 0] == 99
    (bag / 'topics.json').write_text(json.dumps({**names, 'depth': '/cam/camera_info'}))
    with pytest.raises(ValueError, match="'/cam/camera_info' is no topic of depth messages"):
        open_data(f'a={bag}', 'train')
    (bag / 'topics.json').write_text('{"image": "/a"}')
    with pytest.raises(ValueError, match='topics.json does not name the topics'):
        open_data(f'a={bag}', 'train')


def other_frame(frames=4):
    """Depth that says it is of another camera than the image."""
    for topic, log_ns, message in drive(frames):
        if topic == '/cam/depth':
            message.header.frame_id = 'depth_optical_frame'
        yield topic, log_ns, message


def test_depth_of_another_frame_is_refused_unless_it_is_named(tmp_path):
    bag = write(tmp_path / 'bag', other_frame())
    with pytest.raises(ValueError, match="/cam/depth has the frame_id 'depth_optical_frame', "
                       r"/cam/image_raw 'camera'.*record depth registered .aligned. to the image"):
        open_data(f'a={bag}', 'train')
    with pytest.warns(DataNote, match="frame_id 'depth_optical_frame'.*all the same"):
        assert len(open_data(f'a={bag}', 'train', rules=1)) == 3  # a run of before goes on
    (bag / 'topics.json').write_text(json.dumps({
        'image': '/cam/image_raw', 'depth': '/cam/depth', 'camera_info': '/cam/camera_info'}))
    with pytest.warns(DataNote, match="frame_id 'depth_optical_frame'.*all the same"):
        assert len(open_data(f'a={bag}', 'train')) == 3


def test_a_slash_before_a_frame_makes_no_other_frame(tmp_path):
    """Recordings of ROS 1 have one."""
    messages = list(drive(4))
    for topic, _, message in messages:
        message.header.frame_id = '/camera' if topic == '/cam/depth' else 'camera'
    assert len(open_data(f'a={write(tmp_path / "bag", messages)}', 'train')) == 3


def test_the_camera_in_force_counts(tmp_path):
    zoomed = START_NS + 2 * PERIOD_NS - 10**6
    messages = [m for m in drive(4) if m[0] != '/cam/camera_info']
    bag = write(tmp_path / 'bag', [('/cam/camera_info', START_NS, info(START_NS)),
                                   ('/cam/camera_info', zoomed, info(zoomed, fx=60.0)), *messages])
    source = open_data(f'a={bag}', 'train')
    assert [source[i].camera.fx for i in range(3)] == [30, 30, 60]


def test_unstamped_messages_go_by_the_time_of_recording(tmp_path):
    messages = []
    for topic, log_ns, message in drive(3):
        message.header.stamp.sec = message.header.stamp.nanosec = 0
        messages.append((topic, log_ns, message))
    source = open_data(f'a={write(tmp_path / "bag", messages)}', 'train')
    assert source.keys == ('5.001000000', '5.101000000') and source[1].rgb[0, 0, 2] == 1


def test_stamps_pair_one_to_one_within_the_gap():
    ms = np.int64(10**6)
    first = np.array([0, 33, 66, 100]) * ms
    second = np.array([101, 5, 30, 29]) * ms
    assert paired(first, second).tolist() == [[0, 1], [1, 2], [3, 0]]
    assert paired(first, np.array([21]) * ms).tolist() == [[1, 0]]
    assert paired(first, np.array([130]) * ms).tolist() == []
    assert paired(first, first[:0]).tolist() == []
    # Both images are within the gap of one depth; it belongs to the nearer.
    assert paired(np.array([0, 10]) * ms, np.array([4]) * ms).tolist() == [[0, 0]]


def test_a_lens_is_removed(tmp_path):
    messages = [(t, at, info(at, lens=LENS) if t == '/cam/camera_info' else m)
                for t, at, m in drive(2)]
    sample = open_data(f'a={write(tmp_path / "bag", messages)}', 'train')[0]
    assert not sample.camera.distortion and sample.camera.flipped()
    expected = metres()[15, 19]
    assert sample.depth[15, 19] == expected  # the optical axis stays


def test_rectified_rays_point_where_the_lens_saw_them():
    """A bright pixel seen through a lens at ray (0.5, 0) lands on cx + 0.5 fx without it."""
    camera = Camera(fx=100, fy=100, cx=100, cy=75, width=201, height=151, distortion=LENS)
    ray = 0.5 * (1 - 0.3 * 0.25 + 0.1 * 0.0625)  # plumb_bob: 1 + k1 r^2 + k2 r^4
    image, depth = np.zeros((151, 201, 3), np.uint8), np.full((151, 201), 3, np.float32)
    column = round(100 + 100 * ray)
    image[73:78, column - 2:column + 3], depth[75, column] = 255, 7
    view = rectified(Sample(rgb=image, depth=depth, camera=camera, name='x'))
    columns = np.nonzero(view.rgb[75, :, 0] > 128)[0]
    assert columns.mean() == pytest.approx(150, abs=1) and 7 in view.depth[75, 148:153]


def test_rays_beyond_the_lens_are_not_mirrored_into_the_rectified_view():
    """r (1 - 0.3 r^2) turns back at r = 1.05: what lies farther out has no pixel to come from."""
    camera = Camera(fx=50, fy=50, cx=100, cy=75, width=201, height=151,
                    distortion=(-0.3, 0.0, 0.0, 0.0))
    sample = Sample(rgb=np.full((151, 201, 3), 255, np.uint8),
                    depth=np.full((151, 201), 3, np.float32), camera=camera, name='x')
    view = rectified(sample)
    rows, columns = np.indices((151, 201))
    radius = np.hypot(columns - 100, rows - 75) / 50
    assert np.isnan(view.depth[radius > 1.06]).all() and (view.rgb[radius > 1.1] == 0).all()
    assert (view.depth[radius < 1.04] == 3).all() and (view.rgb[radius < 1] == 255).all()


def test_a_lens_that_cannot_be_read_keeps_the_focal_length_and_is_named(tmp_path, capsys):
    messages = [(t, at, info(at, lens=(0.1, 0.2, 0.3)) if t == '/cam/camera_info' else m)
                for t, at, m in drive(3)]
    source = open_data(f'a={write(tmp_path / "bag", messages)}', 'train')
    assert source[0].camera.fx == source[1].camera.fx == 30 and not source[0].camera.distortion
    said = capsys.readouterr().err
    assert said.count('3 coefficients') == 1 and 'distortion stays in the images' in said


def test_a_raw_topic_in_a_namespace_called_rect_is_not_rectified(tmp_path):
    """K has 30 pixels, P 60: by P alone depth would double."""
    def renamed(topic, at, message):
        if topic == '/cam/camera_info':
            message = replace(info(at, lens=LENS), p=np.array(
                [60.0, 0, 20, 0, 0, 60, 15, 0, 0, 0, 1, 0]))
        return topic.replace('/cam', '/direct_drive'), at, message
    messages = [renamed(*given) for given in drive(2)]
    assert open_data(f'a={write(tmp_path / "bag", messages)}', 'train')[0].camera.fx == 30
    messages = [(t.replace('image_raw', 'image_rect'), at, m) for t, at, m in messages]
    assert open_data(f'a={write(tmp_path / "rect", messages)}', 'train')[0].camera.fx == 60


@pytest.mark.parametrize('messages, message', [
    ([m for m in drive(2) if m[0] != '/cam/depth'], r'which topic holds the depth \(none\)'),
    ([m for m in drive(2) if m[0] != '/cam/camera_info'], r'the camera_info \(none\)'),
    ([m for m in drive(1)], '1 images of /cam/image_raw have a message of /cam/depth within 0.02'),
    (drive(2, lambda at: image(at, metres()[:9], '32FC1')), 'frame 5.000000000: .*has 40x9 pixels '
     'and /cam/image_raw 40x30: record depth registered'),
    (drive(2, lambda at: compressed(at, millimetres(), '16UC1; compressedDepth rvl',
                                    b'x' * 20)), 'is not supported: expected a PNG')])
def test_unfit_recordings_are_named(tmp_path, messages, message):
    bag = write(tmp_path / 'bag', messages)
    with pytest.raises(ValueError, match=message):
        open_data(f'a={bag}', 'train')[0]


@pytest.mark.parametrize('storage, keep', [
    (StoragePlugin.MCAP, 0), (StoragePlugin.MCAP, 0.5), (StoragePlugin.SQLITE3, 0.5)])
def test_recordings_cut_short_are_named(tmp_path, storage, keep):
    bag = write(tmp_path / 'bag', drive(), storage)
    file = next(f for f in bag.iterdir() if f.suffix in ('.mcap', '.db3'))
    file.write_bytes(file.read_bytes()[:int(keep * file.stat().st_size)])
    with pytest.raises(OSError, match='cannot be read as a recording'):
        open_data(f'a={file}', 'train')[0]
