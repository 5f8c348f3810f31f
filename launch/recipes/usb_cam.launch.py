"""A USB camera by usb_cam, calibrated with camera_calibration.

ros2 launch mono_depth_ros usb_cam.launch.py calibration:=file:///home/me/camera.yaml
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
        launch_arguments={'image_topic': '/camera/image_raw'}.items())
    camera = Node(
        package='usb_cam', executable='usb_cam_node_exe', namespace='camera', output='screen',
        parameters=[{
            'video_device': ParameterValue(LaunchConfiguration('video_device'), value_type=str),
            'camera_info_url': ParameterValue(
                LaunchConfiguration('calibration'), value_type=str),
            'frame_id': 'camera_optical_frame',
            'pixel_format': LaunchConfiguration('pixel_format'),
            'image_width': 640, 'image_height': 480, 'framerate': 30.0}])
    return LaunchDescription([
        DeclareLaunchArgument(
            'video_device', default_value='/dev/video0', description='Video device.'),
        DeclareLaunchArgument(
            'calibration', default_value='',
            description='URL of a camera YAML, as file:///...; empty: uncalibrated.'),
        DeclareLaunchArgument(
            'pixel_format', default_value='mjpeg2rgb',
            description='yuyv2rgb for a camera without MJPEG.'),
        camera, depth])
