"""depth_bag: every image gets the node's depth, bit by bit, once, whatever interrupts it."""

from array import array
from dataclasses import replace
import json
import os
from pathlib import Path
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from ros_helpers import depth_node, free_domain, image_message, info_message, Peer, picture
from sensor_msgs.msg import Image, PointCloud2
import yaml

pytest.importorskip('rosbags')
from bag_helpers import compressed, header, image, info, STORE, TYPES, write  # noqa: E402
from rosbags.interfaces import (  # noqa: E402
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.rosbag2 import StoragePlugin, Writer  # noqa: E402

from mono_depth_ros.bags.camera_infos import CameraInfos  # noqa: E402
from mono_depth_ros.bags.reader import BagReader  # noqa: E402
from mono_depth_ros.bags.topics import Kind  # noqa: E402
from mono_depth_ros.estimator import DepthEstimate  # noqa: E402
from mono_depth_ros.message_formats.images import raw_depth  # noqa: E402
from mono_depth_ros.node.outputs.outputs import OUTPUTS  # noqa: E402
from mono_depth_ros.progress import bar  # noqa: E402
from mono_depth_ros.tools.depth_bag import journal, run  # noqa: E402
from mono_depth_ros.tools.depth_bag.__main__ import main  # noqa: E402
from mono_depth_ros.tools.depth_bag.assembly import assemble  # noqa: E402
from mono_depth_ros.tools.depth_bag.cameras import cameras_of  # noqa: E402
from mono_depth_ros.tools.depth_bag.estimation import output_types  # noqa: E402
from mono_depth_ros.tools.depth_bag.options import parse  # noqa: E402

START_NS, PERIOD_NS = 5_000_000_000, 100_000_000
CLASSES = {output.topic: output for output in OUTPUTS}


def drive(frames=5, topic='/cam/image_raw', shade=0, kind='raw'):
    """Images recorded 1 ms after their stamp, with camera_info beside them."""
    for number in range(frames):
        at = START_NS + number * PERIOD_NS
        pixels = picture(40, 30, number + shade)
        message = image(at, pixels, 'rgb8') if kind == 'raw' else compressed(
            at, pixels[..., ::-1], 'rgb8; png compressed bgr8')
        yield f'{topic.removesuffix("/compressed").rpartition("/")[0]}/camera_info', at, info(at)
        yield topic, at + 10**6, message


def by_topic(path):
    """{topic: [(time of recording, message)]} of a recording."""
    reader, found = BagReader(path), {}
    for topic, kind, log_ns, data in reader.messages([t.name for t in reader.topics()]):
        found.setdefault(topic, []).append((log_ns, reader.decode(kind, data)))
    return found


def stamps(messages):
    return [(m.header.stamp.sec, m.header.stamp.nanosec) for _, m in messages]


def command(model, bag, out, *more):
    return [str(bag), str(out), '--model', str(model), '--device', 'cpu', *more]


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_outputs_have_the_type_of_their_package():
    assert output_types(['points', 'depth/scale']) == {
        'points': 'sensor_msgs/msg/PointCloud2', 'depth/scale': 'std_msgs/msg/Float32'}


@pytest.mark.thorough
@pytest.mark.parametrize('storage', list(StoragePlugin))
def test_every_image_of_every_camera_has_depth_and_nothing_is_lost(
        tmp_path, model, storage, capsys):
    bag = write(tmp_path / 'bag', sorted(
        [*drive(), *drive(3, '/back/image_raw/compressed', 9, 'png')], key=lambda m: m[1]),
        storage)
    assert main(command(model, bag, tmp_path / 'out', '--points')) == 0
    before, after = by_topic(bag), by_topic(tmp_path / 'out')
    for topic, messages in before.items():
        assert stamps(after[topic]) == stamps(messages)
        assert [log_ns for log_ns, _ in after[topic]] == [log_ns for log_ns, _ in messages]
    for images, camera in (('/cam/image_raw', '/cam'), ('/back/image_raw/compressed', '/back')):
        for name in ('depth/image', 'depth/camera_info', 'points'):
            made = after[f'{camera}/{name}']
            assert stamps(made) == stamps(before[images])
            assert [log for log, _ in made] == [log for log, _ in before[images]]
        metres_HW = raw_depth(after[f'{camera}/depth/image'][0][1])
        assert metres_HW.shape == (30, 40) and np.isfinite(metres_HW).any()
    assert after.keys() - before.keys() == {f'{camera}/{name}' for camera in ('/cam', '/back')
                                            for name in ('depth/image', 'depth/camera_info',
                                                         'points')}
    assert '8 of 8 images have depth' in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir()) == ['bag', 'out']


