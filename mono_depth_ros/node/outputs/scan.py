"""Depth between two heights as a planar laser scan."""

from __future__ import annotations

from array import array

import numpy as np
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import LaserScan
from std_msgs.msg import Header

from mono_depth_ros.geometry.camera_pose import CameraPose
from mono_depth_ros.geometry.scan import free_is_seen, scan_from_depth, ScanSpec
from mono_depth_ros.node.interface.camera_poses import CameraPoses
from mono_depth_ros.node.interface.frame import Frame
from mono_depth_ros.node.interface.parameters import Settings
from mono_depth_ros.node.outputs.output import Output


class Scan(Output):
    """Ranges in the frame scan.frame; needs the camera's pose over it.

    It yields: `scan` is the name of a lidar's topic, too, and what localises by that must not
    get another's ranges.
    """

    topic, kind, yields = 'scan', LaserScan, True

    def __init__(self, node: LifecycleNode, prefix: str):
        super().__init__(node, prefix)
        self._poses = CameraPoses(node)

    def values(self) -> dict[str, str]:
        """Where the camera's pose comes from."""
        return {'scan pose': self._poses.told}

    def message(self, frame: Frame) -> LaserScan | None:
        """The scan, None where camera or pose are not known."""
        if not frame.camera:
            self.warning = 'no scan: the rays of the camera are not known'
            return None
        pose = self._poses.pose(frame.settings, frame.header, frame.up_3)
        if pose is None:
            self.warning = '' if self._poses.waiting else (
                f'no scan: {self._poses.told}: {self._poses.advice}')
            return None
        try:
            spec = spec_of(frame.settings, frame.range_m)
        except ValueError as error:  # the other outputs go on
            self.warning = f'no scan: {error}'
            return None
        self.warning = _not_free(frame, pose, spec)
        ranges = scan_from_depth(frame.sure_depth_HW, frame.camera, pose, spec, frame.range_m,
                                 frame.model_range_m[0])
        return _message(ranges, spec, Header(
            stamp=frame.header.stamp, frame_id=frame.settings.scan_frame))

    def idle(self) -> None:
        """As every part, and stop listening to TF."""
        super().idle()
        self._poses.close()

    def close(self) -> None:
        """Stop listening to TF, too."""
        self._poses.close()
        super().close()


def _not_free(frame: Frame, pose: CameraPose, spec: ScanSpec) -> str:
    """Why many directions cannot count as free, '' where most can."""
    farthest_m = frame.range_m[1]
    if not frame.reaches(spec.range_max):
        return (f'the scan goes to {spec.range_max:g} m, but the model reaches {farthest_m:.3g} m '
                f'at a factor of {frame.scale:.2f}, so that what is beyond does not count as '
                'free: set scan.range_max, or max_depth, below')
    if frame.camera and not free_is_seen(frame.camera, pose, spec, farthest_m):
        return (f'the camera does not see heights from {spec.min_height:g} to '
                f'{spec.max_height:g} m at {spec.range_max:g} m with depth to {farthest_m:.3g} m '
                'in most directions, so that they do not count as free: set scan.range_max to '
                'what it sees, or look at its pose')
    return ''


def _message(ranges: np.ndarray, spec: ScanSpec, header: Header) -> LaserScan:
    return LaserScan(
        header=header, angle_min=spec.angle_min, angle_increment=spec.angle_increment,
        angle_max=spec.angle_min + (spec.bins - 1) * spec.angle_increment,
        range_min=spec.range_min, range_max=spec.range_max, ranges=array('f', ranges.tobytes()))


def spec_of(settings: Settings, range_m: tuple[float, float]) -> ScanSpec:
    """The scan that the settings ask for, no farther than max_depth.

    Where they ask for no farthest range it is where depth ends.
    """
    asked = [limit_m for limit_m in (settings.scan_range_max, settings.max_depth) if limit_m]
    return ScanSpec(
        min_height=settings.scan_min_height, max_height=settings.scan_max_height,
        angle_min=settings.scan_angle_min, angle_max=settings.scan_angle_max,
        angle_increment=settings.scan_angle_increment, range_min=settings.scan_range_min,
        range_max=min(asked, default=range_m[1]))
