"""Starts RViz with the camera's frame as its fixed frame: `ros2 run mono_depth_ros depth_rviz`.

RViz shows nothing of a frame that is not its fixed one and has no transform to it, and only the
camera driver knows the name of its frame. The arguments are those of rviz2.
"""

from __future__ import annotations

import os
import sys

from mono_depth_ros.node.stop_signals import StopSignals


def main() -> int:
    """Wait for the first depth image, then become rviz2; the exit code where it does not."""
    with StopSignals() as stop:
        try:
            program = rviz_program()
            frame = first_frame(sys.argv, stop)
        except (OSError, RuntimeError) as error:
            print(f'depth_rviz: {error}', file=sys.stderr)
            return 1
        if frame is None:
            return 0
    stop.unblock()
    os.execv(program, [program, *(['-f', frame] if frame else []), *sys.argv[1:]])


def rviz_program() -> str:
    """Path of rviz2; OSError with one sentence where it is not installed."""
    from ament_index_python.packages import get_package_prefix

    try:
        return os.path.join(get_package_prefix('rviz2'), 'lib', 'rviz2', 'rviz2')
    except LookupError as error:
        raise OSError('rviz2 is not installed: sudo apt install ros-$ROS_DISTRO-rviz2') from error


def first_frame(args: list[str], stop: StopSignals) -> str | None:
    """frame_id of the first depth/camera_info, None after a signal."""
    import rclpy
    from rclpy.executors import SingleThreadedExecutor
    from rclpy.signals import SignalHandlerOptions
    from rclpy.task import Future
    from sensor_msgs.msg import CameraInfo

    found: Future = Future()
    stop.on_request(lambda: found.set_result(None))
    rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    node = rclpy.create_node('depth_rviz')
    subscription = node.create_subscription(
        CameraInfo, 'depth/camera_info', lambda info: found.set_result(info.header.frame_id), 1)
    node.get_logger().info(
        f'RViz opens with the first message on {subscription.topic_name}, in its frame')
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    executor.spin_until_future_complete(found)
    node.destroy_node()
    rclpy.try_shutdown()
    return found.result()


if __name__ == '__main__':
    sys.exit(main())