@pytest.mark.parametrize('version', [8, 9])
@pytest.mark.parametrize('storage', list(StoragePlugin))
def test_every_distribution_opens_what_is_written(tmp_path, version, storage):
    """Humble reads a text where version 9, of Jazzy on, has a list: of QoS profiles offered."""
    offered = [Qos(QosHistory.KEEP_LAST, 7, QosReliability.BEST_EFFORT, QosDurability.VOLATILE,
                   *(QosTime(0, 0),) * 2, QosLiveliness.AUTOMATIC, QosTime(0, 0), False)]
    with Writer(tmp_path / 'bag', version=version, storage_plugin=storage) as writer:
        for topic, profiles in (('/quick', offered), ('/any', [])):
            writer.write(writer.add_connection(
                topic, 'std_msgs/msg/String', typestore=STORE, offered_qos_profiles=profiles),
                START_NS, STORE.serialize_cdr(
                    STORE.types['std_msgs/msg/String'](data='a'), 'std_msgs/msg/String'))
    assemble(BagReader(tmp_path / 'bag'), [], {'/depth/scale': 'std_msgs/msg/Float32'}, iter(()),
             tmp_path / 'out')
    written = yaml.safe_load((tmp_path / 'out' / 'metadata.yaml').read_text())
    written = written['rosbag2_bagfile_information']
    topics = [entry['topic_metadata'] for entry in written['topics_with_message_count']]
    assert written['version'] == 8 and len(topics) == 3
    assert all(isinstance(topic['offered_qos_profiles'], str) for topic in topics)
    assert {one.topic: one.ext.offered_qos_profiles
            for one in BagReader(tmp_path / 'out').connections()} == {
                '/quick': offered, '/any': [], '/depth/scale': []}


@pytest.mark.thorough
def test_compressed_and_raw_images_of_the_same_pixels_have_the_same_depth(tmp_path, model):
    for kind, topic in (('raw', '/a/image_raw'), ('png', '/a/image_raw/compressed')):
        write(tmp_path / kind, drive(1, topic, kind=kind))
        assert main(command(model, tmp_path / kind, tmp_path / f'{kind}_out')) == 0
    raw, png = (by_topic(tmp_path / f'{kind}_out')['/a/depth/image'][0][1].data
                for kind in ('raw', 'png'))
    np.testing.assert_array_equal(raw, png)


def stopped_after(monkeypatch, images):
    """Makes depth_bag stop as by Ctrl-C after so many images."""
    estimated = run.BagEstimation.outputs_of
    left = [images]

    def outputs_of(self, *given):
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return estimated(self, *given)
    monkeypatch.setattr(run.BagEstimation, 'outputs_of', outputs_of)
    return left


def sixteen_bits(frames=5):
    """Images of 10, then of 12 bits in 16: what is bright depends on the images before."""
    for number in range(frames):
        at = START_NS + number * PERIOD_NS
        bits = 12 if number == 1 else 10
        pixels = picture(40, 30, number)[..., 0].astype(np.uint16) << (bits - 8)
        yield '/cam/camera_info', at, info(at)
        yield '/cam/image_raw', at + 10**6, image(at, pixels, 'mono16')


def sixteen_bit_pngs(frames=5):
    """As `sixteen_bits`, in PNGs whose format does not tell how many bits they have."""
    for at, bits in ((START_NS + number * PERIOD_NS, 12 if number == 1 else 10)
                     for number in range(frames)):
        pixels = picture(40, 30, at % 7)[..., 0].astype(np.uint16) << (bits - 8)
        yield '/cam/camera_info', at, info(at)
        yield '/cam/image_raw/compressed', at + 10**6, compressed(at, pixels, 'png')


