"""Simulated worlds: depth true to the millimetre, one world for one seed, clear paths."""

import importlib.util
import os
from pathlib import Path
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest

from mono_depth_ros.camera import Camera, points_from_depth
from mono_depth_ros.simulation.recorded_walk import (
    forth_and_back,
    RecordedWalk,
    SHIPPED,
    write_recorded_walk,
)
from mono_depth_ros.simulation.rendering.renderer import camera_with_fov, Renderer
from mono_depth_ros.simulation.scene import mesh
from mono_depth_ros.simulation.scene.camera_path import CameraPath
from mono_depth_ros.simulation.scene.opengl import load_mujoco
from mono_depth_ros.simulation.scene.scene import Scene
from mono_depth_ros.simulation.scene.world import looking, World
from mono_depth_ros.simulation.worlds import build_world, WORLDS

ROOT = Path(__file__).parents[2]
SMALL = camera_with_fov(160, 120, 63.0)
# Neither square pixels nor a centred axis, so that a mix-up of any two numbers shows.
ODD = Camera(fx=150.0, fy=190.0, cx=61.3, cy=80.9, width=160, height=120)
STANDING = CameraPath(positions=np.zeros((1, 3)), yaws=np.zeros(1), pitches=np.zeros(1),
                      period_s=1.0)


def world_of(*solids, near_m=0.05, far_m=100.0):
    """World of meshes in one plain colour, the camera to be placed by the test."""
    scene, spec = Scene(), load_mujoco().MjSpec()
    for solid in solids:
        scene.add(solid, scene.coloured((200, 150, 100)))
    scene.add_to(spec)
    spec.stat.extent, spec.visual.headlight.ambient = 1.0, (1.0, 1.0, 1.0)
    spec.visual.quality.offsamples = 0
    return World(name='test', model=spec.compile(), path=STANDING, near_m=near_m, far_m=far_m)


def seen(world, pose, camera=ODD):
    with Renderer(world, camera) as renderer:
        return renderer.render(pose)


@pytest.mark.parametrize('far_m', [1.0, 4.0, 10.0])
def test_a_wall_square_to_the_axis_has_its_distance_in_every_pixel(far_m):
    wall = mesh.quad((far_m, 50, 50), (0, -100, 0), (0, 0, -100))
    _, depth_HW = seen(world_of(wall), looking((0, 0, 0), 0.0, 0.0))
    assert depth_HW.dtype == np.float32 and depth_HW.shape == (120, 160)
    # A range would be larger by up to 35 % in the corners.
    np.testing.assert_allclose(depth_HW, far_m, atol=1e-3 if far_m < 5 else 2e-3)


def test_slanted_planes_are_met_where_the_rays_of_the_camera_meet_them():
    floor = mesh.quad((-100, 100, 0), (200, 0, 0), (0, -200, 0))
    pose = looking((0.3, -0.2, 1.4), yaw=0.7, pitch=-0.5)
    _, depth_HW = seen(world_of(floor), pose)
    points_HW3 = np.stack(points_from_depth(depth_HW, ODD), axis=-1)
    points_HW3 = points_HW3 @ pose.rotation.T + pose.position
    near_HW = depth_HW < 6
    assert near_HW.mean() > 0.7
    # Half a pixel off would be 20 mm at 3 m here.
    assert np.abs(points_HW3[near_HW][:, 2]).max() < 1e-3


def test_the_edges_of_a_box_fall_on_the_right_pixels():
    # A face 2 m ahead whose edges project to the middle between two pixel centres.
    left, right, top, bottom = 40.5, 99.5, 30.5, 95.5
    y0, y1 = (-(u - ODD.cx) / ODD.fx * 2 for u in (left, right))
    z0, z1 = (-(v - ODD.cy) / ODD.fy * 2 for v in (top, bottom))
    box = mesh.box((0.5, y0 - y1, z0 - z1), (2.25, (y0 + y1) / 2, (z0 + z1) / 2))
    rgb_HW3, depth_HW = seen(world_of(box), looking((0, 0, 0), 0.0, 0.0))
    expected_HW = np.full((120, 160), np.inf, np.float32)
    expected_HW[31:96, 41:100] = 2.0
    np.testing.assert_allclose(depth_HW, expected_HW, atol=1e-3)
    np.testing.assert_array_equal(rgb_HW3.sum(-1) > 30, np.isfinite(depth_HW))


