"""Points of clouds and scans by their fields, for messages of any library."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from mono_depth_ros.message_formats.points import (
    cloud_arrays,
    points_from_cloud,
    points_from_scan,
)

POINTS = np.array([[1, 2, 3], [4, 5, 6], [np.nan, 0, 7], [8, 9, 10]], np.float32)


def cloud(kind='<f4', datatype=7, names='xyz', row_padding=0, width=2, **changes):
    """A cloud of 2x2 points with an intensity before x and padding after rows."""
    size = np.dtype(kind).itemsize
    step = 4 + 3 * size
    data = bytearray()
    for row in range(2):
        for point in POINTS[2 * row:2 * row + 2]:
            data += b'\xff\xff\xff\xff' + point.astype(kind).tobytes()
        data += bytes(row_padding)
    fields = [SimpleNamespace(name=name, offset=4 + size * i, datatype=datatype)
              for i, name in enumerate(names)]
    return SimpleNamespace(**{
        'height': 2, 'width': width, 'fields': fields, 'is_bigendian': kind[0] == '>',
        'point_step': step, 'row_step': 2 * step + row_padding, 'data': bytes(data), **changes})


@pytest.mark.parametrize('message', [
    cloud(), cloud('>f4'), cloud('<f8', 8), cloud(row_padding=5)])
def test_points_of_every_layout(message):
    np.testing.assert_array_equal(points_from_cloud(message), POINTS)


def test_what_has_no_return_is_no_point_at_the_sensor():
    """Organised clouds have zeros there, scans where their range_min is zero."""
    data = np.float32([[0, 0, 0], [0, 0.009, -0.009], [0, 0, 0.02], [np.nan, 0, 0]])
    message = cloud()
    message.data = b''.join(bytes(4) + point.tobytes() for point in data)
    np.testing.assert_array_equal(points_from_cloud(message), data[2:])
    scan = SimpleNamespace(ranges=[0.0, 0.009, 0.02], angle_min=0.0, angle_increment=0.0,
                           range_min=0.0, range_max=3.0)
    np.testing.assert_allclose(points_from_scan(scan), [[0.02, 0, 0]])


def test_colours_come_in_the_order_of_rgb():
    """As depth_node writes them: x, y, z, and blue, green, red and a byte that means nothing."""
    data = np.float32([[1, 2, 3, 0], [4, 5, 6, 0]]).view(np.uint8)
    data[:, 12:] = [[30, 20, 10, 255], [3, 2, 1, 0]]
    xyz_N3, rgb_N3 = cloud_arrays(SimpleNamespace(
        fields=[SimpleNamespace(name=name, offset=4 * i)
                for i, name in enumerate(('x', 'y', 'z', 'rgb'))],
        point_step=16, data=data.tobytes()))
    np.testing.assert_array_equal(xyz_N3, [[1, 2, 3], [4, 5, 6]])
    np.testing.assert_array_equal(rgb_N3, [[10, 20, 30], [1, 2, 3]])


def test_clouds_that_are_none_are_refused():
    with pytest.raises(ValueError, match='field x of 9, y of 9, z of 9: datatypes are 1 to 8'):
        points_from_cloud(cloud(datatype=9))
    with pytest.raises(ValueError, match='without field z: it has x, y'):
        points_from_cloud(cloud(names='xy'))
    with pytest.raises(ValueError, match='3x2 points of 16 bytes has a row_step of 32'):
        points_from_cloud(cloud(width=3))
    with pytest.raises(ValueError, match='points have 0 bytes .* x, y and z end at 16'):
        points_from_cloud(cloud(point_step=0))
    huge = cloud()
    huge.fields[2].offset = 2 ** 31
    with pytest.raises(ValueError, match='x, y and z end at 2147483652'):
        points_from_cloud(huge)


def test_a_scan_becomes_points_of_its_plane():
    scan = SimpleNamespace(ranges=[1.0, 2.0, math.inf, math.nan, 0.05, 4.0], angle_min=0.0,
                           angle_increment=math.pi / 2, range_min=0.1, range_max=3.0)
    np.testing.assert_allclose(points_from_scan(scan), [[1, 0, 0], [0, 2, 0]], atol=1e-6)
