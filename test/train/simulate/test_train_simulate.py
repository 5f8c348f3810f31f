"""`scripts/train simulate`: frames follow from the seed, runs resume, cameras are kept."""

import errno
import json
import math
import os
from pathlib import Path
import shutil
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest
from train_helpers import held, write_folder

from mono_depth_ros.camera import Camera
from mono_depth_ros.simulation.scene.world import Air, World
from train.__main__ import main
from train.data.data_sets import open_data
from train.simulate.draw import depth_steps
from train.simulate.room_views import RoomViews
from train.simulate.sensor import exposed, hazed, random_sensor, Sensor
from train.simulate.set_folder import SetFolder
from train.simulate.simulated_set import FOV_DEG, key_of, SimulatedSet, split_of
from train.simulate.views import is_plain

FRAMES = 18


def arguments(world, out, frames, *more):
    return ['simulate', world, '--out', str(out), '--frames', str(frames), '--seed', '4',
            '--width', '80', '--height', '60', *more]


@pytest.fixture(scope='module')
def room(tmp_path_factory):
    """Two rooms, drawn by one process."""
    out = tmp_path_factory.mktemp('sim') / 'room'
    assert main([*arguments('room', out, FRAMES), '--processes', '1']) == 0
    return out


@pytest.fixture(scope='module')
def one_frame(tmp_path_factory):
    """The first frame of the first of these rooms."""
    out = tmp_path_factory.mktemp('sim') / 'one'
    assert main([*arguments('room', out, 1), '--processes', '1']) == 0
    return out


def pictures(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes()
            for part in ('rgb', 'depth') for path in (folder / part).iterdir()}


def lines(folder):
    return [json.loads(line) for line in (folder / 'cameras.jsonl').read_text().splitlines()]


@pytest.mark.thorough
def test_a_frame_follows_from_seed_and_number_alone(room, tmp_path, capsys):
    """Neither from the number of processes nor from how many frames are asked for."""
    again = tmp_path / 'again'
    assert main([*arguments('room', again, FRAMES - 1), '--processes', '2']) == 0
    whole, part = pictures(room), pictures(again)
    assert len(whole) == 2 * FRAMES and len(part) == 2 * FRAMES - 2
    assert all(whole[name] == data for name, data in part.items())
    assert lines(again) == lines(room)[:-1]
    said = capsys.readouterr().out
    assert '17 frames (16 train, 1 val)' in said
    assert f'scripts/train fit mobile --data room={again}' in said


@pytest.mark.thorough
def test_a_stopped_run_goes_on_and_ends_the_same(room, tmp_path, capsys):
    folder = tmp_path / 'stopped'
    shutil.copytree(room, folder)
    # The last frame half written, its line cut short; another's depth lost.
    (folder / 'rgb' / '000017.jpg').write_bytes(b'half')
    (folder / 'depth' / '000016.png').unlink()
    text = (folder / 'cameras.jsonl').read_text()
    (folder / 'cameras.jsonl').write_text(text[:-20])
    assert main([*arguments('room', folder, FRAMES), '--processes', '1']) == 0
    assert '2 drawn now' in capsys.readouterr().out
    assert pictures(folder) == pictures(room)
    assert (folder / 'cameras.jsonl').read_text() == text
    assert main(arguments('room', folder, FRAMES)) == 0
    assert '0 drawn now' in capsys.readouterr().out


@pytest.mark.thorough
def test_every_frame_has_its_own_camera(room):
    source = open_data(f'room={room}', 'train')
    samples = [source[index] for index in range(len(source))]
    written = {line['key']: line for line in lines(room)}
    for sample in samples:
        line = written[sample.name.removeprefix('room/')]
        assert sample.camera == Camera(**{name: line[name] for name in (
            'fx', 'fy', 'cx', 'cy', 'width', 'height')})
        assert sample.rgb.shape == (sample.camera.height, sample.camera.width, 3)
        fov_deg = 2 * math.degrees(math.atan(sample.camera.width / 2 / sample.camera.fx))
        assert FOV_DEG[0] - 0.1 <= fov_deg <= FOV_DEG[1] + 0.1
    assert len({sample.camera for sample in samples}) == len(samples)


