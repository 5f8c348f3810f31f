"""file_camera as a process of its own: folders, videos, calibrations, and bad ones."""

from contextlib import contextmanager, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
import json
from pathlib import Path
import signal
import sys
from threading import Thread
import time
from types import SimpleNamespace

import cv2
import numpy as np
from picture_helpers import left_half_red, turned_jpeg
import pytest
import rclpy
from rclpy.context import Context
from rclpy.parameter import Parameter
from ros_helpers import free_domain, Process
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image

from mono_depth_ros.camera import Camera
from mono_depth_ros.cameras import __main__ as executables
from mono_depth_ros.cameras import frame_sources
from mono_depth_ros.cameras.file_camera import FileCamera
from mono_depth_ros.cameras.frame_sources import EndOfFrames, open_source
from mono_depth_ros.image_files import natural_key
from mono_depth_ros.node.interface.messages import rgb_from_image

EXAMPLE = Path(__file__).parents[2] / 'config' / 'camera_info_example.yaml'
SHADES = {'1.png': 10, '2.png': 60, '10.png': 110, 'a.png': 160}


def start(domain, log, *given):
    command = [sys.executable, '-m', 'mono_depth_ros.cameras', 'file_camera', '--ros-args',
               *(word for argument in given for word in ('-p', argument))]
    return Process(command, domain, log)


@pytest.fixture
def folder(tmp_path):
    """Four pictures of 64x48, RGB (shade, 20, 200), and two broken ones between them."""
    folder = tmp_path / 'my pictures'
    folder.mkdir()
    for name, shade in SHADES.items():
        write(folder / name, 64, 48, shade)
    whole = cv2.imencode('.jpg', np.zeros((48, 64, 3), np.uint8))[1].tobytes()
    (folder / '3.jpg').write_bytes(whole[:40])
    (folder / '4.jpg').write_bytes(b'')
    (folder / 'notes.txt').write_text('not a picture')
    return folder


def write(file, width, height, shade=10):
    cv2.imwrite(str(file), np.full((height, width, 3), (200, 20, shade), np.uint8))


class Phone(BaseHTTPRequestHandler):
    """Serves MJPEG for as long as somebody reads, as apps for phones do."""

    frames = 10 ** 9

    def do_GET(self):
        self.send_response(200)
        self.send_header('Content-Type', 'multipart/x-mixed-replace; boundary=frame')
        self.end_headers()
        jpeg = cv2.imencode('.jpg', np.full((48, 64, 3), (200, 20, 110), np.uint8))[1].tobytes()
        with suppress(OSError):
            for _ in range(self.frames):
                self.wfile.write(b'--frame\r\nContent-Type: image/jpeg\r\nContent-Length: '
                                 + str(len(jpeg)).encode() + b'\r\n\r\n' + jpeg + b'\r\n')
                time.sleep(0.02)

    def log_message(self, *given):
        """Nothing."""


def test_a_phone_s_address_is_a_live_source():
    server = ThreadingHTTPServer(('127.0.0.1', 0), Phone)
    Thread(target=server.serve_forever, daemon=True).start()
    source = open_source(f'http://127.0.0.1:{server.server_port}/video', loop=False)
    assert source.live and source.rate_hz == 60
    for _ in range(3):
        np.testing.assert_allclose(source.next()[20, 20], (110, 20, 200), atol=4)
    source.close()
    server.shutdown()
    server.server_close()
    with pytest.raises(OSError, match='cannot open http://127.0.0.1:1/video: check the address'):
        open_source('http://127.0.0.1:1/video', loop=False)


def test_a_stream_that_breaks_off_is_opened_again_and_one_that_is_gone_given_up(monkeypatch):
    class Shaky(Phone):
        frames = 5

    monkeypatch.setattr(frame_sources, 'RETRY_S', 0.01)
    server = ThreadingHTTPServer(('127.0.0.1', 0), Shaky)
    Thread(target=server.serve_forever, daemon=True).start()
    address = f'http://127.0.0.1:{server.server_port}/video'
    source, told, frames = open_source(address, loop=False), [], 0
    while frames < 12:  # more than two connections have
        try:
            np.testing.assert_allclose(source.next()[20, 20], (110, 20, 200), atol=4)
            frames += 1
        except ValueError as error:
            told.append(str(error))
    assert told and set(told) == {f'{address} delivers no picture: it is opened again'}
    server.shutdown()
    server.server_close()
    monkeypatch.setattr(frame_sources, 'PATIENCE_S', 0.2)
    with pytest.raises(OSError, match='delivers no more pictures: check that it is connected'):
        while True:
            with suppress(ValueError):
                source.next()
    source.close()


