"""OAK cameras by depthai_ros_driver: depth from the colour image alone.

ros2 launch mono_depth_ros oak.launch.py use_rviz:=true
"""

from launch import LaunchDescription
from launch.actions import GroupAction, IncludeLaunchDescription
from launch.substitutions import PathJoinSubstitution
from launch_ros.substitutions import FindPackageShare


def generate_launch_description():
    """What ros2 launch asks for."""
    depth = IncludeLaunchDescription(
        PathJoinSubstitution([FindPackageShare('mono_depth_ros'), 'launch', 'depth.launch.py']),
        launch_arguments={'image_topic': '/oak/rgb/image_raw', 'namespace': 'mono'}.items())
    # A group of its own: depth.launch.py has arguments of the same names.
    driver = FindPackageShare('depthai_ros_driver')
    camera = GroupAction([IncludeLaunchDescription(
        PathJoinSubstitution([driver, 'launch', 'camera.launch.py']),
        launch_arguments={
            'name': 'oak', 'use_rviz': 'false', 'rectify_rgb': 'false',
            'params_file': PathJoinSubstitution([driver, 'config', 'camera.yaml'])}.items())])
    return LaunchDescription([camera, depth])