@pytest.mark.thorough
@pytest.mark.parametrize('messages', [drive, sixteen_bits, sixteen_bit_pngs])
def test_a_run_that_was_stopped_goes_on_and_gives_the_same_bytes(
        tmp_path, model, monkeypatch, capsys, messages):
    bag = write(tmp_path / 'bag', messages())
    whole, resumed = tmp_path / 'a' / 'out', tmp_path / 'b' / 'out'
    assert main(command(model, bag, whole)) == 0
    monkeypatch.setattr(journal, 'PART_IMAGES', 2)
    with monkeypatch.context() as patch:
        stopped_after(patch, 3)
        assert main(command(model, bag, resumed)) == 130
    unfinished = resumed.with_name('out.unfinished')
    assert not resumed.exists() and unfinished.is_dir()
    assert 'the same command goes on' in capsys.readouterr().err
    # Killed while it wrote the second part, and while it assembled another time.
    half = unfinished / 'part_00000002_00000003'
    half.mkdir()
    (half / f'{half.name}.mcap').write_bytes(b'\x89MCAP0\r\nhalf')
    (unfinished / 'out').mkdir()
    with monkeypatch.context() as patch:
        left = stopped_after(patch, 99)
        assert main(command(model, bag, resumed)) == 0
        assert left == [99 - 3], 'two images of five were done'
    assert files(resumed) == files(whole) and not unfinished.exists()


@pytest.mark.thorough
def test_a_run_with_other_wishes_is_not_mixed_into_an_unfinished_one(
        tmp_path, model, monkeypatch, capsys):
    bag = write(tmp_path / 'bag', drive())
    with monkeypatch.context() as patch:
        stopped_after(patch, 1)
        main(command(model, bag, tmp_path / 'out'))
    other = tmp_path / 'mine.yaml'
    other.write_text('/**: {ros__parameters: {depth_scale: 2.0, points: {stride: 2}}}')
    assert main(command(model, bag, tmp_path / 'out', '--params', str(other))) == 1
    assert 'unfinished run with another parameters' in capsys.readouterr().err
    # Nor where depth depends on the images before, or the recording is mistyped.
    other.write_text('/**: {ros__parameters: {smoothing: 0.5}}')
    kept = files(tmp_path / 'out.unfinished').keys()
    for given in (bag, tmp_path / 'gab'):
        assert main(command(model, given, tmp_path / 'out', '--params', str(other))) == 1
    assert 'unfinished run with another parameters' in capsys.readouterr().err
    assert files(tmp_path / 'out.unfinished').keys() == kept
    other.write_text('/**: {ros__parameters: {depth_scale: 2.0, points: {stride: 2}}}')
    shutil.rmtree(tmp_path / 'out.unfinished')
    assert main(command(model, bag, tmp_path / 'one')) == 0
    assert main(command(model, bag, tmp_path / 'two', '--points', '--params', str(other))) == 0
    one, two = by_topic(tmp_path / 'one'), by_topic(tmp_path / 'two')
    first, second = (raw_depth(b['/cam/depth/image'][0][1]) for b in (one, two))
    np.testing.assert_allclose(second, 2 * first, rtol=1e-6)
    assert two['/cam/points'][0][1].width == 20


def test_what_a_run_was_asked_for_is_written_once_and_a_damaged_one_is_a_sentence(
        tmp_path, monkeypatch):
    """It was written again at every start, and one cut short ended every start after it."""
    folder, asked = tmp_path / 'out.unfinished', {'recording': 'a', 'device': 'cpu'}
    journal.Journal(folder, asked, {})

    def cannot(*given):
        raise OSError('No space left on device')

    with monkeypatch.context() as full:
        full.setattr(Path, 'write_bytes', cannot)
        full.setattr('os.fsync', cannot)
        journal.Journal(folder, asked, {})  # as it is there
        with pytest.raises(OSError, match='No space left'):
            journal.Journal(folder, asked | {'device': 'cuda'}, {}, anew=True)
    assert journal.kept_request(folder) == asked
    for text in ('', '[1]', '"a"', '{'):
        (folder / 'request.json').write_text(text)
        with pytest.raises(ValueError, match=r'out\.unfinished holds .* delete the folder'):
            journal.Journal(folder, asked, {})


