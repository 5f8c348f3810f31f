"""Header stamps in nanoseconds, of messages and of serialised messages (no ROS import here)."""

from __future__ import annotations

import struct


def stamp_ns(stamp) -> int:
    """Nanoseconds of a builtin_interfaces/Time; negative seconds, which rclpy refuses, too."""
    return stamp.sec * 10**9 + stamp.nanosec


def serialised_stamp_ns(data: bytes) -> int:
    """Header stamp in ns of a serialised message that begins with a std_msgs/Header."""
    order = '<' if data[1] & 1 else '>'  # the CDR encapsulation names the byte order
    seconds, nanoseconds = struct.unpack_from(f'{order}iI', data, 4)
    return seconds * 10**9 + nanoseconds
