"""RealSense: depth from its colour image alone, beside or instead of its own depth.

ros2 launch mono_depth_ros realsense.launch.py use_rviz:=true
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
        launch_arguments={
            'image_topic': '/camera/camera/color/image_raw', 'namespace': 'mono'}.items())
    camera = Node(
        package='realsense2_camera', executable='realsense2_camera_node', namespace='camera',
        name='camera', output='screen', parameters=[{
            'enable_color': True, 'enable_depth': False,
            'rgb_camera.color_profile': '640x480x30'}])
    return LaunchDescription([camera, depth])
