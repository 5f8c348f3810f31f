"""The messages that one frame becomes are what they were when they were recorded."""

import numpy as np
from record_helpers import blocks, camera_with_distortion, cut_image
from std_msgs.msg import Header

from mono_depth_ros.node.interface.messages import (
    ColorImage,
    DepthImage,
    DepthMillimetres,
    info_from_camera,
    limit_depth,
    PointCloud,
)

HEADER = Header(frame_id='eye')


def frame():
    """Image, camera with distortion, and a depth with unknown and out of range pixels."""
    rgb_HW3, camera = cut_image('16:9')
    y, x = np.mgrid[0:camera.height, 0:camera.width]
    depth_HW = (0.2 + 0.01 * x + 0.05 * y).astype(np.float32)
    depth_HW[:20, :30] = np.nan
    return rgb_HW3, camera_with_distortion(camera), limit_depth(depth_HW, 0.3, 10.0)


def described_image(message, dtype):
    pixels = np.frombuffer(message.data, dtype).reshape(message.height, -1)
    values = pixels.astype(float)
    return {'encoding': message.encoding, 'size': f'{message.width}x{message.height}',
            'step': message.step, 'bigendian': int(message.is_bigendian),
            'frame': message.header.frame_id, 'blocks': blocks(values),
            'nan': int(np.isnan(values).sum()), '+inf': int(np.isposinf(values).sum()),
            '-inf': int(np.isneginf(values).sum())}


def described_cloud(message):
    points = np.frombuffer(message.data, '<f4').reshape(message.height, message.width, 4)
    colours = points[..., 3].copy().view('<u4')
    fields = ' '.join(f'{field.name}@{field.offset}:{field.datatype}' for field in message.fields)
    return {'fields': fields, 'size': f'{message.width}x{message.height}',
            'step': f'{message.point_step} {message.row_step}', 'dense': int(message.is_dense),
            'nan': int(np.isnan(points[..., :3]).any(-1).sum()),
            **{name: blocks(points[..., i]) for i, name in enumerate('xyz')},
            'red': blocks(colours >> 16), 'blue': blocks(colours & 255)}


def test_messages_are_as_recorded(record):
    rgb_HW3, camera, depth_HW = frame()
    info = info_from_camera(camera, HEADER, camera.width, camera.height)
    parts = {
        'depth': described_image(DepthImage().fill(depth_HW, HEADER), '<f4'),
        'millimetres': described_image(DepthMillimetres().fill(depth_HW, HEADER), '<u2'),
        'colour': described_image(ColorImage().fill(depth_HW, 0.3, 10.0, HEADER), 'u1'),
        'points': described_cloud(PointCloud().fill(depth_HW, rgb_HW3, camera, 1, HEADER)),
        'points, stride 3': described_cloud(
            PointCloud().fill(depth_HW, rgb_HW3, camera, 3, HEADER)),
        'info': {'size': f'{info.width}x{info.height}', 'model': info.distortion_model,
                 **{name: [float(number) for number in getattr(info, name)] for name in 'dkrp'}}}
    values = {f'{name} {key}': part[key] for name, part in parts.items() for key in part}
    record.check('messages', values, rtol=1e-4, atol=1e-4)