def test_a_stream_read_seldom_gives_its_latest_picture():
    """What is not read waits in sockets and buffers: at 5 Hz pictures of 30 Hz were 4 s old."""
    sent = []

    class Counting(Phone):
        def do_GET(self):
            self.send_response(200)
            self.send_header('Content-Type', 'multipart/x-mixed-replace; boundary=frame')
            self.end_headers()
            with suppress(OSError):
                for number in range(240):
                    jpeg = cv2.imencode('.jpg', np.full((48, 64), number, np.uint8))[1].tobytes()
                    self.wfile.write(b'--frame\r\nContent-Type: image/jpeg\r\nContent-Length: '
                                     + str(len(jpeg)).encode() + b'\r\n\r\n' + jpeg + b'\r\n')
                    sent.append(number)
                    time.sleep(0.02)
    server = ThreadingHTTPServer(('127.0.0.1', 0), Counting)
    Thread(target=server.serve_forever, daemon=True).start()
    source = open_source(f'http://127.0.0.1:{server.server_port}/video', loop=False)
    late = []
    for _ in range(4):
        shown = int(source.next()[20, 20, 1])
        late.append(sent[-1] - shown)
        time.sleep(0.5)
    source.close()
    server.shutdown()
    server.server_close()
    # Of 25 pictures that come in between none is shown late; a busy machine may take a few.
    assert max(late[1:]) < 15


def test_a_video_on_a_server_is_shown_whole(tmp_path):
    video = cv2.VideoWriter(str(tmp_path / 'walk.avi'), cv2.VideoWriter_fourcc(*'MJPG'), 30,
                            (64, 48))
    for number in range(0, 240, 20):
        video.write(np.full((48, 64, 3), number, np.uint8))
    video.release()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *given):
            pass
    server = ThreadingHTTPServer(('127.0.0.1', 0), partial(Quiet, directory=tmp_path))
    Thread(target=server.serve_forever, daemon=True).start()
    source = open_source(f'http://127.0.0.1:{server.server_port}/walk.avi', loop=False)
    shown = []
    for _ in range(12):
        shown.append(int(source.next()[20, 20, 1]))
        time.sleep(0.05)
    source.close()
    server.shutdown()
    server.server_close()
    assert np.allclose(shown, range(0, 240, 20), atol=6)


@pytest.mark.parametrize('hangs_s', [0.0, 30.0])
def test_a_stream_that_hangs_before_it_breaks_off_is_opened_again(monkeypatch, hangs_s):
    """OpenCV waits 30 s for a stream that is silent, more than the patience with a broken one."""
    now_s, opened = [0.0], []

    class Silent:
        def __init__(self):
            self.frames = [True, False] if not opened else [True]
            opened.append(self)

        def __getattr__(self, name):  # isOpened, get, release
            return lambda *given: 30.0

        def read(self):
            found = self.frames.pop(0)
            now_s[0] += 0.0 if found else hangs_s
            return found, np.zeros((4, 4, 3), np.uint8)
    monkeypatch.setattr(frame_sources, 'time', SimpleNamespace(
        monotonic=lambda: now_s[0], sleep=lambda seconds: None))
    source = frame_sources.LiveVideo(Silent, 'phone', '')
    source.next()
    with pytest.raises(ValueError, match='it is opened again'):
        source.next()
    assert source.next().shape == (4, 4, 3) and len(opened) == 2


def listen(peer):
    return peer.listen('image_raw', Image), peer.listen('camera_info', CameraInfo)


def shade(image):
    rgb = rgb_from_image(image)[5, 5]
    assert tuple(rgb[1:]) == (20, 200)
    return int(rgb[0])


