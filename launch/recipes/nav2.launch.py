"""Nav2 with obstacles from depth_node, on a robot whose camera runs already.

ros2 launch mono_depth_ros nav2.launch.py image_topic:=/camera/image_raw nav2_params:=nav2.yaml \\
    params_file:=depth_nav2.yaml
"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, GroupAction, IncludeLaunchDescription
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare


def generate_launch_description():
    """What ros2 launch asks for."""
    depth = IncludeLaunchDescription(
        PathJoinSubstitution([FindPackageShare('mono_depth_ros'), 'launch', 'depth.launch.py']))
    # Groups of their own: both files have arguments called params_file and autostart.
    navigation = GroupAction([IncludeLaunchDescription(
        PathJoinSubstitution([
            FindPackageShare('nav2_bringup'), 'launch', 'navigation_launch.py']),
        launch_arguments={'params_file': LaunchConfiguration('nav2_params')}.items())])
    mounting = Node(
        package='tf2_ros', executable='static_transform_publisher',
        condition=IfCondition(LaunchConfiguration('camera_transform')), arguments=[
            # From the base to an optical frame that looks ahead: z forward, y down.
            '--x', LaunchConfiguration('camera_x'), '--z', LaunchConfiguration('camera_z'),
            '--roll', '-1.5708', '--yaw', '-1.5708', '--frame-id', 'base_link',
            '--child-frame-id', LaunchConfiguration('camera_frame')])
    return LaunchDescription([
        DeclareLaunchArgument(
            'nav2_params', description='Parameters of Nav2, with points in its costmap.'),
        DeclareLaunchArgument(
            'camera_transform', default_value='true',
            description='Publish the transform of the camera; false where the URDF has it.'),
        DeclareLaunchArgument(
            'camera_frame', default_value='camera_optical_frame',
            description='Frame of the images, as their header says.'),
        DeclareLaunchArgument(
            'camera_x', default_value='0.1', description='Metres ahead of base_link.'),
        DeclareLaunchArgument(
            'camera_z', default_value='0.3', description='Metres above base_link.'),
        mounting, GroupAction([depth]), navigation])
