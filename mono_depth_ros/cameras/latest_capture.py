"""The latest frame of a stream, however seldom it is asked for (OpenCV; no ROS)."""

from __future__ import annotations

from threading import Condition, Thread

import cv2
import numpy as np


class LatestCapture:
    """A cv2.VideoCapture read all the time by a thread of its own, from the first `read` on.

    What is not read waits on its way, in sockets and buffers: read at 5 Hz, a stream of 30 Hz was
    soon 4 s old. Call `release` before the process ends.
    """

    def __init__(self, capture: cv2.VideoCapture):
        self._capture = capture
        self._latest: np.ndarray | None = None
        self._ended = self._waiting = False
        self._changed = Condition()
        self._thread: Thread | None = None

    def isOpened(self) -> bool:  # noqa: N802 (as OpenCV has it)
        """Whether the stream could be opened."""
        return self._capture.isOpened()

    def get(self, what: int) -> float:
        """A property, one of cv2.CAP_PROP_...; before the first `read`."""
        return self._capture.get(what)

    def read(self) -> tuple[bool, np.ndarray | None]:
        """Whether there is a frame, and the latest, once each; waits for one while none is new."""
        with self._changed:
            self._waiting = True
            if self._thread is None:
                self._thread = Thread(target=self._run, name='latest-capture')
                self._thread.start()
            self._changed.wait_for(lambda: self._latest is not None or self._ended)
            self._waiting = False
            latest, self._latest = self._latest, None
        return latest is not None, latest

    def release(self) -> None:
        """End the thread with the frame it waits for, and close the stream."""
        self._ended = True
        if self._thread:
            self._thread.join()
        self._capture.release()

    def _run(self) -> None:
        try:
            found = True
            while found and not self._ended:
                found, frame = self._capture.read()
                if found:
                    with self._changed:
                        self._latest = frame
                        self._changed.notify()
        finally:  # whatever reading raises, nobody waits for more for ever
            with self._changed:
                self._ended = True
                if not self._waiting:  # one from before a break is old, if nobody is to take it
                    self._latest = None
                self._changed.notify()
