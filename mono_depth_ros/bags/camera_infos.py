"""The camera_info of a recorded topic over time."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass
class CameraInfos:
    """Every serialised camera_info that differs from the one before, with its stamp in ns."""

    stamps_ns: list[int] = field(default_factory=list)
    messages: list[bytes] = field(default_factory=list)

    def add(self, stamp_ns: int, message: bytes) -> None:
        """Keep a camera_info, in order of time, unless it says what the last one said."""
        if not self.messages or self.messages[-1][12:] != message[12:]:  # all but the stamp
            self.stamps_ns.append(stamp_ns)
            self.messages.append(message)

    def in_force(self, stamp_ns: int) -> bytes:
        """The last that is not later than an image's stamp, else the first; one must be there."""
        place = int(np.searchsorted(self.stamps_ns, stamp_ns, 'right')) - 1
        return self.messages[max(place, 0)]
