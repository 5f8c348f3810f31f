"""The latest frame of a stream, by stand-ins for OpenCV's capture."""

from threading import Thread

import cv2
import numpy as np
import pytest

from mono_depth_ros.cameras.latest_capture import LatestCapture


class Capture:
    """Gives what it is made of, one after the other: a number is a frame, what else is raised."""

    def __init__(self, *frames):
        self._frames, self.released = list(frames), False

    def read(self):
        found = self._frames.pop(0) if self._frames else None
        if isinstance(found, Exception):
            raise found
        return found is not None, found and np.full((2, 2, 3), found, np.uint8)

    def release(self):
        self.released = True


def test_a_picture_after_which_the_stream_ends_is_given():
    """As that of an address of one picture: it was taken for one from before a break."""
    for _ in range(50):
        stream = LatestCapture(Capture(7))
        found, picture = stream.read()
        assert found and picture[0, 0, 0] == 7
        assert stream.read() == (False, None)
        stream.release()


@pytest.mark.filterwarnings('ignore::pytest.PytestUnhandledThreadExceptionWarning')
def test_what_reading_raises_is_an_end_of_the_stream():
    """Whoever read waited for ever, so that no signal ended the process."""
    capture, told = Capture(cv2.error('no memory for a picture')), []
    stream = LatestCapture(capture)
    reader = Thread(target=lambda: told.append(stream.read()), daemon=True)
    reader.start()
    reader.join(10)
    assert told == [(False, None)]
    stream.release()
    assert capture.released
