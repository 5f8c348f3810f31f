"""Starts depth_node and, with use_rviz:=true, RViz.

ros2 launch mono_depth_ros depth.launch.py image_topic:=/camera/image_raw use_rviz:=true
"""

import os

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue


def arguments():
    """Every launch argument with its default and what it is for."""
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
            'namespace', default_value='', description='Namespace of the node and its topics.'),
        DeclareLaunchArgument(
            'model_file', default_value='',
            description='Name or path of the model; empty: as params_file says.'),
        DeclareLaunchArgument(
            'autostart', default_value='',
            description='Configure and activate at start; empty: as params_file says.'),
        DeclareLaunchArgument(
            'use_sim_time', default_value='',
            description='Take the time from /clock; empty: as params_file says.'),
        DeclareLaunchArgument(
            'log_level', default_value='info', description='debug, info, warn, error or fatal.'),
        DeclareLaunchArgument('use_rviz', default_value='false', description='Open RViz too.'),
        DeclareLaunchArgument(
            'rviz_config', default_value=os.path.join(config, 'depth.rviz'),
            description='What RViz shows.'),
    ]


def given(context, name):
    """Value of one launch argument, '' where it was left empty."""
    return LaunchConfiguration(name).perform(context)


def override(context, name, kind):
    """Parameter that stands above params_file, none where the argument was left empty."""
    value = ParameterValue(LaunchConfiguration(name), value_type=kind)
    return {name: value} if given(context, name) else {}


def nodes(context):
    """Build the nodes once the arguments have values, since empty ones are left out."""
    image_topic = given(context, 'image_topic')
    info_topic = given(context, 'camera_info_topic') or (
        image_topic.rpartition('/')[0] + '/camera_info' if '/' in image_topic else 'camera_info')
    remappings = [('image_raw', image_topic), ('camera_info', info_topic)]
    sim_time = override(context, 'use_sim_time', bool)
    overrides = {
        **override(context, 'model_file', str), **override(context, 'autostart', bool),
        **sim_time}
    namespace = LaunchConfiguration('namespace')
    return [
        # First, so that a machine without RViz says so before anything runs. The topics in
        # depth.rviz are relative: they follow namespace and remappings.
        Node(
            package='rviz2', executable='rviz2', namespace=namespace, remappings=remappings,
            parameters=[sim_time], arguments=['-d', LaunchConfiguration('rviz_config')],
            condition=IfCondition(LaunchConfiguration('use_rviz')), output='screen'),
        Node(
            package='mono_depth_ros', executable='depth_node', name='depth_node',
            namespace=namespace, remappings=remappings,
            parameters=[LaunchConfiguration('params_file'), overrides],
            ros_arguments=['--log-level', LaunchConfiguration('log_level')],
            output='screen', emulate_tty=True),
    ]


def generate_launch_description():
    """What ros2 launch asks for."""
    return LaunchDescription([*arguments(), OpaqueFunction(function=nodes)])
