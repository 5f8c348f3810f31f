"""Pictures, posters, clocks and shelves on walls: their backs at y = 0, facing -y."""

from __future__ import annotations

import numpy as np

from mono_depth_ros.simulation.room.random_objects import objects_on_top
from mono_depth_ros.simulation.room.room_shell import Wall
from mono_depth_ros.simulation.scene.materials import Materials
from mono_depth_ros.simulation.scene.mesh import box, quad
from mono_depth_ros.simulation.scene.scene import moved, Parts
from mono_depth_ros.simulation.textures import printed


def hang_wall_objects(materials: Materials, wall: Wall) -> None:
    """Hang pictures and other objects on a wall, clear of its window."""
    rng = materials.rng
    for x in np.linspace(-0.35, 0.35, 3) * wall.length:
        width, height = rng.uniform((0.35, 0.3), (0.95, 0.7))
        at_window = wall.window and wall.window[0] - 0.6 < x < wall.window[1] + 0.6
        if at_window or rng.random() < 0.35:
            continue
        if rng.random() < 0.4:
            parts, z = _shelf_or_print(materials)
            wall.place(materials.scene, parts, x, 0.0, z)
            continue
        picture = materials.scene.textured(printed.picture(rng), 1.0, specular=0.2)
        face = quad((-width / 2, -0.022, height / 2), (width, 0, 0), (0, 0, -height), fit=True)
        frame = box((width + 0.05, 0.03, height + 0.05))
        wall.place(materials.scene, [(frame, materials.wood()), (face, picture)], x, 0.015,
                   rng.uniform(1.45, 1.7))


def _shelf_or_print(materials: Materials) -> tuple[Parts, float]:
    """A wall shelf, poster, whiteboard, clock or sheet, and the height (m) to hang it at."""
    kind = int(materials.rng.integers(5))
    if kind == 0:
        return _wall_shelf(materials), 1.4
    return _print(materials, kind), materials.rng.uniform(1.4, 1.7)


def _wall_shelf(materials: Materials) -> Parts:
    width = materials.rng.uniform(0.5, 1.2)
    board = box((width, 0.22, 0.025), (0, -0.11, 0))
    objects = objects_on_top(materials, width, 0.15, 0.0125, int(width * 4))
    return [(board, materials.wood()), *moved(objects, 0, -0.11)]


def _print(materials: Materials, kind: int) -> Parts:
    rng = materials.rng
    make, size, depth = (
        (printed.poster, (0.5, 0.7), 0.004), (printed.whiteboard, (1.5, 0.95), 0.02),
        (printed.clock, (0.3, 0.3), 0.04), (printed.page, (0.21, 0.297), 0.002))[kind - 1]
    w, h = np.array(size) * rng.uniform(0.8, 1.25)
    face = quad((-w / 2, -depth - 0.004, h / 2), (w, 0, 0), (0, 0, -h), fit=True)
    image = (materials.paper() if make is printed.page else
             materials.scene.textured(make(rng), 1.0, specular=0.2))
    return [(box((w + 0.02, depth, h + 0.02), (0, -depth / 2, 0)), materials.grey(120)),
            (face, image)]
