"""ROS messages to arrays and back: camera image and camera_info in, depth and points out.

The outgoing classes own one message and write into its memory through a NumPy view; publishing
serialises at once, so the next frame may overwrite it. A new image size makes a new message.
"""

from __future__ import annotations

from array import array
from dataclasses import replace

import cv2
from diagnostic_msgs.msg import DiagnosticStatus, KeyValue
import numpy as np
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2, PointField
from std_msgs.msg import Header

from mono_depth_ros.camera import Camera, rays_of
from mono_depth_ros.colormap import depth_colours
from mono_depth_ros.depth_units import depth_to_uint16
from mono_depth_ros.geometry.normals import normals_from_depth
from mono_depth_ros.message_formats.compressed import rgb_from_compressed
from mono_depth_ros.message_formats.encodings import BitDepth, check_size, rgb_from_bytes
from mono_depth_ros.message_formats.pictures import picture_size

# Pixels of a cloud filled at a time: half a megabyte of planes, a quarter of a core's cache.
BAND_PIXELS = 40960


def image_size(message: Image | CompressedImage) -> tuple[int, int]:
    """Width and height in pixels of a camera image; ValueError where it has none, or too many."""
    size = (picture_size(message.data) if isinstance(message, CompressedImage)
            else (message.width, message.height))
    check_size(*size)
    return size


def rgb_from_image(
        message: Image | CompressedImage, bit_depth: BitDepth | None = None,
        least: tuple[int, int] | None = None) -> np.ndarray:
    """RGB (H, W, 3) uint8 of a camera image; for rgb8 and rgba8 a view of its memory.

    `bit_depth` is that of the stream, for 16-bit pixels. A compressed image, and one of nv12 or
    nv21, comes at less than its size where `least`, a width and height, allows it. Raises
    ValueError with one sentence where the encoding is not known, or sizes, step, encoding and
    data disagree.
    """
    if isinstance(message, CompressedImage):
        return rgb_from_compressed(message.data, message.format, bit_depth, least)
    return rgb_from_bytes(
        message.data, encoding=message.encoding, width=message.width, height=message.height,
        step=message.step, is_bigendian=bool(message.is_bigendian), bit_depth=bit_depth,
        least=least)


def info_from_camera(camera: Camera | None, header: Header, width: int, height: int) -> CameraInfo:
    """CameraInfo of a width x height depth image: K and D of the camera, P = [K | 0].

    Without a camera K and P stay zero, which the message defines as uncalibrated.
    """
    info = CameraInfo(header=header, width=width, height=height, distortion_model='plumb_bob')
    info.d = [0.0] * 5
    info.r = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    if camera is None:
        return info
    if camera.distortion:
        info.distortion_model, info.d = camera.distortion_model, list(camera.distortion)
    info.k = [camera.fx, 0.0, camera.cx, 0.0, camera.fy, camera.cy, 0.0, 0.0, 1.0]
    info.p = [camera.fx, 0.0, camera.cx, 0.0, 0.0, camera.fy, camera.cy, 0.0, 0.0, 0.0, 1.0, 0.0]
    return info


def limit_depth(depth_HW: np.ndarray, lower_m: float, upper_m: float) -> np.ndarray:
    """Mark depth below `lower_m` as -inf and above `upper_m` as +inf (REP 117), in place."""
    # False where there is a NaN. Mostly nothing lies outside; finding that out takes 0.6 of the
    # time of marking.
    if depth_HW.min(initial=np.inf) >= lower_m and depth_HW.max(initial=-np.inf) <= upper_m:
        return depth_HW
    np.copyto(depth_HW, np.float32(-np.inf), where=depth_HW < lower_m)
    np.copyto(depth_HW, np.float32(np.inf), where=depth_HW > upper_m)
    return depth_HW


def diagnostic_status(
        level: str, name: str, summary: str, values: dict[str, str]) -> DiagnosticStatus:
    """DiagnosticStatus of one thing; `level` is 'OK', 'WARN' or 'ERROR'."""
    pairs = [KeyValue(key=key, value=value) for key, value in values.items()]
    return DiagnosticStatus(
        level=getattr(DiagnosticStatus, level), name=name, message=summary, hardware_id=name,
        values=pairs)


class _OutgoingImage:
    """One reused sensor_msgs/Image and the NumPy view of its pixels."""

    def __init__(self, encoding: str, dtype: str, channels: int = 1):
        self._encoding, self._dtype, self._channels = encoding, np.dtype(dtype), channels
        self._pixels_HWC = np.empty((0, 0, channels), dtype)
        self._message = Image()

    def _pixels(self, depth_HW: np.ndarray) -> np.ndarray:
        if self._pixels_HWC.shape[:2] != depth_HW.shape:
            height, width = depth_HW.shape
            step = width * self._channels * self._dtype.itemsize
            self._message = Image(
                encoding=self._encoding, height=height, width=width, step=step)
            memory = _reserve(self._message, height * step)
            self._pixels_HWC = memory.view(self._dtype).reshape(height, width, self._channels)
        return self._pixels_HWC if self._channels > 1 else self._pixels_HWC[..., 0]

    def _stamped(self, header: Header) -> Image:
        self._message.header = header
        return self._message


class DepthImage(_OutgoingImage):
    """Depth as sensor_msgs/Image 32FC1: metres, NaN unknown, infinite out of range (REP 118)."""

    def __init__(self):
        super().__init__('32FC1', '<f4')

    def fill(self, depth_HW: np.ndarray, header: Header) -> Image:
        """Return the reused message with this depth (H, W) float32 in it."""
        self._pixels(depth_HW)[...] = depth_HW
        return self._stamped(header)


