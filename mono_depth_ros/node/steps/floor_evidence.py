"""What the floor says of the scale, for a camera whose height over it is known."""

from __future__ import annotations

from rclpy.lifecycle import LifecycleNode

from mono_depth_ros.node.interface.camera_poses import CameraPoses
from mono_depth_ros.node.interface.frame import Frame
from mono_depth_ros.node.steps.evidence import Evidence
from mono_depth_ros.scale.floor import CAUTION, find_floor


class FloorEvidence(Evidence):
    """Looks for the floor below the camera's pose, by TF, by parameters or by an IMU.

    Its height is camera_height where that is given: z = 0 of a frame such as base_link is often
    not the floor. A floor is not seen in every image, so that one without is nothing to warn of.
    """

    caution, expected = CAUTION, False

    def __init__(self, node: LifecycleNode, prefix: str):
        super().__init__(node, prefix)
        self._poses, self._height_told = CameraPoses(node), ''

    def look(self, frame: Frame) -> tuple[float, float]:
        """Factor for the shown depth and an offset of 0; ValueError with why there is none."""
        settings = frame.settings
        pose = self._poses.pose(settings, frame.header, frame.up_3)
        height_m = settings.camera_height or (pose.height_m if pose else 0.0)
        self._height_told = '; height by camera_height' if settings.camera_height else (
            f'; z = 0 of {settings.scan_frame} is taken as the floor')
        self.warning = ''
        if pose is None or height_m <= 0:
            missing = (f'scale_source height needs the camera above the floor: '
                       f'{self._poses.told}: {self._poses.advice}')
        elif frame.camera is None:
            missing = 'scale_source height needs camera_info'
        else:
            missing = ''
        if missing or pose is None or frame.camera is None:
            self.warning = '' if self._poses.waiting else missing
            raise ValueError(missing)
        nearest_m = frame.estimate.range_m[0] * settings.start_scale
        finding = find_floor(frame.depth_HW, frame.camera, pose.up, height_m, nearest_m)
        if finding.factor is None:
            raise ValueError(f'no floor: {finding.reason}')
        return finding.factor, 0.0

    def values(self) -> dict[str, str]:
        """Where the camera's pose comes from, and its height over the floor."""
        return {'scale pose': self._poses.told + self._height_told}

    def close(self) -> None:
        """Stop listening to TF."""
        self._poses.close()