@pytest.mark.thorough
def test_smoothed_depth_begins_with_the_first_image_again(tmp_path, model, monkeypatch):
    bag, mine = write(tmp_path / 'bag', drive()), tmp_path / 'mine.yaml'
    mine.write_text('/**: {ros__parameters: {smoothing: 0.5}}')
    monkeypatch.setattr(journal, 'PART_IMAGES', 2)
    for images, code, left_of in ((3, 130, -1), (99, 0, 99 - 5)):
        if not code:  # it begins anew, so that it may in another precision
            mine.write_text('/**: {ros__parameters: {smoothing: 0.5, precision: bf16}}')
        with monkeypatch.context() as patch:
            left = stopped_after(patch, images)
            assert main(command(model, bag, tmp_path / 'out', '--params', str(mine))) == code
        assert left == [left_of]
    assert len(by_topic(tmp_path / 'out')['/cam/depth/image']) == 5


@pytest.mark.parametrize('text, parameters', [
    ('/**:\n  ros__parameters:\n', {}),
    ('front: {depth_node: {ros__parameters: {device: cpu, scan: {min_height: 0.1}}}}',
     {'device': 'cpu', 'scan.min_height': 0.1}),
    ('depth_node: {ros__parameters: {device: cpu}}\n/cam: {driver: {ros__parameters: {fps: 9}}}',
     {'device': 'cpu'})])
def test_parameters_of_any_depth_are_read_and_none_are_none(tmp_path, text, parameters):
    (tmp_path / 'mine.yaml').write_text(text)
    words = ['in', 'out', '--params', str(tmp_path / 'mine.yaml')]
    assert parse(words).parameters == parameters


@pytest.mark.parametrize('text', ['', 'a: 1', '[]', '/**: {ros__parameters: [1]}', 'a: [', '1',
                                  'driver: {ros__parameters: {fps: 9}}'])
def test_files_without_parameters_are_refused_in_one_sentence(tmp_path, capsys, text):
    (tmp_path / 'mine.yaml').write_text(text)
    with pytest.raises(SystemExit):
        parse(['in', 'out', '--params', str(tmp_path / 'mine.yaml')])
    assert 'is no ROS parameter file' in capsys.readouterr().err


@pytest.mark.thorough
def test_true_depth_in_the_recording_gives_an_accuracy_report(
        tmp_path, model, capsys, monkeypatch):
    """Truth is half of what the model says: scale 2, AbsRel 1, delta1 0."""
    bag = write(tmp_path / 'bag', drive(3))
    assert main(command(model, bag, tmp_path / 'out')) == 0
    truth = [(log_ns, replace(message, data=(raw_depth(message) / 2).ravel().view(np.uint8)))
             for log_ns, message in by_topic(tmp_path / 'out')['/cam/depth/image']]
    other = [('/other/depth', log_ns, replace(m, header=replace(m.header, frame_id='elsewhere')))
             for log_ns, m in truth]
    bag = write(tmp_path / 'true', [*drive(3), *other, *(
        ('/cam/aligned_depth/image', log_ns, message) for log_ns, message in truth)])
    assert main(command(model, bag, tmp_path / 'two')) == 0
    said = capsys.readouterr().out
    assert '3 images against /cam/aligned_depth/image' in said and 'scale 2.000' in said
    found, = json.loads((tmp_path / 'two' / 'accuracy.json').read_text())
    assert found['scale'] == pytest.approx(2, rel=1e-6)
    assert found['abs_rel'] == pytest.approx(1, rel=1e-6) and found['delta1'] == 0
    assert (tmp_path / 'two' / 'accuracy.png').read_bytes().startswith(b'\x89PNG')
    assert not (tmp_path / 'out' / 'accuracy.json').exists()
    # Without matplotlib there is all but the picture.
    monkeypatch.delitem(sys.modules, 'mono_depth_ros.demo.panel')
    for name in [name for name in sys.modules if name.split('.')[0] == 'matplotlib']:
        monkeypatch.setitem(sys.modules, name, None)
    assert main(command(model, bag, tmp_path / 'three')) == 0
    said = capsys.readouterr()
    assert 'scale 2.000' in said.out and 'requirements/recordings.txt' in said.err
    assert said.err.count('\n') == 1 and (tmp_path / 'three' / 'accuracy.json').exists()
    assert not (tmp_path / 'three' / 'accuracy.png').exists()