class DepthMillimetres(_OutgoingImage):
    """Depth as sensor_msgs/Image 16UC1: whole millimetres, 0 for everything unknown (REP 118)."""

    def __init__(self):
        super().__init__('16UC1', '<u2')

    def fill(self, depth_HW: np.ndarray, header: Header) -> Image:
        """Return the reused message; NaN, infinite and above 65.535 m become 0."""
        depth_to_uint16(depth_HW, out=self._pixels(depth_HW))
        return self._stamped(header)


class ColorImage(_OutgoingImage):
    """Depth as sensor_msgs/Image rgb8 for display: turbo, nearest blue, farthest red."""

    def __init__(self):
        super().__init__('rgb8', 'u1', 3)

    def fill(
            self, depth_HW: np.ndarray, lower_m: float, upper_m: float, header: Header) -> Image:
        """Return the reused message; beyond lower_m..upper_m takes the end colour, NaN black."""
        depth_colours(depth_HW, lower_m, upper_m, out=self._pixels(depth_HW))
        return self._stamped(header)


class NormalsImage(_OutgoingImage):
    """Normals as sensor_msgs/Image 32FC3: x right, y down, z forward, towards the camera."""

    def __init__(self):
        super().__init__('32FC3', '<f4', 3)

    def fill(self, depth_HW: np.ndarray, camera: Camera, header: Header) -> Image:
        """Return the reused message with the normals of this depth; NaN where unknown."""
        normals_from_depth(depth_HW, camera, self._pixels(depth_HW))
        return self._stamped(header)


class PointCloud:
    """Depth as an organised sensor_msgs/PointCloud2: x, y, z float32 metres and packed rgb.

    Filled a few rows at a time, so that the planes in between stay in the cache of a core.
    """

    def __init__(self):
        self._message, self._points_hw4 = _new_cloud(0, 0)
        self._xy_2nw, self._bgra_nw4 = _scratch(0)

    def fill(
            self, depth_HW: np.ndarray, rgb_HW3: np.ndarray, camera: Camera, stride: int,
            header: Header) -> PointCloud2:
        """Return the reused message with every `stride`-th pixel of every `stride`-th row.

        Points without finite depth are NaN in x, y and z; their colour stays. ValueError where
        depth and camera differ in size.
        """
        depth_hw, rgb_hw3 = depth_HW[::stride, ::stride], rgb_HW3[::stride, ::stride]
        if self._points_hw4.shape[:2] != depth_hw.shape:
            self._message, self._points_hw4 = _new_cloud(*depth_hw.shape)
            self._xy_2nw, self._bgra_nw4 = _scratch(depth_hw.shape[1])
        seen = rays_of(depth_hw, _strided(camera, stride))
        band = self._xy_2nw.shape[1]
        for top in range(0, len(depth_hw), band):
            rows = slice(top, top + band)
            depth_nw, points_nw4 = depth_hw[rows], self._points_hw4[rows]
            planes = seen.points(depth_nw, rows, self._xy_2nw[:, :len(depth_nw)])
            # Plane by plane, then merged: a third faster than writing every fourth float.
            cv2.merge([*planes, self._packed(rgb_hw3[rows])], points_nw4)
        self._message.header = header
        return self._message

    def _packed(self, rgb_nw3: np.ndarray) -> np.ndarray:
        """Colours as the floats a reader expects in field rgb."""
        bgra_nw4 = self._bgra_nw4[:len(rgb_nw3)]
        cv2.cvtColor(rgb_nw3, cv2.COLOR_RGB2BGRA, dst=bgra_nw4)
        # The fourth byte must be 0: with 255 many colours read as a float are NaN, and readers
        # that skip NaN would lose those points.
        packed_nw = bgra_nw4.view('<u4')[..., 0]
        packed_nw &= np.uint32(0xFFFFFF)
        return packed_nw.view('<f4')


def _scratch(width: int) -> tuple[np.ndarray, np.ndarray]:
    """Memory for x and y (2, n, width) float32 and colours (n, width, 4) uint8 of n rows."""
    rows = max(1, BAND_PIXELS // max(1, width))
    return np.empty((2, rows, width), np.float32), np.empty((rows, width, 4), np.uint8)


def _strided(camera: Camera, stride: int) -> Camera:
    if stride == 1:
        return camera
    # Every n-th pixel starting with the first one, so its centre moves without the half pixel.
    return replace(
        camera, fx=camera.fx / stride, fy=camera.fy / stride, cx=camera.cx / stride,
        cy=camera.cy / stride, width=-(-camera.width // stride),
        height=-(-camera.height // stride))


def _new_cloud(height: int, width: int) -> tuple[PointCloud2, np.ndarray]:
    fields = [PointField(name=name, offset=4 * i, datatype=PointField.FLOAT32, count=1)
              for i, name in enumerate(('x', 'y', 'z', 'rgb'))]
    message = PointCloud2(
        height=height, width=width, fields=fields, point_step=16, row_step=16 * width)
    return message, _reserve(message, 16 * width * height).view('<f4').reshape(height, width, 4)


def _reserve(message, size: int) -> np.ndarray:
    # array.array is the only type every rclpy takes without looking at each byte, and some keep
    # a copy of it: so the view is of what the message holds afterwards.
    message.data = array('B', bytes(size))
    return np.frombuffer(message.data, np.uint8)
