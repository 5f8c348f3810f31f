"""Points of PointCloud2 and LaserScan messages, by their fields alone: no ROS is imported."""

from __future__ import annotations

import numpy as np

# sensor_msgs/PointField: number of a datatype -> NumPy's.
DATATYPES = {1: 'i1', 2: 'u1', 3: 'i2', 4: 'u2', 5: 'i4', 6: 'u4', 7: 'f4', 8: 'f8'}
# No sensor measures nearer to its own origin: drivers put what has no return there.
LEAST_M = 0.01


def points_from_cloud(message) -> np.ndarray:
    """Points (N, 3) float32, x y z in metres, of a PointCloud2, in its own frame.

    Unknown points stay NaN. Those within LEAST_M of the origin on each axis are left out: they
    stand for no return. Raises ValueError where a field is missing or of an unknown type, or sizes
    disagree.
    """
    order = '>' if message.is_bigendian else '<'
    fields = {field.name: field for field in message.fields}
    missing = [name for name in 'xyz' if name not in fields]
    if missing:
        raise ValueError(f'point cloud without field {", ".join(missing)}: it has '
                         f'{", ".join(fields) or "none"}')
    unknown = [f'{name} of {fields[name].datatype}' for name in 'xyz'
               if fields[name].datatype not in DATATYPES]
    if unknown:
        raise ValueError(f'point cloud with field {", ".join(unknown)}: datatypes are 1 to 8')
    ends = [fields[name].offset + np.dtype(DATATYPES[fields[name].datatype]).itemsize
            for name in 'xyz']
    if max(ends) > message.point_step:
        raise ValueError(f'point cloud whose points have {message.point_step} bytes (point_step), '
                         f'but its fields x, y and z end at {max(ends)}')
    dtype = np.dtype({
        'names': list('xyz'), 'itemsize': message.point_step,
        'formats': [order + DATATYPES[fields[name].datatype] for name in 'xyz'],
        'offsets': [fields[name].offset for name in 'xyz']})
    row_bytes = message.width * message.point_step
    data = np.frombuffer(message.data, np.uint8)
    if message.row_step < row_bytes or data.size < message.height * message.row_step:
        raise ValueError(
            f'point cloud of {message.width}x{message.height} points of {message.point_step} '
            f'bytes has a row_step of {message.row_step} and {data.size} bytes')
    rows_HB = data[:message.height * message.row_step].reshape(message.height, message.row_step)
    points = np.ascontiguousarray(rows_HB[:, :row_bytes]).view(dtype).ravel()
    points_N3 = np.stack([points[name].astype(np.float32) for name in 'xyz'], axis=1)
    return points_N3[~(np.abs(points_N3).max(1, initial=0) < LEAST_M)]


def cloud_arrays(cloud) -> tuple[np.ndarray, np.ndarray]:
    """Points (N, 3) float32 metres and colours (N, 3) uint8 of a cloud with x, y, z, rgb."""
    offsets = {field.name: field.offset for field in cloud.fields}
    bytes_NS = np.frombuffer(cloud.data, np.uint8).reshape(-1, cloud.point_step)

    def column(name: str) -> np.ndarray:
        return bytes_NS[:, offsets[name]:offsets[name] + 4].copy()

    points = np.concatenate([column(name).view('<f4') for name in 'xyz'], axis=1)
    return points, column('rgb')[:, 2::-1]


def points_from_scan(message) -> np.ndarray:
    """Points (N, 3) float32, x y 0 in metres, of a LaserScan, in its own frame.

    Readings outside its range, nearer than LEAST_M, and those that are not finite, are left out.
    """
    range_N = np.asarray(message.ranges, np.float32)
    angle_N = message.angle_min + np.arange(range_N.size) * message.angle_increment
    with np.errstate(invalid='ignore'):
        known = (np.isfinite(range_N) & (range_N >= max(message.range_min, LEAST_M))
                 & (range_N <= message.range_max))
    range_N, angle_N = range_N[known], angle_N[known]
    return np.stack([range_N * np.cos(angle_N), range_N * np.sin(angle_N),
                     np.zeros_like(range_N)], axis=1).astype(np.float32)