@pytest.mark.thorough
def test_a_folder_is_played_once_in_natural_order_and_broken_files_are_named(
        peer, folder, tmp_path):
    (folder / 'camera.json').write_text(json.dumps(
        {'width': 128, 'height': 96, 'fx': 100.0, 'fy': 110.0, 'cx': 63.5, 'cy': 40.0}))
    images, infos = listen(peer)
    camera = start(peer.domain, tmp_path / 'log', f'source:={folder}', 'loop:=false',
                   'rate_hz:=20', 'frame_id:=eye')
    peer.wait(lambda: len(images) >= 4 and len(infos) >= 4, 'four pictures', 40.0)
    assert camera.wait() == 0
    assert [shade(image) for image in images] == list(SHADES.values())
    assert '3.jpg: it is broken' in camera.output() and '4.jpg: it is' in camera.output()
    assert 'Traceback' not in camera.output()
    scaled = Camera(fx=50.0, fy=55.0, cx=31.5, cy=19.75, width=64, height=48)
    for image, info in zip(images, infos):
        assert image.header == info.header and image.header.frame_id == 'eye'
        assert (image.width, image.height, image.step) == (64, 48, 192)
        assert (info.width, info.height) == (64, 48)
        assert list(info.k) == [scaled.fx, 0, scaled.cx, 0, scaled.fy, scaled.cy, 0, 0, 1]
    stamps = [image.header.stamp.sec + image.header.stamp.nanosec / 1e9 for image in images]
    assert stamps[3] - stamps[0] > 0.15  # five periods of 0.05 s, the broken files among them


@pytest.mark.thorough
@pytest.mark.parametrize('orientation, calibrated, shape, red', [
    (3, (64, 48), (48, 64), (20, 5)), (3, None, (48, 64), (20, 60)),
    (6, (64, 48), (48, 64), (20, 5)), (6, (48, 64), (64, 48), (5, 20))])
def test_a_turned_picture_goes_out_as_its_calibration_is(
        peer, tmp_path, orientation, calibrated, shape, red):
    """As it lies in the file, if a calibration is for that; else as it is to be seen."""
    folder = tmp_path / 'phone'
    folder.mkdir()
    (folder / '1.jpg').write_bytes(turned_jpeg(left_half_red(), orientation))
    if calibrated:
        (folder / 'camera.json').write_text(json.dumps(
            {'width': calibrated[0], 'height': calibrated[1], 'fx': 50.0, 'fy': 50.0, 'cx': 30.0,
             'cy': 20.0}))
    images, _ = listen(peer)
    camera = start(peer.domain, tmp_path / 'log', f'source:={folder}')
    peer.wait(lambda: images, 'a picture', 40.0)
    assert camera.end(signal.SIGTERM) == 0
    assert 'does not have the shape' not in camera.output()
    red_HW = rgb_from_image(images[0])[..., 0] > 150
    assert red_HW.shape == shape and red_HW[red] and not red_HW[::-1, ::-1][red]


@pytest.mark.thorough
def test_a_calibration_is_scaled_and_keeps_the_focal_length_for_another_shape(peer, tmp_path):
    folder = tmp_path / 'mixed'
    folder.mkdir()
    write(folder / '1.png', 1280, 960)
    write(folder / '2.png', 300, 300)
    images, infos = listen(peer)
    camera = start(peer.domain, tmp_path / 'log', f'source:={folder}', 'rate_hz:=10.0',
                   f'camera_info_file:={EXAMPLE}', 'width:=320')
    peer.wait(lambda: {i.height for i in infos} == {240, 512} and len(images) > 3, 'both', 40.0)
    assert camera.end(signal.SIGTERM) == 0
    assert 'a picture of 300x300 does not have the shape' in camera.output()
    good = next(info for info in infos if info.height == 240)
    assert good.distortion_model == 'plumb_bob'
    assert list(good.d) == [0.02, -0.05, 0.0005, -0.0003, 0.0]
    np.testing.assert_allclose(good.k, [
        518.857901 / 2, 0, (325.582449 + 0.5) / 2 - 0.5, 0, 519.469611 / 2,
        (253.736166 + 0.5) / 2 - 0.5, 0, 0, 1], rtol=1e-12)
    np.testing.assert_allclose(
        good.p, [259, 0, 162.25, 0, 0, 259.5, 126.5, 0, 0, 0, 1, 0], rtol=1e-12)
    square = next(info for info in infos if info.height == 512)  # 480 * 320 / 300
    assert square.width == 683 and square.k[0] == pytest.approx(518.857901 * 683 / 640)


