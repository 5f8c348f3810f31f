"""Gazebo: a camera sensor with <topic>camera/image_raw</topic>, through ros_gz_bridge.

ros2 launch mono_depth_ros gazebo.launch.py
"""

from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription
from launch.substitutions import PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare


def generate_launch_description():
    """What ros2 launch asks for."""
    depth = IncludeLaunchDescription(
        PathJoinSubstitution([FindPackageShare('mono_depth_ros'), 'launch', 'depth.launch.py']),
        launch_arguments={'image_topic': '/camera/image_raw', 'use_sim_time': 'true'}.items())
    bridge = Node(
        package='ros_gz_bridge', executable='parameter_bridge', output='screen', arguments=[
            '/camera/image_raw@sensor_msgs/msg/Image[gz.msgs.Image',
            '/camera/camera_info@sensor_msgs/msg/CameraInfo[gz.msgs.CameraInfo',
            '/clock@rosgraph_msgs/msg/Clock[gz.msgs.Clock'])
    return LaunchDescription([bridge, depth])