def test_up_is_up_and_left_is_left():
    ball = mesh.rounded((0.4, 0.4, 0.4), (3.0, 0.8, 0.6), 1.0)  # ahead, to the left, above
    _, depth_HW = seen(world_of(ball), looking((0, 0, 0), 0.0, 0.0), SMALL)
    rows, columns = np.nonzero(np.isfinite(depth_HW))
    assert rows.mean() == pytest.approx(SMALL.cy - SMALL.fy * 0.6 / 3.0, abs=1.0)
    assert columns.mean() == pytest.approx(SMALL.cx - SMALL.fx * 0.8 / 3.0, abs=1.0)


@pytest.mark.thorough
def test_supersampling_changes_colour_only():
    world = build_world('room', np.random.default_rng(1))
    images = []
    for scale in (1, 2):
        with Renderer(world, SMALL, supersample=scale) as renderer:
            images.append(renderer.render(world.pose(3.0)))
    np.testing.assert_array_equal(images[0][1], images[1][1])
    difference = np.abs(images[0][0].astype(float) - images[1][0])
    assert 0 < difference.mean() < 6  # edges are smoother, nothing has moved


def test_a_distorted_camera_is_refused():
    lens = Camera(fx=100, fy=100, cx=50, cy=50, width=100, height=100, distortion=(0.1,) * 4)
    with pytest.raises(ValueError, match='pinhole'):
        Renderer(world_of(mesh.box((1, 1, 1))), lens)


@pytest.mark.thorough
@pytest.mark.parametrize('name', WORLDS)
def test_the_path_keeps_clear_and_the_pictures_have_content(name):
    for seed in (0, 1):
        world = build_world(name, np.random.default_rng(seed))
        with Renderer(world, camera_with_fov(64, 48, 63.0)) as renderer:
            poses = [world.pose(t_s)
                     for t_s in np.linspace(0, world.path.period_s, 60, endpoint=False)]
            depths = np.stack([renderer.depth(pose) for pose in poses])
            contrast = [renderer.colour(pose).std() for pose in poses[::10]]
        assert depths.min() > 0.25
        assert not np.isnan(depths).any()
        spread = np.array([np.ptp(depth[np.isfinite(depth)]) for depth in depths])
        assert np.median(spread) > (1.0 if name == 'room' else 10.0)
        assert np.median(contrast) > 20


@pytest.mark.thorough
@pytest.mark.parametrize('name', WORLDS)
def test_the_path_is_smooth_and_closed(name):
    world = build_world(name, np.random.default_rng(2))
    times_s = np.arange(0, world.path.period_s, 1 / 30)
    poses = [world.pose(t_s) for t_s in times_s] + [world.pose(world.path.period_s)]
    speed = 30 * np.linalg.norm(np.diff([pose.position for pose in poses[:-1]], axis=0), axis=1)
    cosine = [np.trace(a.rotation.T @ b.rotation) / 2 - 0.5 for a, b in zip(poses, poses[1:-1])]
    turn_deg = 30 * np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    assert speed.max() < (1.0 if name == 'room' else 3.5) and turn_deg.max() < 120
    np.testing.assert_allclose(poses[0].position, poses[-1].position, atol=1e-9)
    for pose in poses[::50]:
        np.testing.assert_allclose(pose.rotation.T @ pose.rotation, np.eye(3), atol=1e-9)
        assert np.linalg.det(pose.rotation) == pytest.approx(1.0)


@pytest.mark.thorough
@pytest.mark.parametrize('name', WORLDS)
def test_the_same_seed_gives_the_same_world_and_another_seed_another(name):
    images = []
    for seed in (5, 5, 6):
        world = build_world(name, np.random.default_rng(seed))
        images.append(seen(world, world.pose(2.0), SMALL))
    np.testing.assert_array_equal(images[0][0], images[1][0])
    np.testing.assert_array_equal(images[0][1], images[1][1])
    assert not np.array_equal(images[0][1], images[2][1])


