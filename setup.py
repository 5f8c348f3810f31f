"""Package build: Python modules, model, launch and config files where ros2 looks for them."""

from glob import glob

from setuptools import find_packages, setup
from setuptools.command.develop import develop

NAME = 'mono_depth_ros'


class Develop(develop):
    """What `colcon build --symlink-install` runs; it names the Python that it runs in."""

    def write_script(self, script_name, contents, *more):
        """Write a script with the first line that setup.cfg gives to those of `build`."""
        executable = self.get_finalized_command('build_scripts').executable
        rest = contents.partition('\n')[2]
        super().write_script(script_name, f'#!{executable}\n{rest}', *more)


# No ROS package is named in install_requires: on PyPI those names are other projects, or none.
# `train` is an offline tool of the checkout and is not installed.
setup(
    name=NAME,
    version='0.1.0',
    cmdclass={'develop': Develop},
    packages=find_packages(include=[NAME, f'{NAME}.*']),
    package_data={NAME: ['models/*', 'recordings/*']},
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{NAME}']),
        (f'share/{NAME}', ['package.xml']),
        (f'share/{NAME}/launch', sorted(glob('launch/*.launch.py'))),
        (f'share/{NAME}/launch/recipes', sorted(glob('launch/recipes/*.launch.py'))),
        (f'share/{NAME}/config', sorted(glob('config/*'))),
    ],
    install_requires=['setuptools'],
    extras_require={'test': ['pytest']},
    zip_safe=False,
    maintainer='mono_depth_ros maintainers',
    maintainer_email='mono-depth-ros@example.org',
    description='Metric depth images and point clouds from one ordinary camera.',
    license='Apache-2.0',
    entry_points={
        'console_scripts': [
            f'calibrate_depth = {NAME}.tools.calibrate_depth.__main__:main',
            f'depth_node = {NAME}.depth_node:main',
            f'depth_bag = {NAME}.tools.depth_bag.__main__:main',
            f'depth_rviz = {NAME}.tools.depth_rviz:main',
            f'file_camera = {NAME}.cameras.__main__:file_camera',
            f'rerun_view = {NAME}.tools.rerun_view.__main__:main',
            f'sim_camera = {NAME}.cameras.__main__:sim_camera',
        ],
    },
)