@pytest.mark.thorough
def test_infrared_of_16_bits_that_is_asked_for_has_depth_and_is_no_true_depth(
        tmp_path, model, capsys):
    """What looks like depth could not be named. Of one that is depth every image is refused."""
    grey = (picture(40, 30)[..., 0].astype('<u2') << 4, '16UC1')
    bag = write(tmp_path / 'bag', [(topic, START_NS + number * 10**8, image(
        START_NS + number * 10**8, *pixels)) for number in range(2) for topic, pixels in (
            ('/ir/image_raw', grey), ('/far/image', (np.ones((30, 40), np.float32), '32FC1')))])
    asked = ('--images', '/ir/image_raw', '/far/image')
    assert main(command(model, bag, tmp_path / 'out', *asked)) == 0
    assert '2 of 4 images have depth' in capsys.readouterr().out
    made = by_topic(tmp_path / 'out')
    assert len(made['/ir/depth/image']) == 2 and '/far/depth/image' not in made
    assert not (tmp_path / 'out' / 'accuracy.json').exists()


@pytest.mark.thorough
def test_doubt_of_the_model_is_told_once_and_not_for_every_percent(
        tmp_path, model, monkeypatch, capsys):
    means = iter((0.31, 0.22, 0.13))
    monkeypatch.setattr(DepthEstimate, 'mean_confidence', property(lambda self: next(means)))
    bag = write(tmp_path / 'bag', [*drive(3)])
    assert main(command(model, bag, tmp_path / 'out')) == 0
    assert capsys.readouterr().err.count('of this depth to be within 25 %') == 1


@pytest.mark.thorough
def test_an_image_without_depth_is_counted_and_the_next_one_served(tmp_path, model, capsys):
    bad = (START_NS + 10**8, TYPES['CompressedImage'](
        header=image(START_NS, picture(4, 3), 'rgb8').header, format='jpeg',
        data=np.zeros(9, np.uint8)))
    bag = write(tmp_path / 'bag', [*drive(1, '/c/image_raw/compressed', kind='png'),
                                   ('/c/image_raw/compressed', *bad),
                                   *list(drive(3, '/c/image_raw/compressed', kind='png'))[4:]])
    assert main(command(model, bag, tmp_path / 'out')) == 0
    said = capsys.readouterr().out
    assert '2 of 3 images have depth' in said and 'refused, 1 image:' in said
    assert len(by_topic(tmp_path / 'out')['/c/depth/image']) == 2
    only_bad = write(tmp_path / 'bad', [('/c/image_raw/compressed', *bad)])
    # Nothing is left behind where nothing has depth.
    with pytest.raises(ValueError, match='neither JPEG nor PNG'):
        run.depth_bag(parse(command(model, only_bad, tmp_path / 'none')))
    assert not list(tmp_path.glob('none*'))


