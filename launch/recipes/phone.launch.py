"""A phone as camera: an app that serves MJPEG or RTSP, read by file_camera.

ros2 launch mono_depth_ros phone.launch.py url:=http://192.168.1.20:8080/video
"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare


def generate_launch_description():
    """What ros2 launch asks for."""
    depth = IncludeLaunchDescription(
        PathJoinSubstitution([FindPackageShare('mono_depth_ros'), 'launch', 'depth.launch.py']),
        launch_arguments={'image_topic': '/phone/image_raw'}.items())
    camera = Node(
        package='mono_depth_ros', executable='file_camera', name='camera', namespace='phone',
        output='screen', parameters=[{
            'source': ParameterValue(LaunchConfiguration('url'), value_type=str),
            'camera_info_file': ParameterValue(
                LaunchConfiguration('calibration'), value_type=str), 'height': 480}])
    return LaunchDescription([
        DeclareLaunchArgument('url', description='Address that the app shows.'),
        DeclareLaunchArgument(
            'calibration', default_value='',
            description='Camera YAML or camera.json of the phone; empty: uncalibrated.'),
        camera, depth])