@pytest.mark.thorough
def test_a_video_loops_and_without_calibration_k_is_zero(peer, tmp_path):
    video = tmp_path / 'walk.avi'
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter.fourcc(*'MJPG'), 25.0, (64, 48))
    assert writer.isOpened()
    for level in (20, 120, 220):
        writer.write(np.full((48, 64, 3), level, np.uint8))
    writer.release()
    images, infos = listen(peer)
    camera = start(peer.domain, tmp_path / 'log', f'source:={video}')
    peer.wait(lambda: len(images) >= 7 and len(infos) >= 7, 'more frames than it has', 40.0)
    assert camera.end() == 0 and 'at 25 Hz' in camera.output()
    levels = [int(rgb_from_image(image).mean()) for image in images[:7]]
    np.testing.assert_allclose(levels[:6], levels[:3] * 2, atol=1)
    np.testing.assert_allclose(sorted(levels[:3]), [20, 120, 220], atol=6)
    assert not any(infos[0].k) and (infos[0].width, infos[0].height) == (64, 48)


@pytest.mark.thorough
def test_stamps_and_pace_follow_the_clock_of_a_simulation(peer, folder, tmp_path):
    images, _ = listen(peer)
    clock = peer.publisher(Clock, '/clock')
    camera = start(peer.domain, tmp_path / 'log', f'source:={folder}', 'use_sim_time:=true',
                   'rate_hz:=5.0')
    now = Clock()
    now.clock.sec = 1000

    def later():
        now.clock.nanosec += 10_000_000 if now.clock.nanosec < 990_000_000 else -990_000_000
        now.clock.sec += now.clock.nanosec == 0
        clock.publish(now)
        return len(images) >= 3
    peer.wait(later, 'three pictures in simulated time', 60.0)
    assert camera.end() == 0
    stamps = [image.header.stamp.sec + image.header.stamp.nanosec / 1e9 for image in images[:3]]
    assert 999 < stamps[0] < 1100 and stamps[2] - stamps[0] > 0.3  # two periods of 0.2 s


def wrong_starts(folder, tmp_path):
    """Parameters and what the one sentence must say."""
    empty = tmp_path / 'empty'
    empty.mkdir()
    broken = tmp_path / 'broken.yaml'
    broken.write_text('image_width: 64\nimage_height: [')
    no_k = tmp_path / 'no_k.yaml'
    no_k.write_text('image_width: 64\nimage_height: 48\n')
    return [
        ([], 'parameter source is empty'),
        (['source:=/nowhere/at all'], 'does not exist'),
        ([f'source:={empty}'], 'holds no picture'),
        ([f'source:={folder / "notes.txt"}'], 'cannot open'),
        (['source:=97'], 'cannot open webcam 97'),
        ([f'source:={folder}', f'camera_info_file:={broken}'], 'is no camera calibration'),
        ([f'source:={folder}', f'camera_info_file:={no_k}'], 'camera_matrix is missing'),
        ([f'source:={folder}', 'camera_info_file:=/nowhere.yaml'], 'cannot read'),
        ([f'source:={folder}', 'rate_hz:=-1.0'], 'rate_hz')]


@pytest.mark.thorough
def test_wrong_starts_end_with_one_sentence(folder, tmp_path):
    cases = wrong_starts(folder, tmp_path)
    domain = free_domain()
    for batch in (cases[:5], cases[5:]):  # together, as each takes a second to import
        started = [start(domain, tmp_path / f'log{i}', *given)
                   for i, (given, _) in enumerate(batch)]
        for camera, (given, words) in zip(started, batch):
            assert camera.wait(60) == 1, given
            # OpenCV itself prints a line or two about a webcam that is not there.
            lines = [line for line in camera.output().splitlines() if 'VIDEOIO' not in line]
            assert len(lines) == 1 and words in lines[0], camera.output()