def test_cameras_are_named_by_their_namespace_unless_that_is_taken(tmp_path):
    bag = write(tmp_path / 'bag', [
        *drive(1, '/left/image_raw'), *drive(1, '/left/image_rect'),
        *drive(1, '/right/image_raw'), *drive(1, '/right/image_raw/compressed', kind='png'),
        ('/right/depth/image', START_NS, image(START_NS, np.ones((30, 40), np.float32), '32FC1')),
        ('/infra1/image_rect_raw', START_NS, image(START_NS, picture(40, 30), 'rgb8'))])
    reader = BagReader(bag)
    outputs = ('depth/image',)
    assert {c.image_topic: c.output('depth/image') for c in cameras_of(reader, (), outputs)} == {
        '/left/image_raw': '/left/depth/image',
        '/left/image_rect': '/left/image_rect/depth/image',
        '/right/image_raw': '/right/image_raw/depth/image'}
    infra, = cameras_of(reader, ('/infra1/image_rect_raw',), outputs)
    assert infra.info_topic == '/infra1/camera_info' and not infra.infos.messages
    # Infrared of 16 bits, which only its topic could tell from depth.
    thermal, = cameras_of(reader, ('/right/depth/image',), outputs)
    assert thermal.output('depth/image') == '/right/depth/depth/image'
    with pytest.raises(ValueError, match='no images on /nowhere; topics with images there: /in'):
        cameras_of(reader, ('/nowhere',), outputs)
    assert {topic.kind for topic in reader.topics()} >= {Kind.IMAGE, Kind.DEPTH}


def test_the_camera_info_in_force_is_the_last_before_the_image_else_the_first():
    infos = CameraInfos()
    for stamp_ns, content in ((10, b'a'), (20, b'a'), (30, b'b')):
        infos.add(stamp_ns, b'\0' * 12 + content)
    assert infos.stamps_ns == [10, 30]
    assert [infos.in_force(at)[12:] for at in (5, 29, 30, 99)] == [b'a', b'a', b'b', b'b']


def test_mistakes_get_one_sentence(tmp_path, model, capsys):
    bag = write(tmp_path / 'bag', [m for m in drive(1) if m[0] == '/cam/camera_info'])
    wrong = tmp_path / 'wrong.yaml'
    wrong.write_text('/**: {ros__parameters: {depth_scael: 2.0}}')
    cut = tmp_path / 'power cut'
    cut.mkdir()
    (cut / 'cut_0.mcap').touch()
    for given, sentence in (
            (command(model, bag, tmp_path / 'out'), 'no images on any topic'),
            (command(model, bag, bag), 'exists already'),
            (command(model, tmp_path / 'none', tmp_path / 'out'), 'none does not exist: give the'),
            (command(model, tmp_path, tmp_path / 'out'), 'it has no metadata.yaml'),
            (command(model, cut, tmp_path / 'out'),
             f'`ros2 bag reindex` makes one, or name the file {cut / "cut_0.mcap"}'),
            (command(model, bag, tmp_path / 'out', '--params', str(wrong)),
             'no parameter depth_scael; the nearest is depth_scale')):
        assert main(given) == 1
        said = capsys.readouterr().err
        assert sentence in said and said.count('\n') == 1
    with pytest.raises(SystemExit):
        main(command(model, bag, tmp_path / 'out', '--params', str(tmp_path / 'none.yaml')))
    assert not (tmp_path / 'out').exists()


@pytest.mark.thorough
def test_scans_come_with_the_height_of_the_camera_and_without_it_a_sentence(
        tmp_path, model, capsys):
    bag, mine = write(tmp_path / 'bag', drive(2)), tmp_path / 'mine.yaml'
    mine.write_text('/**: {ros__parameters: {camera_height: 0.5, scan: {min_height: 0.1}}}')
    assert main(command(model, bag, tmp_path / 'out', '--scan', '--params', str(mine))) == 0
    made = by_topic(tmp_path / 'out')
    assert stamps(made['/cam/scan']) == stamps(made['/cam/image_raw'])
    scan = made['/cam/scan'][0][1]
    assert scan.header.frame_id == 'base_link' and len(scan.ranges) > 10
    capsys.readouterr()
    assert main(command(model, bag, tmp_path / 'none', '--scan')) == 0
    assert '/cam/scan' not in by_topic(tmp_path / 'none')
    told = capsys.readouterr().err
    assert 'no scan: TF is not read here: set camera_height' in told and 'publish TF' not in told


