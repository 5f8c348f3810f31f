"""The first frames of each world are what they were when they were recorded.

Compared are counts, sizes and means over blocks, not pixels: another OpenGL differs by a grey
level here and there, and draws an edge a pixel further.
"""

import numpy as np
import pytest
from record_helpers import blocks

from mono_depth_ros.simulation.rendering.renderer import camera_with_fov, Renderer
from mono_depth_ros.simulation.worlds import build_world, WORLDS

CAMERA = camera_with_fov(160, 120, 63.0)
TIMES_S = (0.0, 3.0, 9.0)


@pytest.mark.thorough
@pytest.mark.parametrize('walk', [True, False])
@pytest.mark.parametrize('name', WORLDS)
def test_what_is_built_is_as_recorded(name, walk, record):
    values = {}
    for seed in (0,):
        world = build_world(name, np.random.default_rng(seed), walk)
        model, triangles = world.model, world.triangles
        values |= {
            f'{seed} triangles': len(triangles), f'{seed} materials': int(model.ngeom),
            f'{seed} lights': int(model.nlight), f'{seed} air': str(world.air is not None),
            f'{seed} bounds': world.bounds.ravel().tolist(),
            f'{seed} middle': triangles.mean((0, 1)).tolist(),
            f'{seed} spread': triangles.std((0, 1)).tolist(),
            f'{seed} texels': [float(model.tex_data.mean()), float(model.tex_data.std())],
            f'{seed} light': model.light_diffuse.mean(0).tolist()}
    record.check(f'{name}_{"with" if walk else "without"}_walk', values)


@pytest.mark.thorough
@pytest.mark.parametrize('name', WORLDS)
def test_first_frames_are_as_recorded(name, record):
    world = build_world(name, np.random.default_rng(3))
    colours, near = {}, {}
    with Renderer(world, CAMERA) as renderer:
        for t_s in TIMES_S:
            rgb_HW3, depth_HW = renderer.render(world.pose(t_s))
            colours |= {f'{t_s} {channel}': blocks(rgb_HW3[..., i])
                        for i, channel in enumerate(('red', 'green', 'blue'))}
            near[f'{t_s} 1 / depth'] = blocks(1 / depth_HW)  # 0 for the sky
    record.check(f'{name}_colours', colours, atol=3.0)
    record.check(f'{name}_depths', near, rtol=0.01, atol=1e-3)
