"""Camera node for existing images: a folder of pictures, a video, a webcam or an address."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from mono_depth_ros.cameras.calibration import (
    Calibration,
    files_of_calibration,
    load_calibration,
)
from mono_depth_ros.cameras.camera_node import CameraNode, FRAME_ID, RELIABILITY, run_camera
from mono_depth_ros.cameras.frame_sources import EndOfFrames, open_source, Pictures, Source
from mono_depth_ros.node.interface.parameters import Parameter
from mono_depth_ros.node.process import one_line
from mono_depth_ros.node.stop_signals import StopSignals

PARAMETERS = (
    Parameter(
        name='source', default='', pattern='.*', settable='start',
        description='Folder of pictures, one picture, video file, number of a webcam, or address '
                    'of a stream such as http://...'),
    Parameter(
        name='rate_hz', default=0.0, least=0.0, most=120.0,
        description='Pictures a second; 0: the rate of the video or webcam, 10 for pictures.'),
    Parameter(
        name='loop', default=True, settable='start',
        description='Start again at the end; false: the node ends there with exit code 0.'),
    Parameter(
        name='camera_info_file', default='', pattern='.*', settable='start',
        description='Calibration (ROS YAML or camera.json); empty: one that lies with the source '
                    'or one folder up, else uncalibrated.'),
    Parameter(
        name='width', default=0, least=0, most=8192, settable='start',
        description='Width in pixels to resize to; 0: native, or what fits the height.'),
    Parameter(
        name='height', default=0, least=0, most=8192, settable='start',
        description='Height in pixels to resize to; 0: native, or what fits the width.'),
    FRAME_ID,
    RELIABILITY,
)


class FileCamera(CameraNode):
    """Publishes pictures as a camera would; files wait for a subscriber."""

    def __init__(self, **kwargs):
        super().__init__('file_camera', PARAMETERS, **kwargs)
        self._source: Source
        self._calibration: Calibration | None = None

    def open(self) -> float:
        """Open source and calibration; the rate in Hz."""
        values = self.values
        self._source = open_source(
            values['source'], values['loop'], values['width'], values['height'])
        self._calibration = self._load_calibration()
        if isinstance(self._source, Pictures) and self._calibration:
            self._source.fits = self._calibration.fitted
        rate_hz = values['rate_hz'] or self.own_rate()
        self.get_logger().info(f'{values["source"]} at {rate_hz:g} Hz')
        return rate_hz

    def own_rate(self) -> float:
        """Rate of the source itself in Hz."""
        return min(self._source.rate_hz, 120.0)

    def serve(self) -> None:
        """Publish the next picture; one that cannot be read is skipped with a warning."""
        if not self._source.live and not self.images.get_subscription_count():
            return
        try:
            rgb_HW3 = self._source.next()
        except EndOfFrames:
            self.get_logger().info('end of the source')
            self.end()
            return
        except ValueError as error:
            self.get_logger().warning(one_line(error))
            return
        rgb_HW3, calibration = self._sized(rgb_HW3)
        self.publish(rgb_HW3, calibration, self.header())

    def close(self) -> None:
        """Release the source."""
        self._source.close()

    def _load_calibration(self) -> Calibration | None:
        given, source = self.values['camera_info_file'], self.values['source']
        if given:
            return self._checked(load_calibration(given))
        path = Path(source).expanduser()
        for file in () if self._source.live else files_of_calibration(
                path if path.is_dir() else path.parent):
            try:
                calibration = load_calibration(file)
            except (OSError, ValueError) as error:  # nobody has given it
                self.get_logger().warning(f'{one_line(error)}; it is passed over')
                continue
            self.get_logger().info(f'calibration {file}')
            return self._checked(calibration)
        self.get_logger().warning(
            'no calibration found: camera_info goes out uncalibrated; give camera_info_file')
        return None

    def _checked(self, calibration: Calibration) -> Calibration:
        for sentence in (calibration.no_points, *calibration.doubts):
            if sentence:
                self.get_logger().warning(f'calibration: {sentence}')
        return calibration

    def _sized(self, rgb_HW3: np.ndarray) -> tuple[np.ndarray, Calibration | None]:
        """Picture resized to the requested size, and the calibration of that size."""
        height, width = rgb_HW3.shape[:2]
        calibration = self._fitted(width, height)
        size = target_size(width, height, self.values['width'], self.values['height'])
        if size == (width, height):
            return rgb_HW3, calibration
        method = cv2.INTER_AREA if size[0] < width else cv2.INTER_LINEAR
        return (cv2.resize(rgb_HW3, size, interpolation=method),
                calibration.resized_by(size[0] / width, size[1] / height) if calibration else None)

    def _fitted(self, width: int, height: int) -> Calibration | None:
        """The calibration for a picture of this size, as it is where its shape is another."""
        calibration = self._calibration and self._calibration.fitted(width, height)
        if calibration or not self._calibration:
            return calibration
        camera = self._calibration.camera
        self.get_logger().warning(
            f'a picture of {width}x{height} does not have the shape of the calibration '
            f'({camera.width}x{camera.height}): its camera_info is good for the focal length only',
            throttle_duration_sec=10.0)
        return self._calibration


def target_size(width: int, height: int, asked_width: int, asked_height: int) -> tuple[int, int]:
    """(width, height) in pixels to resize to; one 0 keeps the aspect ratio, two keep the size."""
    if not asked_width and not asked_height:
        return width, height
    return (asked_width or max(1, round(width * asked_height / height)),
            asked_height or max(1, round(height * asked_width / width)))


def main(args: list[str], stop: StopSignals) -> int:
    """Run the camera until its end or a signal; the exit code of the process."""
    return run_camera('file_camera', FileCamera, PARAMETERS, args, stop)