@pytest.mark.thorough
def test_a_folder_of_broken_pictures_only_ends_with_one_sentence(peer, tmp_path):
    folder = tmp_path / 'broken'
    folder.mkdir()
    for name in ('1.jpg', '2.png'):
        (folder / name).write_bytes(b'\xff\xd8 no picture')
    listen(peer)
    camera = start(peer.domain, tmp_path / 'log', f'source:={folder}', 'rate_hz:=50')
    peer.wait(lambda: camera.popen.poll() is not None, 'its end', 40.0)
    assert camera.wait() == 1 and 'none of the 2 pictures' in camera.output()
    assert camera.output().count('FATAL') == 1 and 'Traceback' not in camera.output()


@contextmanager
def camera_here(**parameters):
    """A file_camera in this process."""
    context = Context()
    rclpy.init(context=context, domain_id=free_domain())
    try:
        node = FileCamera(context=context, parameter_overrides=[
            Parameter(name, value=value) for name, value in parameters.items()])
        try:
            yield node
        finally:
            node.stop()
            node.destroy_node()
    finally:
        rclpy.try_shutdown(context=context)


@pytest.mark.parametrize('above', [None, 'camera.json'])
def test_a_file_that_was_only_found_and_is_no_calibration_is_passed_over(folder, above, capfd):
    """The parameters of a driver, say, ended the camera."""
    (folder / 'camera.yaml').write_text('/**:\n  ros__parameters:\n    image_width: 64\n')
    (folder / 'calibration.yaml').write_bytes(b'\xff')
    if above:
        (folder.parent / above).write_text(json.dumps(
            {'width': 64, 'height': 48, 'fx': 50.0, 'fy': 50.0, 'cx': 31.5, 'cy': 23.5}))
    with camera_here(source=str(folder)) as node:
        assert node.start()
        assert (node._calibration and node._calibration.camera.fx) == (50.0 if above else None)
    told = capfd.readouterr().err
    for name in ('camera.yaml', 'calibration.yaml'):
        assert f'{(folder / name).resolve()} is no camera calibration: ' in told
    assert ('no calibration found' in told) == (above is None)


def test_a_rate_whose_period_no_timer_has_is_refused_and_the_present_one_stays(folder):
    """1e-12 Hz ended the process."""
    with camera_here(source=str(folder), rate_hz=5.0) as node:
        assert node.start()
        for rate_hz, period_s in ((1e-12, 0.2), (1e-3, 1000.0), (0.0009, 1000.0), (0.0, 0.1)):
            result, = node.set_parameters([Parameter('rate_hz', value=rate_hz)])
            assert result.successful or 'rate_hz must be 0, or 0.001 to 120' in result.reason
            timer, = node.timers
            assert timer.timer_period_ns == round(period_s * 1e9)
    with pytest.raises(ValueError, match='must be 0, or 0.001 to 120, got 1e-12'):
        with camera_here(source=str(folder), rate_hz=1e-12):
            pass


def test_natural_order():
    names = ['img10.png', 'img2.png', 'IMG1.png', 'b.png', '7.png', 'img2b.png']
    assert [p.name for p in sorted(map(Path, names), key=natural_key)] == [
        '7.png', 'b.png', 'IMG1.png', 'img2.png', 'img2b.png', 'img10.png']


def test_one_picture_is_a_source_and_ends(folder):
    source = open_source(str(folder / '2.png'), loop=False)
    np.testing.assert_array_equal(source.next()[0, 0], (60, 20, 200))
    with pytest.raises(EndOfFrames):
        source.next()


@pytest.mark.parametrize('words, code', [(['--help'], 0), (['-h'], 0), ([], 2), (['webcam'], 2)])
def test_the_cameras_that_there_are_are_told(words, code, monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['cameras', *words])
    assert executables.by_name() == code
    assert 'mono_depth_ros.cameras file_camera|sim_camera [--ros-args' in ''.join(
        capsys.readouterr())