@pytest.mark.thorough
def test_a_recorded_scan_stays_and_ours_takes_the_name_of_the_image(tmp_path, model):
    recorded = STORE.types['sensor_msgs/msg/LaserScan'](
        header(START_NS), -1.0, 1.0, 0.5, 0.0, 0.1, 0.05, 9.0,
        np.array([1.0, np.inf, np.nan, 2.0, 3.0], np.float32), np.zeros(0, np.float32))
    mine = tmp_path / 'mine.yaml'
    mine.write_text('/**: {ros__parameters: {camera_height: 0.5}}')
    bag = write(tmp_path / 'bag', [*drive(2), ('/cam/scan', START_NS, recorded)])
    assert main(command(model, bag, tmp_path / 'out', '--scan', '--params', str(mine))) == 0
    made = by_topic(tmp_path / 'out')
    (log_ns, kept), = made['/cam/scan']
    assert log_ns == START_NS and kept.angle_increment == 0.5
    np.testing.assert_array_equal(kept.ranges, recorded.ranges)
    assert stamps(made['/cam/image_raw/scan']) == stamps(made['/cam/image_raw'])
    assert '/cam/depth/image' not in made and len(made['/cam/image_raw/depth/image']) == 2


@pytest.mark.parametrize('given, carries', [
    ({}, False), ({'scale_source': 'none'}, False),
    ({'scale_source': 'height'}, True), ({'smoothing': 0.5}, True)])
def test_depth_that_depends_on_the_images_before_begins_with_the_first(given, carries):
    assert run.carries_state(run.settings_of(given)) is carries
    for other in ({'scale_source': 'reference'}, {'tilt_source': 'imu'}):
        with pytest.raises(ValueError, match='depth_bag does not play'):
            run.carries_state(run.settings_of(other))


def test_parameters_that_are_no_business_of_depth_bag():
    """Those of a node's QoS are passed over, as the node does; the node has those of a camera."""
    assert run.settings_of({'qos_overrides./clock.subscription.depth': 1, 'use_sim_time': True,
                            'depth_scale': 2.0}).depth_scale == 2
    for name in ('front.depth_scale', 'front.points.stride'):
        with pytest.raises(ValueError, match=f'^{name} is for the camera front alone, but'):
            run.settings_of({'cameras': ['front', 'left'], name: 2})
    with pytest.raises(ValueError, match='^depth_node has no parameter rear.depth_scale'):
        run.settings_of({'cameras': ['front', 'left'], 'rear.depth_scale': 2.0})


def test_the_bar_tells_rate_and_time_left():
    line = bar(30, 120, time.monotonic() - 10.0, width=8)
    assert line.startswith('[##......] 30/120, 3.0 a second, 30 s left')


@pytest.mark.thorough
def test_killed_for_real_there_is_no_recording_and_the_next_run_makes_it(tmp_path, model):
    bag = write(tmp_path / 'bag', drive(200))
    process = subprocess.Popen(
        [sys.executable, '-m', 'mono_depth_ros.tools.depth_bag',
         *command(model, bag, tmp_path / 'out')], cwd=Path(__file__).parents[2],
        env=os.environ | {'OMP_NUM_THREADS': '1'})
    unfinished = tmp_path / 'out.unfinished'
    deadline_s = time.monotonic() + 90
    while not list(unfinished.glob('part_*/metadata.yaml')):
        assert process.poll() is None and time.monotonic() < deadline_s
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / 'out').exists()
    done = journal.Journal(
        unfinished, journal.kept_request(unfinished), {}).done
    assert 0 < done < 200 and done % journal.PART_IMAGES == 0
    assert main(command(model, bag, tmp_path / 'out')) == 0
    assert len(by_topic(tmp_path / 'out')['/cam/depth/image']) == 200


