"""RTAB-Map with the depth of depth_node, from rectified images.

ros2 launch mono_depth_ros rtabmap.launch.py image_topic:=/camera/image_rect
"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, GroupAction, IncludeLaunchDescription
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.substitutions import FindPackageShare


def generate_launch_description():
    """What ros2 launch asks for."""
    depth = IncludeLaunchDescription(
        PathJoinSubstitution([FindPackageShare('mono_depth_ros'), 'launch', 'depth.launch.py']),
        launch_arguments={'image_topic': LaunchConfiguration('image_topic')}.items())
    mapping = GroupAction([IncludeLaunchDescription(
        PathJoinSubstitution([FindPackageShare('rtabmap_launch'), 'launch', 'rtabmap.launch.py']),
        launch_arguments={
            'rgb_topic': LaunchConfiguration('image_topic'), 'depth_topic': '/depth/image',
            'camera_info_topic': '/depth/camera_info',
            'frame_id': LaunchConfiguration('robot_frame'),
            # Depth has the stamp of its image.
            'approx_sync': 'false', 'qos': '1'}.items())])
    return LaunchDescription([
        DeclareLaunchArgument(
            'image_topic', default_value='/camera/image_rect', description='Rectified images.'),
        DeclareLaunchArgument(
            'robot_frame', default_value='base_link',
            description='Frame of the robot, with a transform to that of the camera.'),
        GroupAction([depth]), mapping])
