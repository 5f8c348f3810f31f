"""Pictures from a folder, a video file, a webcam or an address, one at a time (OpenCV; no ROS).

A source has `next()` -> rgb_HW3, which raises ValueError with one sentence for one picture that
cannot be read and EndOfFrames after the last; `rate_hz`, `live` and `close()`.
"""

from __future__ import annotations

from collections.abc import Callable
import math
from pathlib import Path
import re
import time
from typing import Any, Protocol

import cv2
import numpy as np

from mono_depth_ros.cameras.latest_capture import LatestCapture
from mono_depth_ros.image_files import (
    IMAGE_SUFFIXES,
    natural_key,
    read_image,
    read_stored_image,
)

NETWORK_RATE_HZ = 60.0
# A live source that delivers nothing is opened again after this time, and given up after that.
RETRY_S, PATIENCE_S = 0.5, 10.0


class EndOfFrames(Exception):
    """The source has no more frames."""


class Source(Protocol):
    """Interface of a source."""

    rate_hz: float
    live: bool

    def next(self) -> np.ndarray:
        """Next picture (H, W, 3) uint8 RGB."""

    def close(self) -> None:
        """Release files and devices."""


class Pictures:
    """Picture files in natural order (2 before 10), repeated with `loop`.

    Turned as their EXIF orientation says; where there is a calibration, which `fits` a width and
    height, as their pixels lie in the file if it is for those.
    """

    rate_hz, live = 10.0, False
    fits: Callable[[int, int], object] | None = None

    def __init__(self, files: list[Path], loop: bool):
        self._files, self._loop = files, loop
        self._next, self._bad_in_a_row = 0, 0

    def next(self) -> np.ndarray:
        """Next picture (H, W, 3) uint8 RGB; OSError where none of them can be read."""
        if self._next == len(self._files):
            if not self._loop:
                raise EndOfFrames
            self._next = 0
        file = self._files[self._next]
        self._next += 1
        try:
            rgb_HW3 = self._read(file)
        except ValueError:
            self._bad_in_a_row += 1
            if self._bad_in_a_row == len(self._files):
                raise OSError(f'none of the {len(self._files)} pictures in {file.parent} can be '
                              'read: check that they are images') from None
            raise
        self._bad_in_a_row = 0
        return rgb_HW3

    def _read(self, file: Path) -> np.ndarray:
        if self.fits:
            rgb_HW3 = read_stored_image(file)
            if self.fits(*rgb_HW3.shape[1::-1]):
                return rgb_HW3
        return read_image(file)

    def close(self) -> None:
        """Nothing is held open."""


class Video:
    """Frames of a video file, repeated with `loop`."""

    live = False

    def __init__(self, file: Path, loop: bool):
        self._file, self._loop, self._served = file, loop, 0
        self._capture = cv2.VideoCapture(str(file))
        if not self._capture.isOpened():
            raise OSError(f'cannot open {file}: neither a video nor a picture that OpenCV reads')
        rate_hz = self._capture.get(cv2.CAP_PROP_FPS)
        self.rate_hz = rate_hz if 0.1 <= rate_hz <= 240 else 30.0

    def next(self) -> np.ndarray:
        """Next frame (H, W, 3) uint8 RGB; OSError where the video has none."""
        found, bgr_HW3 = self._capture.read()
        if found:
            self._served += 1
            return cv2.cvtColor(bgr_HW3, cv2.COLOR_BGR2RGB)
        if not self._served:
            raise OSError(f'{self._file} holds no frame that can be decoded')
        if not self._loop:
            raise EndOfFrames
        self._served = 0
        self._capture.release()
        self._capture.open(str(self._file))
        return self.next()

    def close(self) -> None:
        """Close the file."""
        self._capture.release()