@pytest.mark.thorough
def test_the_depth_is_what_the_node_publishes(tmp_path, model):
    """The node in a process of its own, the same image and camera_info: the same bytes."""
    rgb_HW3 = picture(64, 48)
    bag = write(tmp_path / 'bag', [
        ('/camera_info', START_NS, replace(
            info(START_NS), width=64, height=48, k=np.array(info_message(64, 48).k),
            p=np.array(info_message(64, 48).p), d=np.zeros(5))),
        ('/image_raw', START_NS, image(START_NS, rgb_HW3, 'rgb8'))])
    assert main(command(model, bag, tmp_path / 'out', '--points')) == 0
    made = by_topic(tmp_path / 'out')
    domain = free_domain()
    process = depth_node(domain, tmp_path / 'log', f'model_file:={model}', 'device:=cpu')
    peer = Peer(domain)
    try:
        peer.wait_active(process)
        depths, clouds = peer.listen('/depth/image', Image), peer.listen('/points', PointCloud2)
        infos = peer.publisher(type(info_message(64, 48)), '/camera_info')
        images = peer.publisher(Image, '/image_raw')
        peer.wait(lambda: infos.get_subscription_count() and images.get_subscription_count(),
                  'the node to listen')
        infos.publish(info_message(64, 48))

        def answered():
            images.publish(image_message(rgb_HW3))
            return peer.spin_until(lambda: depths and clouds, 1.0)
        peer.wait(answered, 'depth and points')
        assert depths[-1].data == array('B', made['/depth/image'][0][1].data.tobytes())
        assert clouds[-1].data == array('B', made['/points'][0][1].data.tobytes())
    finally:
        peer.close()
        assert process.end() == 0, process.output()


@pytest.mark.parametrize('output', ['depth/image', 'points'])
def test_ctrl_c_while_an_output_is_made_ends_the_run_and_costs_no_message(
        tmp_path, model, monkeypatch, output):
    """It was taken for an output that failed: the run went on without its message."""
    bag = write(tmp_path / 'bag', drive(3))
    pressed = []

    class Pressed(CLASSES[output]):
        def message(self, frame):
            pressed.append(frame)
            if len(pressed) == 2:
                raise KeyboardInterrupt
            return super().message(frame)
    with monkeypatch.context() as patch:
        patch.setattr('mono_depth_ros.node.outputs.outputs.OUTPUTS', tuple(
            Pressed if kind is CLASSES[output] else kind for kind in CLASSES.values()))
        assert main(command(model, bag, tmp_path / 'out', '--points')) == 130
    assert not (tmp_path / 'out').exists()
    assert main(command(model, bag, tmp_path / 'out', '--points')) == 0
    made = by_topic(tmp_path / 'out')
    assert len(made['/cam/depth/image']) == len(made['/cam/points']) == 3


def true_depth(frames, **changed):
    """Registered depth of 2 m beside the images of `drive`; the first has `changed` fields."""
    for number in range(frames):
        at = START_NS + number * PERIOD_NS
        message = image(at, np.full((30, 40), 2, np.float32), '32FC1')
        yield '/cam/aligned_depth/image', at + 10**6, (
            message if number else replace(message, **changed))


def test_a_damaged_true_depth_costs_no_accuracy_of_the_others(tmp_path, model, capsys):
    """The run ended with its sentence after all images were estimated, whenever it was begun."""
    bag = write(tmp_path / 'bag', [*drive(3), *true_depth(3, data=np.zeros(7, np.uint8))])
    assert main(command(model, bag, tmp_path / 'out')) == 0
    said = capsys.readouterr()
    assert '2 images against /cam/aligned_depth/image' in said.out
    assert ('left out of the accuracy, 1 image: /cam/aligned_depth/image: depth of 40x30'
            in said.err)


def test_a_camera_without_a_calibration_has_its_accuracy(tmp_path, model, capsys):
    """The cloud of the picture needs rays; a camera_info of zeros ended the run at its end."""
    zeros = [(topic, at, replace(message, k=np.zeros(9)) if topic.endswith('info') else message)
             for topic, at, message in drive(3)]
    bag = write(tmp_path / 'bag', [*zeros, *true_depth(3)])
    assert main(command(model, bag, tmp_path / 'out')) == 0
    assert '3 images against /cam/aligned_depth/image' in capsys.readouterr().out
    assert (tmp_path / 'out' / 'accuracy.png').read_bytes().startswith(b'\x89PNG')
