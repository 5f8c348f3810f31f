"""Build a world and draw its frames into the folder: the work of one process."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache
import json
from pathlib import Path

import cv2
import numpy as np

from mono_depth_ros.camera import Camera
from mono_depth_ros.depth_units import depth_to_uint16
from mono_depth_ros.simulation.rendering.renderer import Renderer
from mono_depth_ros.simulation.scene.opengl import new_context
from mono_depth_ros.simulation.scene.world import World
from mono_depth_ros.simulation.worlds import build_world
from train.data.sources.depth_files import BEYOND
from train.data.sources.optics import FIELDS
from train.simulate.room_views import RoomViews
from train.simulate.sensor import exposed, hazed, random_sensor
from train.simulate.simulated_set import DEPTH_UNIT_M, key_of, random_camera, SimulatedSet
from train.simulate.street_views import StreetViews
from train.simulate.views import best_view

PNG_LEVEL = 3


@dataclass(frozen=True, kw_only=True)
class Job:
    """Frames to draw of world number `block` of a set."""

    simulated_set: SimulatedSet
    folder: Path
    block: int
    frames: tuple[int, ...]


def draw_block(job: Job) -> list[str]:
    """Write image and depth of a job's frames; returns their lines of cameras.jsonl.

    Raises OSError naming the file that could not be written.
    """
    simulated_set = job.simulated_set
    rng = simulated_set.world_rng(job.block)
    width, height = simulated_set.image_size(rng)
    world = build_world(simulated_set.world, rng, walk=False)
    views = _views(world)
    renderer = Renderer(world, _any_camera(width, height), gl=_context())
    try:
        return [_draw(job, frame, world, renderer, views) for frame in job.frames]
    finally:
        renderer.close()


def _draw(job: Job, frame: int, world: World, renderer: Renderer, views) -> str:
    rng = job.simulated_set.frame_rng(frame)
    camera = random_camera(rng, renderer.camera.width, renderer.camera.height)
    renderer.use(camera)
    view = best_view(lambda: views.view(rng), renderer.probe)
    rgb_HW3, depth_HW = renderer.render(view.pose)
    sensor = random_sensor(rng, camera.width)
    if world.air is not None:
        rgb_HW3 = hazed(rgb_HW3, depth_HW, world.air)
    rgb_HW3 = exposed(rgb_HW3, sensor, camera, rng)
    unit_m = DEPTH_UNIT_M[job.simulated_set.world]
    bgr_HW3 = cv2.cvtColor(rgb_HW3, cv2.COLOR_RGB2BGR)
    key = key_of(frame)
    _write(job.folder / 'rgb' / f'{key}.jpg', bgr_HW3, [cv2.IMWRITE_JPEG_QUALITY, sensor.jpeg])
    _write(job.folder / 'depth' / f'{key}.png', depth_steps(depth_HW, unit_m),
           [cv2.IMWRITE_PNG_COMPRESSION, PNG_LEVEL])
    return camera_line(key, camera, unit_m, view.kind, job.block)


def depth_steps(depth_HW: np.ndarray, unit_m: float) -> np.ndarray:
    """Depth in metres as uint16 steps of `unit_m`: 0 for NaN, BEYOND for +inf or too far."""
    nearest_HW = np.maximum(depth_HW.astype(np.float64), unit_m)  # 0 steps would mean unknown
    return depth_to_uint16(nearest_HW, unit_m, beyond=BEYOND)


def camera_line(key: str, camera: Camera, unit_m: float, kind: str, block: int) -> str:
    """One line of cameras.jsonl."""
    numbers = asdict(camera)
    own = {field: numbers[field] for field in FIELDS}
    return json.dumps({'key': key, **own, 'depth_unit_m': unit_m, 'view': kind, 'world': block})


def _write(path: Path, image: np.ndarray, options: list[int]) -> None:
    try:
        # cv2.imwrite does not say what failed, not even that the disk is full.
        path.write_bytes(cv2.imencode(path.suffix, image, options)[1].tobytes())
    except OSError as error:
        raise OSError(f'cannot write {path}: {error.strerror}; run the same command again and it '
                      'goes on from here') from error


def _views(world: World) -> RoomViews | StreetViews:
    return RoomViews(world) if world.name == 'room' else StreetViews(world)


def _any_camera(width: int, height: int) -> Camera:
    return random_camera(np.random.default_rng(0), width, height)


@lru_cache(maxsize=1)
def _context():
    """The OpenGL context of this process; making one costs as much as drawing five frames."""
    return new_context(64, 64)