class LiveVideo:
    """Frames of a capture as they come; `name` and `advice` are for where it fails.

    `capture` opens it, a cv2.VideoCapture or what reads like one, and opens it again where it
    delivers nothing: a stream hiccups, a plug is loose for a moment.
    """

    live = True

    def __init__(self, capture: Callable[[], Any], name: str, advice: str):
        self._open, self._name = capture, name
        self._capture = capture()
        if not self._capture.isOpened():
            raise OSError(f'cannot open {name}: {advice}')
        self._failing_s = math.inf
        rate_hz = self._capture.get(cv2.CAP_PROP_FPS)
        self.rate_hz = rate_hz if 0.1 <= rate_hz <= 240 else 30.0

    def next(self) -> np.ndarray:
        """Next frame (H, W, 3) uint8 RGB.

        ValueError where there is none yet, after RETRY_S; OSError where none came for PATIENCE_S
        after the first that did not. Before that one a stream may have hung for half a minute.
        """
        found, bgr_HW3 = self._capture.read()
        if found:
            self._failing_s = math.inf
            return cv2.cvtColor(bgr_HW3, cv2.COLOR_BGR2RGB)
        now_s = time.monotonic()
        self._failing_s = min(self._failing_s, now_s)
        if now_s - self._failing_s > PATIENCE_S:
            raise OSError(f'{self._name} delivers no more pictures: check that it is connected')
        time.sleep(RETRY_S)
        self._capture.release()
        self._capture = self._open()
        raise ValueError(f'{self._name} delivers no picture: it is opened again')

    def close(self) -> None:
        """Release the device or the connection."""
        self._capture.release()


def webcam(index: int, width: int, height: int) -> LiveVideo:
    """A video device by its number, at width x height where these are not 0."""
    def capture() -> cv2.VideoCapture:
        opened = cv2.VideoCapture(index)
        if width and height:
            opened.set(cv2.CAP_PROP_FRAME_WIDTH, width)
            opened.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
        return _latest_only(opened)
    return LiveVideo(capture, f'webcam {index} (/dev/video{index})', 'check that it is plugged '
                     'in, that no other program uses it, and that you may read it (group video)')


def network_camera(address: str) -> LiveVideo:
    """A stream such as the MJPEG or RTSP of a phone's app, or a video on a server."""
    def capture() -> Any:
        opened = cv2.VideoCapture(address)
        # A video with an end waits where it is: no frame of it is late.
        return opened if opened.get(cv2.CAP_PROP_FRAME_COUNT) > 0 else LatestCapture(opened)
    live = LiveVideo(capture, address, 'check the address in a browser or with ffplay, and that '
                     'camera and computer are in one network')
    # Reading waits for a frame; the rate that a stream claims need not be its own.
    live.rate_hz = NETWORK_RATE_HZ
    return live


def _latest_only(capture: cv2.VideoCapture) -> cv2.VideoCapture:
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # the latest frame, not the oldest
    return capture


def open_source(source: str, loop: bool, width: int = 0, height: int = 0) -> Source:
    """Source of a folder of pictures, a picture, a video file, a webcam's number or an address.

    Raises OSError or ValueError with one sentence where it is missing, empty or cannot be opened.
    """
    if not source:
        raise ValueError('parameter source is empty: give a folder of pictures, a picture, a '
                         'video file, the number of a webcam or an address')
    if source.isdigit():
        return webcam(int(source), width, height)
    if re.match(r'[a-z]+://', source):
        return network_camera(source)
    path = Path(source).expanduser()
    if path.is_dir():
        return Pictures(_pictures_in(path), loop)
    if not path.exists():
        raise OSError(f'source {source} does not exist: give a folder, a file, a webcam number or '
                      'an address such as http://...')
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return Pictures([path], loop)
    return Video(path, loop)


def _pictures_in(folder: Path) -> list[Path]:
    files = [file for file in folder.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES]
    if not files:
        raise OSError(f'folder {folder} holds no picture ({", ".join(sorted(IMAGE_SUFFIXES))})')
    return sorted(files, key=natural_key)
