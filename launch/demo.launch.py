"""Starts a simulated or file camera, depth_node and RViz.

ros2 launch mono_depth_ros demo.launch.py world:=street model_file:=outdoor
ros2 launch mono_depth_ros demo.launch.py source:=/path/to/photographs
"""

import os

from ament_index_python.packages import get_package_prefix, get_package_share_directory
from launch import LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    IncludeLaunchDescription,
    OpaqueFunction,
    SetEnvironmentVariable,
    Shutdown,
)
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import EnvironmentVariable, LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from mono_depth_ros.demo.processes import profile_variable
from mono_depth_ros.message_formats.topic_names import info_topic_beside

# rate_hz of a camera that is not told one; 0 of files: as the video or webcam has it.
OWN_RATE_HZ = {'world': 5.0, 'source': 0.0}


def default_of_use_rviz():
    """'true' where RViz is installed, else 'false'."""
    try:
        get_package_prefix('rviz2')
    except LookupError:
        return 'false'
    return 'true'


def number(context, name):
    """Value of a launch argument, 0 where it was left empty; RuntimeError where it is none."""
    text = LaunchConfiguration(name).perform(context)
    try:
        return float(text or 0)
    except ValueError as error:
        raise RuntimeError(f'launch argument {name} must be a number, got {text!r}') from error


def camera(context):
    """Build the camera: files where there is a source, else a simulated world.

    It publishes where depth_node listens, and its end is that of the launch.
    """
    name = 'source' if LaunchConfiguration('source').perform(context) else 'world'
    rate_hz = number(context, 'rate_hz') or OWN_RATE_HZ[name]
    image_topic = LaunchConfiguration('image_topic').perform(context)
    info_topic = (LaunchConfiguration('camera_info_topic').perform(context)
                  or info_topic_beside(image_topic))
    remappings = [('image_raw', image_topic), ('camera_info', info_topic)]
    return [Node(
        package='mono_depth_ros', executable='file_camera' if name == 'source' else 'sim_camera',
        name='camera', namespace=LaunchConfiguration('namespace'), remappings=remappings,
        parameters=[{
            name: ParameterValue(LaunchConfiguration(name), value_type=str),
            'rate_hz': rate_hz}],
        on_exit=Shutdown(reason='the camera has ended'), output='screen', emulate_tty=True)]


def generate_launch_description():
    """What ros2 launch asks for; depth.launch.py's other arguments pass through."""
    share = get_package_share_directory('mono_depth_ros')
    profile = os.path.join(share, 'config', 'fastdds_large_data.xml')
    variable = profile_variable()
    depth = PythonLaunchDescriptionSource(os.path.join(share, 'launch', 'depth.launch.py'))
    return LaunchDescription([
        DeclareLaunchArgument(
            'world', default_value='room', choices=['room', 'street', 'recording'],
            description='Simulated world, where there is no source.'),
        DeclareLaunchArgument(
            'source', default_value='',
            description='Folder of images, video file or webcam number instead of a world.'),
        DeclareLaunchArgument(
            'rate_hz', default_value='',
            description='Images a second; empty: 5 of a world, its own of a video or webcam.'),
        DeclareLaunchArgument(
            'image_topic', default_value='image_raw',
            description='Images, from the camera to depth_node.'),
        DeclareLaunchArgument(
            'camera_info_topic', default_value='',
            description='Calibration; empty: camera_info beside image_topic.'),
        DeclareLaunchArgument(
            'namespace', default_value='', description='Namespace of everything.'),
        DeclareLaunchArgument(
            'use_rviz', default_value=default_of_use_rviz(),
            description='Open RViz; without it true where RViz is installed.'),
        SetEnvironmentVariable(variable, EnvironmentVariable(variable, default_value=profile)),
        # First, so that a wrong argument is said before anything runs.
        OpaqueFunction(function=camera),
        IncludeLaunchDescription(depth, launch_arguments=[
            (name, LaunchConfiguration(name))
            for name in ('namespace', 'use_rviz', 'image_topic', 'camera_info_topic')]),
    ])