@pytest.mark.thorough
def test_sky_is_infinite_and_the_ground_is_not():
    world = build_world('street', np.random.default_rng(0))
    _, up_HW = seen(world, looking((0, 0, 30.0), 0.0, 0.8), SMALL)
    assert np.isposinf(up_HW).all()
    _, down_HW = seen(world, looking((0, 0, 1.5), 0.0, -0.9), SMALL)
    assert np.isfinite(down_HW).all()


def test_an_unknown_world_is_named():
    with pytest.raises(ValueError, match="'moon'.*room, street"):
        build_world('moon', np.random.default_rng(0))


@pytest.mark.thorough
def test_render_speed(capsys):
    lines = []
    for name in WORLDS:
        began_s = time.perf_counter()
        world = build_world(name, np.random.default_rng(3))
        built_s = time.perf_counter()
        with Renderer(world, camera_with_fov(320, 240, 63.0)) as renderer:
            renderer.render(world.pose(0.0))
            first_s = time.perf_counter()
            for t_s in range(10):
                renderer.render(world.pose(t_s))
            rate_hz = 10 / (time.perf_counter() - first_s)
        lines.append(f'{name}: built in {built_s - began_s:.2f} s, 320x240 at {rate_hz:.0f} Hz')
        assert rate_hz > 0
    with capsys.disabled():
        print('\n' + '\n'.join(lines))


def test_the_shipped_recording_is_small_and_true():
    recording = RecordedWalk()
    assert SHIPPED.stat().st_size <= 3_000_000 and len(recording) >= 30
    rgb_HW3, depth_HW = recording.frame(0)
    assert rgb_HW3.shape == (240, 320, 3) and rgb_HW3.dtype == np.uint8
    assert depth_HW.shape == (240, 320) and depth_HW.dtype == np.float32
    known = np.isfinite(depth_HW)
    assert known.mean() > 0.7 and 0.25 < depth_HW[known].min() and depth_HW[known].max() < 60
    recording.close()


def test_a_recording_keeps_millimetres_and_plays_forth_and_back(tmp_path):
    depth_HW = np.array([[1.2346, 0.0], [np.inf, np.nan]], np.float32)
    frames = [(np.full((2, 2, 3), level, np.uint8), depth_HW + i)
              for i, level in enumerate((10, 120, 240))]
    camera = Camera(fx=3.0, fy=4.0, cx=0.5, cy=0.25, width=2, height=2)
    write_recorded_walk(tmp_path / 'a.zip', camera, frames)
    recording = RecordedWalk(tmp_path / 'a.zip')
    assert recording.camera == camera and len(recording) == 3
    played = [recording.frame(number) for number in range(6)]
    assert [int(rgb.mean().round(-1)) for rgb, _ in played] == [10, 120, 240, 120, 10, 120]
    np.testing.assert_array_equal(played[0][1], np.float32([[1.235, np.nan], [np.nan, np.nan]]))
    assert [forth_and_back(number, 1) for number in range(3)] == [0, 0, 0]


def test_a_broken_recording_is_named(tmp_path):
    (tmp_path / 'a.zip').write_bytes(b'PK is not enough')
    with pytest.raises(ValueError, match='a.zip is no recorded walk'):
        RecordedWalk(tmp_path / 'a.zip')


@pytest.mark.thorough
def test_the_record_command_repeats_itself(tmp_path):
    for name in ('a.zip', 'b.zip'):
        command = [sys.executable, '-m', 'mono_depth_ros.simulation.record', 'room',
                   str(tmp_path / name), '--frames', '2', '--width', '64', '--height', '48']
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / 'a.zip').read_bytes() == (tmp_path / 'b.zip').read_bytes()
    assert RecordedWalk(tmp_path / 'a.zip').frame(1)[0].shape == (48, 64, 3)


def run_check(**environment):
    return subprocess.run([sys.executable, '-m', 'mono_depth_ros.simulation.rendering.check'],
                          cwd=ROOT, env=os.environ | environment, capture_output=True, text=True,
                          check=False)


@pytest.mark.thorough
def test_check_says_what_renders():
    done = run_check()
    assert done.returncode == 0 and 'MuJoCo renders here' in done.stdout


