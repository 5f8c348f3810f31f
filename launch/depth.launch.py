"""Starts depth_node and, with use_rviz:=true, RViz.

ros2 launch mono_depth_ros depth.launch.py image_topic:=/camera/image_raw use_rviz:=true
"""

import os

from ament_index_python.packages import get_package_prefix, get_package_share_directory
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from mono_depth_ros.message_formats.topic_names import info_topic_beside
from mono_depth_ros.node.parameter_files import check_remappings

BOOLEANS = ['true', 'false', 'True', 'False']
LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'fatal']


def arguments():
    """Every launch argument with its default, what it may be and what it is for."""
    config = os.path.join(get_package_share_directory('mono_depth_ros'), 'config')
    return [
        DeclareLaunchArgument(
            'params_file', default_value=os.path.join(config, 'depth.yaml'),
            description='Parameters of depth_node, YAML.'),
        DeclareLaunchArgument(
            'image_topic', default_value='image_raw', description='Camera images.'),
        DeclareLaunchArgument(
            'camera_info_topic', default_value='',
            description='Camera calibration; empty: camera_info beside image_topic.'),
        DeclareLaunchArgument(
            'imu_topic', default_value='imu', description='Gravity, while tilt_source is imu.'),
        DeclareLaunchArgument(
            'sensor_depth_topic', default_value='sensor_depth',
            description='Depth of a sensor, whose holes depth/filled fills.'),
        DeclareLaunchArgument(
            'reference_depth_topic', default_value='reference/depth',
            description='Depth of a sensor, for scale_source reference.'),
        DeclareLaunchArgument(
            'reference_points_topic', default_value='reference/points',
            description='Points of a sensor, for scale_source reference.'),
        DeclareLaunchArgument(
            'reference_scan_topic', default_value='reference/scan',
            description='A scan, for scale_source reference.'),
        DeclareLaunchArgument(
            'scan_topic', default_value='scan',
            description='The scan made of depth; not the topic of a lidar.'),
        DeclareLaunchArgument(
            'namespace', default_value='', description='Namespace of the node and its topics.'),
        DeclareLaunchArgument(
            'model_file', default_value='',
            description='Name or path of the model; empty: as params_file says.'),
        DeclareLaunchArgument(
            'autostart', default_value='', choices=['', *BOOLEANS],
            description='Configure and activate at start; empty: as params_file says.'),
        DeclareLaunchArgument(
            'use_sim_time', default_value='', choices=['', *BOOLEANS],
            description='Take the time from /clock; empty: as params_file says.'),
        DeclareLaunchArgument(
            'log_level', default_value='info', choices=LOG_LEVELS,
            description='Least serious messages to print.'),
        DeclareLaunchArgument(
            'use_rviz', default_value='false', choices=BOOLEANS, description='Open RViz too.'),
        DeclareLaunchArgument(
            'rviz_config', default_value=os.path.join(config, 'depth.rviz'),
            description='What RViz shows.'),
        DeclareLaunchArgument(
            'fixed_frame', default_value='',
            description='Fixed frame of RViz; empty: the frame of the camera, once depth comes.'),
    ]


def given(context, name):
    """Value of one launch argument, '' where it was left empty."""
    return LaunchConfiguration(name).perform(context)


def given_file(context, name):
    """Path of one launch argument; RuntimeError with one sentence where it is no file."""
    path = given(context, name)
    if not os.path.isfile(path):
        raise RuntimeError(f'launch argument {name} must be a file, got {path!r}')
    return path


def override(context, name, kind):
    """Parameter that stands above params_file, none where the argument was left empty."""
    value = ParameterValue(LaunchConfiguration(name), value_type=kind)
    return {name: value} if given(context, name) else {}


def rviz(context, **common):
    """Build RViz in the fixed frame; none without use_rviz, RuntimeError without rviz2."""
    if given(context, 'use_rviz').lower() != 'true':
        return []
    try:
        get_package_prefix('rviz2')
    except LookupError as error:
        raise RuntimeError('use_rviz:=true needs RViz: sudo apt install '
                           f'ros-{os.environ.get("ROS_DISTRO", "DISTRO")}-rviz2') from error
    words, frame = ['-d', given_file(context, 'rviz_config')], given(context, 'fixed_frame')
    if frame:
        return [Node(package='rviz2', executable='rviz2', arguments=[*words, '-f', frame],
                     output='screen', **common)]
    return [Node(package='mono_depth_ros', executable='depth_rviz', arguments=words,
                 output='screen', **common)]


def nodes(context):
    """Build the nodes once the arguments have values, since empty ones are left out."""
    image_topic = given(context, 'image_topic')
    info_topic = given(context, 'camera_info_topic') or info_topic_beside(image_topic)
    remappings = [('image_raw', image_topic), ('camera_info', info_topic),
                  ('imu', given(context, 'imu_topic')),
                  ('sensor_depth', given(context, 'sensor_depth_topic')),
                  ('reference/depth', given(context, 'reference_depth_topic')),
                  ('reference/points', given(context, 'reference_points_topic')),
                  ('reference/scan', given(context, 'reference_scan_topic')),
                  ('scan', given(context, 'scan_topic'))]
    params_file = given_file(context, 'params_file')
    check_remappings(params_file, remappings)
    sim_time = override(context, 'use_sim_time', bool)
    overrides = {
        **override(context, 'model_file', str), **override(context, 'autostart', bool),
        **sim_time}
    namespace = LaunchConfiguration('namespace')
    return [
        # First, so that a machine without RViz says so before anything runs. The topics in
        # depth.rviz are relative: they follow namespace and remappings.
        *rviz(context, namespace=namespace, remappings=remappings, parameters=[sim_time]),
        Node(
            package='mono_depth_ros', executable='depth_node', name='depth_node',
            namespace=namespace, remappings=remappings,
            parameters=[params_file, overrides],
            ros_arguments=['--log-level', LaunchConfiguration('log_level')],
            output='screen', emulate_tty=True),
    ]


def generate_launch_description():
    """What ros2 launch asks for."""
    return LaunchDescription([*arguments(), OpaqueFunction(function=nodes)])
