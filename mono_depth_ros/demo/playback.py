"""Frames read back from a recording, so that the panel shows what the file holds."""

from __future__ import annotations

from pathlib import Path

from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CameraInfo, Image, PointCloud2

from mono_depth_ros.camera import Camera
from mono_depth_ros.demo.mcap_log import messages
from mono_depth_ros.demo.panel import Cloud, PanelRow
from mono_depth_ros.demo.recorder import depth_array
from mono_depth_ros.message_formats.points import cloud_arrays
from mono_depth_ros.node.interface.messages import rgb_from_image

NAMES = ('image_raw', 'depth/image', 'depth/camera_info', 'points', 'ground_truth/depth')


def evenly_spaced(stamps_ns: list[int], number: int) -> list[int]:
    """At most `number` of the stamps, evenly spaced and away from the ends."""
    number = min(number, len(stamps_ns))
    return [stamps_ns[int((step + 0.5) * len(stamps_ns) / number)] for step in range(number)]


def read_frames(path: Path, namespace: str, stamps_ns: list[int]) -> list[PanelRow]:
    """The frames of those stamps, in order; each must have image and depth."""
    found: dict[int, dict[str, bytes]] = {stamp: {} for stamp in stamps_ns}
    topics = {f'{namespace}/{name}': name for name in NAMES}
    for topic, stamp_ns, data in messages(path, list(topics), set(stamps_ns)):
        found[stamp_ns][topics[topic]] = data
    return [_frame(parts) for parts in found.values()]


def _frame(parts: dict[str, bytes]) -> PanelRow:
    rgb_HW3 = rgb_from_image(deserialize_message(parts['image_raw'], Image))
    truth, points = parts.get('ground_truth/depth'), parts.get('points')
    return PanelRow(
        rgb_HW3=rgb_HW3, depth_HW=depth_array(parts['depth/image']),
        truth_HW=depth_array(truth) if truth else None,
        cloud=_cloud(points, parts['depth/camera_info']) if points else None)


def _cloud(points: bytes, info_data: bytes) -> Cloud:
    xyz_N3, rgb_N3 = cloud_arrays(deserialize_message(points, PointCloud2))
    info = deserialize_message(info_data, CameraInfo)
    camera = Camera(fx=info.k[0], fy=info.k[4], cx=info.k[2], cy=info.k[5],
                    width=info.width, height=info.height)
    return Cloud(xyz_N3=xyz_N3, rgb_N3=rgb_N3, camera=camera)