@pytest.mark.thorough
def test_check_names_the_packages_where_no_driver_works():
    # EGL then offers no device, as where libgl1-mesa-dri is missing.
    done = run_check(MUJOCO_GL='egl', __EGL_VENDOR_LIBRARY_FILENAMES='/nowhere.json',
                     __EGL_VENDOR_LIBRARY_DIRS='/nowhere')
    assert done.returncode == 1
    assert all(name in done.stdout for name in ('libegl1', 'libgl1-mesa-dri', 'libosmesa6'))
    assert len(done.stdout.strip().splitlines()) == 1 and 'Traceback' not in done.stderr


@pytest.mark.thorough
def test_without_any_library_the_packages_are_named_too():
    script = ('from mono_depth_ros.simulation.rendering import check; '
              'from mono_depth_ros.simulation.scene import opengl; '
              'opengl.LIBRARIES = {"egl": ("libNone.so.1",), "osmesa": ("libNone.so.8",)}; '
              'raise SystemExit(check.main())')
    without = {name: value for name, value in os.environ.items() if name != 'MUJOCO_GL'}
    done = subprocess.run([sys.executable, '-c', script], cwd=ROOT, env=without, text=True,
                          capture_output=True, check=False)
    assert done.returncode == 1 and 'libegl1 and libgl1-mesa-dri' in done.stdout
    assert not done.stderr


def test_without_mujoco_a_world_says_what_to_install(monkeypatch):
    monkeypatch.delitem(sys.modules, 'mujoco', raising=False)
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: None)
    with pytest.raises(OSError, match='MuJoCo is not installed: pip install mujoco'):
        load_mujoco()  # a camera node tells an OSError in one line, and nothing else


@pytest.mark.thorough
def test_nothing_of_mujoco_is_imported_before_it_is_needed():
    script = ('import sys, mono_depth_ros.simulation.rendering.renderer, '
              'mono_depth_ros.simulation.room.room, mono_depth_ros.simulation.street.street; '
              'sys.exit("mujoco" in sys.modules)')
    assert subprocess.run([sys.executable, '-c', script], cwd=ROOT, check=False).returncode == 0


def test_meshes_face_outwards():
    solids = (mesh.box((1, 2, 3)), mesh.cylinder(0.5, 2.0), mesh.rounded((1, 2, 3), roundness=0.3),
              mesh.extruded([(-1, 0), (1, 0), (1.5, 1), (0, 2), (-1, 1)], 0.7))
    for solid in solids:
        across = np.cross(solid.points[:, 1] - solid.points[:, 0],
                          solid.points[:, 2] - solid.points[:, 0])
        assert (np.einsum('ni,ni->n', across, solid.normals.mean(1)) > 0).all()
        middle = solid.points.reshape(-1, 3).mean(0)
        outward = np.einsum('ni,ni->n', across, solid.points.mean(1) - middle)
        assert (outward > -1e-9).all()
        np.testing.assert_allclose(np.linalg.norm(solid.normals, axis=-1), 1.0, atol=1e-9)


def test_volumes_of_meshes():
    def volume(solid):
        a, b, c = solid.points.transpose(1, 0, 2)
        return np.einsum('ni,ni->', a, np.cross(b, c)) / 6
    assert volume(mesh.box((1, 2, 3), (5, 6, 7))) == pytest.approx(6.0)
    polygon = 14 / 2 * np.sin(2 * np.pi / 14)  # area of the 14 sides of a unit circle
    assert volume(mesh.cylinder(0.5, 2.0, (1, 1, 1))) == pytest.approx(polygon * 0.25 * 2)
    assert volume(mesh.extruded([(0, 0), (4, 0), (4, 1), (0, 1)], 0.5)) == pytest.approx(2.0)


def test_colours_are_as_given():
    wall = mesh.quad((2, 5, 5), (0, -10, 0), (0, 0, -10))
    rgb_HW3, _ = seen(world_of(wall), looking((0, 0, 0), 0.0, 0.0), SMALL)
    # Fully lit, the plain colour of world_of comes out as it went in: RGB, not BGR.
    np.testing.assert_allclose(cv2.mean(rgb_HW3)[:3], (200, 150, 100), atol=2)
