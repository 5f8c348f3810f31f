"""What worlds are made of, without rendering: sizes in metres, textures, weather."""

import numpy as np
import pytest

from mono_depth_ros.simulation.room import furniture
from mono_depth_ros.simulation.scene.materials import random_materials
from mono_depth_ros.simulation.scene.scene import Scene
from mono_depth_ros.simulation.street.vehicles import car
from mono_depth_ros.simulation.street.weather import random_weather
from mono_depth_ros.simulation.textures import cloth, masonry, wood


@pytest.fixture
def materials():
    return random_materials(np.random.default_rng(0), Scene())


def extent(parts):
    """Least and largest corner (x, y, z) of all meshes of an object."""
    points = np.concatenate([mesh.points.reshape(-1, 3) for mesh, _ in parts])
    return points.min(0), points.max(0)


def test_a_table_has_the_size_asked_for_and_stands_on_the_floor(materials):
    least, most = extent(furniture.table(materials, 1.2, 0.8, 0.75, objects=0))
    np.testing.assert_allclose(least, (-0.6, -0.4, 0), atol=1e-9)
    np.testing.assert_allclose(most, (0.6, 0.4, 0.75), atol=1e-9)


def test_objects_are_on_the_table(materials):
    """Leaves and balls of an object may reach a few centimetres below its top."""
    bare, laid = (furniture.table(materials, 1.2, 0.8, 0.75, objects=n) for n in (0, 6))
    assert len(bare) == 1 and len(laid) > 6
    assert min(mesh.points[..., 2].min() for mesh, _ in laid[1:]) == pytest.approx(0.75, abs=0.05)


@pytest.mark.parametrize('seed', range(6))
def test_a_car_has_the_size_of_cars_and_stands_on_the_street(seed):
    least, most = extent(car(random_materials(np.random.default_rng(seed), Scene())))
    length, width, high = most - least
    assert 3.8 <= length <= 4.8 and 1.74 <= width < 2.0 and 1.42 <= high <= 2.05
    assert least[2] == pytest.approx(0, abs=0.01)


def test_the_sun_throws_shadows_by_day_only():
    weathers = [random_weather(np.random.default_rng(seed)) for seed in range(400)]
    assert {weather.sky for weather in weathers} == {'day', 'low', 'overcast', 'dusk'}
    for weather in weathers:
        assert (weather.sun is None) == (weather.sky in ('overcast', 'dusk'))
    assert 0.18 < np.mean([weather.air is not None for weather in weathers]) < 0.32


@pytest.mark.parametrize('texture', [
    wood.plain_wood, wood.planks, masonry.tiles, cloth.carpet, masonry.bricks, masonry.concrete,
    masonry.marble, masonry.cobbles])
def test_textures_keep_their_colour_and_follow_from_the_seed(texture):
    colour = (200, 120, 60)
    image, again, other = (texture(np.random.default_rng(seed), colour) for seed in (1, 1, 2))
    assert image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3
    assert np.array_equal(image, again) and not np.array_equal(image, other)
    red, green, blue = image.reshape(-1, 3).mean(0)
    assert red > green > blue and image.std() > 1
