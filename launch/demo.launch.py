"""Starts a simulated or file camera, depth_node and RViz.

ros2 launch mono_depth_ros demo.launch.py world:=street model_file:=outdoor
ros2 launch mono_depth_ros demo.launch.py source:=/path/to/photographs
"""

import os

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    IncludeLaunchDescription,
    OpaqueFunction,
    SetEnvironmentVariable,
)
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import EnvironmentVariable, LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue


def profile_variable():
    """Name of the variable by which this distribution's Fast DDS finds its profiles."""
    old = os.environ.get('ROS_DISTRO') in ('humble', 'iron', 'jazzy')
    return f'{"FASTRTPS" if old else "FASTDDS"}_DEFAULT_PROFILES_FILE'


def camera(context):
    """Build the camera: files where there is a source, else a simulated world."""
    name = 'source' if LaunchConfiguration('source').perform(context) else 'world'
    parameters = {
        name: ParameterValue(LaunchConfiguration(name), value_type=str),
        'rate_hz': ParameterValue(LaunchConfiguration('rate_hz'), value_type=float)}
    return [Node(
        package='mono_depth_ros', executable='file_camera' if name == 'source' else 'sim_camera',
        name='camera', namespace=LaunchConfiguration('namespace'), parameters=[parameters],
        output='screen', emulate_tty=True)]


def generate_launch_description():
    """What ros2 launch asks for; depth.launch.py's other arguments pass through."""
    share = get_package_share_directory('mono_depth_ros')
    profile = os.path.join(share, 'config', 'fastdds_large_data.xml')
    variable = profile_variable()
    depth = PythonLaunchDescriptionSource(os.path.join(share, 'launch', 'depth.launch.py'))
    return LaunchDescription([
        DeclareLaunchArgument(
            'world', default_value='room', description='room, street or recording.'),
        DeclareLaunchArgument(
            'source', default_value='',
            description='Folder of images, video file or webcam number instead of a world.'),
        DeclareLaunchArgument('rate_hz', default_value='5.0', description='Images a second.'),
        DeclareLaunchArgument(
            'namespace', default_value='', description='Namespace of everything.'),
        DeclareLaunchArgument('use_rviz', default_value='true', description='Open RViz.'),
        SetEnvironmentVariable(variable, EnvironmentVariable(variable, default_value=profile)),
        IncludeLaunchDescription(depth, launch_arguments=[
            (name, LaunchConfiguration(name)) for name in ('namespace', 'use_rviz')]),
        OpaqueFunction(function=camera),
    ])