@pytest.mark.thorough
def test_rooms_reach_from_arm_s_length_to_the_far_wall(room):
    kinds = [line['view'] for line in lines(room)]
    source = open_data(f'room={room}', 'train')
    depths = {key: source[index].depth for index, key in enumerate(source.keys)}
    inside = np.concatenate([depth[np.isfinite(depth)] for depth in depths.values()])
    assert 0.05 <= inside.min() < 0.8 and np.quantile(inside, 0.98) > 1.5
    assert 'near' in kinds and 'hand' in kinds
    for line in lines(room):
        if line['view'] == 'near' and line['key'] in depths:
            depth_HW = depths[line['key']]
            assert 0.2 < depth_HW[depth_HW.shape[0] // 2, depth_HW.shape[1] // 2] < 1.7


def test_a_camera_stands_before_what_stands_on_tables():
    """A room of a floor, a wide table, a small stool and a ceiling: only the table has a top."""
    def level(x, y, z, wide):
        corners = np.array([(x, y), (x + wide, y), (x + wide, y + wide), (x, y + wide)])
        corners = np.column_stack([corners, np.full(4, z)])
        return [corners[[0, 1, 2]], corners[[0, 2, 3]]]
    table, stool = level(0, 0, 0.7, 1.0), level(-2, -2, 0.5, 0.2)
    ceiling = [part[::-1] for part in level(-3, -3, 2.5, 6)]
    triangles = np.array([*level(-3, -3, 0.0, 6), *table, *stool, *ceiling])
    room = World(name='room', model=None, path=None, near_m=0.05, far_m=100.0,
                 triangles=triangles, bounds=np.array([(-3, -3, 0), (3, 3, 2.5)]))
    views, rng = RoomViews(room), np.random.default_rng(0)
    seen = [view.pose for view in (views.view(rng) for _ in range(300)) if view.kind == 'table']
    assert 0.2 < len(seen) / 300 < 0.4
    positions = np.array([pose.position for pose in seen])
    away_m = np.linalg.norm(positions - np.clip(positions, (0, 0, 0.7), (1, 1, 0.7)), axis=1)
    assert (positions[:, 2] > 0.7).all() and away_m.max() < 1.6 and away_m.min() < 0.4


@pytest.mark.thorough
def test_a_street_has_sky_that_is_infinite_and_depth_beyond_65_metres(tmp_path):
    assert main([*arguments('street', tmp_path / 'street', 3), '--processes', '1']) == 0
    samples = [open_data(f'street={tmp_path / "street"}', split)[0] for split in ('train', 'val')]
    depth = np.concatenate([sample.depth.ravel() for sample in samples])
    assert not np.isnan(depth).any()
    assert np.isfinite(depth).mean() > 0.3 and 0.2 < depth.min() < 20
    assert {line['depth_unit_m'] for line in lines(tmp_path / 'street')} == {0.002}


def test_sky_and_unknown_are_two_things_on_disk(tmp_path):
    depth_HW = np.full((48, 64), 1.2346, np.float32)
    depth_HW[0, :4] = np.nan, np.inf, 200.0, 0.0
    np.testing.assert_array_equal(depth_steps(depth_HW, 0.002)[0, :5], [0, 65535, 65535, 1, 617])
    folder = write_folder(tmp_path / 'set')
    cv2.imwrite(str(folder / 'depth' / '0000.png'), depth_steps(depth_HW, 0.001))
    read = open_data(f'x={folder}', 'train')[0].depth
    np.testing.assert_array_equal(np.isnan(read), np.isnan(depth_HW))
    assert np.isposinf(read[0, 1:3]).all()
    np.testing.assert_allclose(read[1:], 1.235, atol=1e-6)


def test_cameras_jsonl_goes_before_camera_json(tmp_path):
    folder = write_folder(tmp_path / 'set')
    shared = json.loads((folder / 'camera.json').read_text())
    own = {'key': '0001', **shared, 'fx': 99.0, 'depth_unit_m': 0.002}
    (folder / 'cameras.jsonl').write_text(json.dumps(own) + '\n')
    first, second = (open_data(f'x={folder}', 'train')[index] for index in (0, 1))
    assert (first.camera.fx, second.camera.fx) == (shared['fx'], 99.0)
    raw_HW = cv2.imread(str(folder / 'depth' / '0001.png'), cv2.IMREAD_UNCHANGED)
    np.testing.assert_allclose(second.depth[:, 1:], raw_HW[:, 1:] * 0.002, rtol=1e-6)


@pytest.mark.parametrize('text, message', [
    ('{"key": "0000"}\n', "cameras.jsonl, line 1 is no camera with its key: KeyError.'width'"),
    ('half', 'cameras.jsonl, line 1 is no camera with its key'),
    ('{"key": "7", "width": 64, "height": 48, "fx": 1, "fy": 1, "cx": 1, "cy": 1}\n',
     "no line for 6 of 6 keys, the first '0000'"),
    ('{"key": "0000", "width": 64, "height": 48, "fx": 1, "fy": 1, "cx": 1, "cy": 1, '
     '"depth_unit_m": 0}\n', 'depth_unit_m must be above 0, got 0')])
def test_broken_cameras_are_named(tmp_path, text, message):
    folder = write_folder(tmp_path / 'set')
    (folder / 'camera.json').unlink()
    (folder / 'cameras.jsonl').write_text(text)
    with pytest.raises(ValueError, match=message):
        open_data(f'x={folder}', 'train')


@pytest.mark.parametrize('more, message', [
    (['--seed', '5'], 'holds another simulated set .world room, seed 4, width 80'),
    (['--width', '100'], 'holds another simulated set'),
    (['--frames', '0'], '--frames must be at least 1, got 0'),
    (['--processes', '0'], '--processes must be at least 1, got 0'),
    (['--seed', '-1'], '--seed must be 0 or more, got -1'),
    (['--height', '8'], '--width and --height must be 32 to 2048 pixels, got 80x8')])
def test_what_cannot_be_drawn_is_said_in_a_sentence(one_frame, capsys, more, message):
    assert main([*arguments('room', one_frame, 1), *more]) == 1
    said = capsys.readouterr().err
    assert said.startswith('error: ') and said.count('\n') == 1
    assert message.replace('.world', '(world') in said


@pytest.mark.parametrize('place', ['/proc/x', 'file'])
def test_a_folder_that_cannot_be_made_is_named(tmp_path, capsys, place):
    (tmp_path / 'file').write_text('')
    folder = tmp_path / place / 'room'
    assert main(arguments('room', folder, 1)) == 1
    assert capsys.readouterr().err.startswith(f'error: cannot write {folder}: N')


def test_a_folder_of_something_else_is_left_alone(tmp_path, capsys):
    (tmp_path / 'letter.txt').write_text('dear')
    assert main(arguments('room', tmp_path, 1)) == 1
    assert 'is not empty and no simulated set: give another --out' in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ['letter.txt']
    assert [path.name for path in tmp_path.iterdir()] == ['letter.txt']


def test_two_processes_do_not_draw_into_one_folder(tmp_path, capsys):
    """Each wrote the lists of its own frames over those of the other."""
    out = tmp_path / 'room'
    with held(out, 'simulation'):
        assert main(arguments('room', out, 1)) == 1
        assert f'a simulation still goes on in {out}' in capsys.readouterr().err
        assert [path.name for path in out.iterdir()] == ['simulation.lock']
    begun = SetFolder(out, SimulatedSet(world='room', seed=1, width=64, height=48))
    assert begun.missing(1) == [0]


def test_without_opengl_or_space_it_says_so(tmp_path, capsys, monkeypatch):
    def no_gl():
        raise OSError('MuJoCo found no OpenGL that works without a screen')
    monkeypatch.setattr('train.commands.simulate.check', no_gl)
    assert main(arguments('room', tmp_path / 'a', 1)) == 1
    assert 'error: MuJoCo found no OpenGL' in capsys.readouterr().err
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr('train.simulate.set_folder.shutil.disk_usage', lambda _: usage)
    assert main(arguments('room', tmp_path / 'b', 1000)) == 1
    assert '1000 frames need about 0.0072 GB' in capsys.readouterr().err


def test_a_full_disk_and_a_stop_leave_what_can_be_resumed(tmp_path, capsys, monkeypatch):
    written = Path.write_bytes

    def full(path, data):
        if path.name.startswith('000000.jpg'):
            raise OSError(errno.ENOSPC, 'No space left on device')
        return written(path, data)
    with monkeypatch.context() as patch:
        patch.setattr(Path, 'write_bytes', full)
        assert main([*arguments('room', tmp_path / 'a', 1), '--processes', '1']) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert '000000.jpg: No space left on device; run the same command again' in said

    def stop(job):
        raise KeyboardInterrupt
    with monkeypatch.context() as patch:
        patch.setattr('train.commands.simulate.draw_block', stop)
        assert main([*arguments('room', tmp_path / 'a', 1), '--processes', '1']) == 130
    assert main([*arguments('room', tmp_path / 'a', 1), '--processes', '1']) == 0
    assert (tmp_path / 'a' / 'train.txt').read_text() == '000000\n'


def test_val_is_whole_worlds():
    simulation = SimulatedSet(world='room', seed=0, width=80, height=60)
    splits = [split_of(simulation, frame, 400) for frame in range(400)]
    assert [splits[start:start + 16].count('val') for start in range(0, 400, 16)] == [
        0, 16, *[0] * 9, 16, *[0] * 9, 16, *[0] * 3]
    assert [split_of(simulation, frame, 12) for frame in range(12)] == ['train'] * 11 + ['val']


@pytest.mark.parametrize('drawn, train, val', [
    (range(32, 48), range(32, 48), ()), (range(16, 32), (), range(16, 32)),
    (range(12), range(11), [11]), (range(4, 12), range(4, 11), [11]),
    ([*range(8), *range(32, 40)], [*range(8), *range(32, 40)], ())])
def test_frames_of_an_unfinished_set_are_in_the_split_of_their_world(tmp_path, drawn, train, val):
    """Processes finish worlds in any order; only of the first alone a part is val."""
    folder = SetFolder(tmp_path / 'set', SimulatedSet(world='room', seed=1, width=64, height=48))
    folder.record([json.dumps({'key': key_of(frame)}) for frame in drawn])
    assert folder.finish() == {'train': len(train), 'val': len(val)}
    for split, frames in (('train', train), ('val', val)):
        assert (tmp_path / 'set' / f'{split}.txt').read_text().split() == list(map(key_of, frames))


@pytest.mark.thorough
@pytest.mark.skipif(not Path('/proc/self/task').is_dir(), reason='asks Linux for the processes')
@pytest.mark.parametrize('number, code', [(signal.SIGTERM, 130),
                                          (signal.SIGKILL, -signal.SIGKILL)])
def test_no_drawing_process_is_left_when_the_command_is_ended(tmp_path, number, code):
    command = subprocess.Popen(
        [sys.executable, '-m', 'train', *arguments('room', tmp_path / 'set', 9999),
         '--processes', '2'], cwd=Path(__file__).parents[3], stderr=subprocess.DEVNULL)
    children = Path(f'/proc/{command.pid}/task/{command.pid}/children')
    drawn = tmp_path / 'set' / 'rgb'
    until(lambda: drawn.is_dir() and any(drawn.iterdir()))
    processes = [Path('/proc', child) for child in children.read_text().split()]
    assert len(processes) >= 2
    command.send_signal(number)
    try:
        assert command.wait(timeout=60) == code
        until(lambda: not any(map(runs, processes)))
    finally:
        for process in filter(runs, processes):
            os.kill(int(process.name), signal.SIGKILL)


def until(done, most_s=60.0):
    end_s = time.monotonic() + most_s
    while not done():
        assert time.monotonic() < end_s
        time.sleep(0.1)


def runs(process):
    """Whether a folder of /proc is of a process that has not ended."""
    try:
        return (process / 'stat').read_text().rpartition(')')[2].split()[0] != 'Z'
    except OSError:
        return False


def test_a_plane_is_plain_and_a_step_is_not():
    y, x = np.mgrid[0:36, 0:48]
    slanted = 1 / (0.5 + 0.004 * x + 0.01 * y)
    assert is_plain(slanted)
    slanted[:18] *= 0.8
    assert not is_plain(slanted)


def test_haze_takes_the_near_as_it_is_and_the_sky_as_haze():
    rgb_HW3 = np.full((1, 3, 3), 100, np.uint8)
    seen = hazed(rgb_HW3, np.array([[0.0, math.log(2) / 0.01, np.inf]], np.float32),
                 Air(per_m=0.01, colour=(200, 210, 220)))
    np.testing.assert_allclose(seen[0], [[100] * 3, [150, 155, 160], [200, 210, 220]], atol=1)


def test_a_sensor_exposes_blurs_and_repeats_itself():
    camera = Camera(fx=50, fy=50, cx=39.5, cy=29.5, width=80, height=60)
    dim_HW3 = np.full((60, 80, 3), 50, np.uint8)
    plain = Sensor(level=110, white=(1, 1, 1), contrast=1.0, vignette=0.0, blur_px=0.0,
                   blur_angle=0.0, defocus_px=0.0, noise=0.0, jpeg=90)
    seen = exposed(dim_HW3, plain, camera, np.random.default_rng(0))
    np.testing.assert_allclose(seen, 110, atol=1)
    drawn = [exposed(dim_HW3, random_sensor(np.random.default_rng(1), 80), camera,
                     np.random.default_rng(2)) for _ in range(2)]
    np.testing.assert_array_equal(*drawn)
    dot_HW3 = np.zeros((60, 80, 3), np.uint8)
    dot_HW3[30, 40] = 255
    streak = Sensor(**{**vars(plain), 'level': 0.3, 'blur_px': 8.0})
    seen = exposed(dot_HW3, streak, camera, np.random.default_rng(0))
    rows, columns = np.nonzero(seen[..., 0])
    assert set(rows) == {30} and 7 <= np.ptp(columns) <= 9
