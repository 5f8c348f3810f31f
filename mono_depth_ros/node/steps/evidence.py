"""What every source of evidence for the scale is."""

from __future__ import annotations

from mono_depth_ros.node.interface.frame import Frame
from mono_depth_ros.node.interface.stream_part import StreamPart
from mono_depth_ros.scale.slow_factor import Caution


class Evidence(StreamPart):
    """One source: `caution` with what it says; `expected`: none for a while is to be warned of."""

    caution, expected = Caution(), True

    def look(self, frame: Frame) -> tuple[float, float]:
        """Factor and offset (m) for the shown depth; ValueError with why there is none."""
        raise NotImplementedError

    def forget(self) -> None:
        """Release what was kept of its topics: another source is asked for."""
