"""Names of coordinate frames (no ROS import here)."""


def frame_name(frame_id: str) -> str:
    """The name by which tf2 knows a frame_id: without the slash that ROS 1 put before it.

    Recordings converted from ROS 1 still have it, and tf2 refuses to be asked for such a name.
    """
    return frame_id.lstrip('/')
