"""The parameters of what is made from depth for a robot: points, scan, the camera's pose."""

from __future__ import annotations

import math

from mono_depth_ros.node.interface.parameter import Parameter

GEOMETRY_PARAMETERS = (
    Parameter(
        name='points.max_edge_jump', default=0.0, least=0.0, most=10.0,
        description='Points and scan leave out pixels at edges where depth jumps by more than '
                    'this share of itself, such as 0.1. 0: off.'),
    Parameter(
        name='points.clear_at_max', default=False,
        description='Pixels beyond the depth range become points at its end, so that a costmap '
                    'clears the space up to there; not where the model reaches less than '
                    'max_depth.'),
    Parameter(
        name='filter_depth_edges', default=False,
        description='What points.max_edge_jump leaves out is NaN in the depth images too.'),
    Parameter(
        name='camera_height', default=0.0, least=0.0, most=100.0,
        description='Metres of the camera over the floor: for scale_source height, and for the '
                    'scan where TF does not tell. 0: by TF, where z = 0 of scan.frame must be the '
                    'floor for scale_source height, as that of base_footprint is.'),
    Parameter(
        name='camera_pitch_deg', default=0.0, least=-90.0, most=90.0,
        description='Degrees by which the camera looks down, where TF does not tell.'),
    Parameter(
        name='camera_roll_deg', default=0.0, least=-180.0, most=180.0,
        description='Degrees by which the right side of the camera is lower than the left, where '
                    'TF does not tell.'),
    Parameter(
        name='tilt_source', default='pose', pattern='pose|imu',
        description="Where the camera's pitch and roll come from: pose (TF, else camera_pitch_deg "
                    'and camera_roll_deg), or imu (gravity on topic imu while that is fresh).'),
    Parameter(
        name='scan.frame', default='base_link', pattern='[^/ ][^ ]*',
        description='Frame of the scan: x forward, z up, its origin where ranges begin.'),
    Parameter(
        name='scan.min_height', default=0.05, least=-100.0, most=100.0,
        description='Lowest metres over the origin of scan.frame that count as an obstacle.'),
    Parameter(
        name='scan.max_height', default=0.5, least=-100.0, most=100.0,
        description='Highest metres over the origin of scan.frame that count as an obstacle.'),
    Parameter(
        name='scan.angle_min', default=-1.5708, least=-math.pi, most=math.pi,
        description='Angle of the first range in radians, counter-clockwise from x.'),
    Parameter(
        name='scan.angle_max', default=1.5708, least=-math.pi, most=math.pi,
        description='Angle of the last range in radians.'),
    Parameter(
        name='scan.angle_increment', default=0.01, least=0.001, most=0.5,
        description='Radians between two ranges.'),
    Parameter(
        name='scan.range_min', default=0.1, least=0.0, most=1000.0,
        description='Nearest range in metres; nearer becomes -inf.'),
    Parameter(
        name='scan.range_max', default=0.0, least=0.0, most=1000.0,
        description='Farthest range in metres; farther becomes +inf. 0: max_depth, else the '
                    'limit of the model.'),
)
