"""Executables of the cameras: `ros2 run mono_depth_ros file_camera`, or python -m of this room.

python -m mono_depth_ros.cameras file_camera|sim_camera [--ros-args ...]
"""

import sys

from mono_depth_ros.node.stop_signals import StopSignals


def file_camera() -> int:
    """Run file_camera until its end or a signal; the exit code of the process."""
    with StopSignals() as stop:  # before the imports that take a second
        from mono_depth_ros.cameras.file_camera import main

        return main(sys.argv, stop)


def sim_camera() -> int:
    """Run sim_camera until a signal comes; the exit code of the process."""
    with StopSignals() as stop:
        from mono_depth_ros.cameras.sim_camera import main

        return main(sys.argv, stop)


def by_name() -> int:
    """Run the camera that the first argument names."""
    cameras = {'file_camera': file_camera, 'sim_camera': sim_camera}
    name = sys.argv.pop(1) if len(sys.argv) > 1 else ''
    if name not in cameras:
        usage = f'usage: python -m mono_depth_ros.cameras {"|".join(cameras)} [--ros-args ...]'
        if name in ('-h', '--help'):
            print(f'{usage}\n`{next(iter(cameras))} --help` tells the parameters of one')
            return 0
        print(f'{usage}\nwhich camera? got {name!r}', file=sys.stderr)
        return 2
    return cameras[name]()


if __name__ == '__main__':
    sys.exit(by_name())
