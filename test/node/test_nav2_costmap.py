"""The Nav2 configurations of docs/nav2.md: their keys, and that obstacles that leave are gone."""

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
import re

import numpy as np
import pytest
from test_geometry_outputs import frame_of, NODE
from voxel_grids import DecayGrid, VoxelGrid
import yaml

from mono_depth_ros.node.interface.parameters import PARAMETERS, settings_from
from mono_depth_ros.node.outputs.points import Points
from mono_depth_ros.simulation.rendering.renderer import camera_with_fov, Renderer
from mono_depth_ros.simulation.scene.world import looking
from mono_depth_ros.simulation.worlds import build_world

PAGE = Path(__file__).parents[2] / 'docs' / 'nav2.md'
# What the layers and the collision monitor declare: nav2_costmap_2d, nav2_collision_monitor and
# spatio_temporal_voxel_layer, November 2026.
COSTMAP = {
    'always_send_full_costmap', 'footprint', 'footprint_padding', 'global_frame', 'height',
    'width', 'plugins', 'filters', 'publish_frequency', 'resolution', 'robot_base_frame',
    'robot_radius', 'rolling_window', 'track_unknown_space', 'transform_tolerance',
    'update_frequency', 'use_sim_time', 'origin_x', 'origin_y', 'lethal_cost_threshold',
    'trinary_costmap', 'unknown_cost_value'}
OBSTACLE = {
    'plugin', 'enabled', 'footprint_clearing_enabled', 'min_obstacle_height',
    'max_obstacle_height', 'combination_method', 'observation_sources', 'tf_filter_tolerance'}
VOXEL = OBSTACLE | {
    'z_voxels', 'origin_z', 'z_resolution', 'unknown_threshold', 'mark_threshold',
    'publish_voxel_map'}
# Of a source of either, with the defaults.
OBSTACLE_SOURCE = {
    'topic': '', 'sensor_frame': '', 'observation_persistence': 0.0, 'expected_update_rate': 0.0,
    'data_type': 'LaserScan', 'min_obstacle_height': 0.0, 'max_obstacle_height': 0.0,
    'inf_is_valid': False, 'marking': True, 'clearing': False, 'obstacle_max_range': 2.5,
    'obstacle_min_range': 0.0, 'raytrace_max_range': 3.0, 'raytrace_min_range': 0.0}
STVL = {
    'plugin', 'enabled', 'transform_tolerance', 'publish_voxel_map', 'voxel_size',
    'combination_method', 'mark_threshold', 'update_footprint_enabled', 'track_unknown_space',
    'decay_model', 'voxel_decay', 'mapping_mode', 'map_save_duration', 'observation_sources'}
STVL_SOURCE = {
    'topic', 'sensor_frame', 'observation_persistence', 'expected_update_rate', 'data_type',
    'min_obstacle_height', 'max_obstacle_height', 'inf_is_valid', 'marking', 'clearing',
    'obstacle_range', 'min_z', 'max_z', 'vertical_fov_angle', 'vertical_fov_padding',
    'horizontal_fov_angle', 'decay_acceleration', 'filter', 'voxel_min_points',
    'clear_after_reading', 'enabled', 'model_type'}
INFLATION = {'plugin', 'enabled', 'cost_scaling_factor', 'inflation_radius', 'inflate_unknown',
             'inflate_around_unknown'}
LAYERS = {'voxel_layer': (VOXEL, OBSTACLE_SOURCE), 'stvl_layer': (STVL, STVL_SOURCE),
          'obstacle_layer': (OBSTACLE, OBSTACLE_SOURCE), 'inflation_layer': (INFLATION, {})}
MONITOR = {
    'base_frame_id', 'odom_frame_id', 'cmd_vel_in_topic', 'cmd_vel_out_topic', 'state_topic',
    'transform_tolerance', 'source_timeout', 'base_shift_correction', 'stop_pub_timeout',
    'polygons', 'observation_sources', 'enabled', 'use_realtime_priority',
    'collision_points_marker_3d'}
MONITOR_POLYGON = {
    'type', 'action_type', 'points', 'polygon_sub_topic', 'footprint_topic', 'min_points',
    'slowdown_ratio', 'linear_limit', 'angular_limit', 'time_before_collision',
    'simulation_time_step', 'visualize', 'polygon_pub_topic', 'enabled'}
MONITOR_SCAN = {'type', 'topic', 'source_timeout', 'enabled', 'exclusion_zones'}
DEFAULTS = {parameter.name: parameter.default for parameter in PARAMETERS}

NODE_BLOCK, *COSTMAPS, MONITOR_BLOCK = (yaml.safe_load(block) for block in re.findall(
    r'```yaml\n(.*?)```', PAGE.read_text(), re.DOTALL))
*COSTMAPS, SCAN_COSTMAP = (
    block['local_costmap']['local_costmap']['ros__parameters'] for block in COSTMAPS)
NODE_PARAMETERS = NODE_BLOCK['/**']['ros__parameters']


def node_parameters():
    """Those of the page by their full names."""
    return {f'{name}.{key}' if isinstance(value, dict) else name: inner
            for name, value in NODE_PARAMETERS.items()
            for key, inner in (value.items() if isinstance(value, dict) else [('', value)])}


@pytest.mark.parametrize('costmap, topic', [
    *((costmap, '/points') for costmap in COSTMAPS), (SCAN_COSTMAP, '/depth_scan')],
    ids=['voxel', 'stvl', 'scan'])
def test_every_key_is_one_that_the_layer_declares(costmap, topic):
    assert set(costmap) - set(costmap['plugins']) <= COSTMAP
    for name in costmap['plugins']:
        layer, (known, known_of_source) = costmap[name], LAYERS[name]
        sources = layer.get('observation_sources', '').split()
        assert set(layer) - set(sources) <= known
        for source in sources:
            assert set(layer[source]) <= set(known_of_source)
            assert layer[source]['topic'] == topic


def test_every_key_of_the_collision_monitor_is_one_that_it_declares():
    monitor = MONITOR_BLOCK['collision_monitor']['ros__parameters']
    polygons, sources = monitor['polygons'], monitor['observation_sources']
    assert set(monitor) - {*polygons, *sources} <= MONITOR
    assert all(set(monitor[name]) <= MONITOR_POLYGON for name in polygons)
    for name in sources:
        assert set(monitor[name]) <= MONITOR_SCAN
        assert monitor[name]['type'] == 'scan' and monitor[name]['topic'] == '/depth_scan'


def test_a_scan_over_the_floor_marks_and_clears_and_its_end_is_no_wall():
    layer = SCAN_COSTMAP['obstacle_layer']
    source = OBSTACLE_SOURCE | layer[layer['observation_sources']]
    for base_z in (-0.1, 0.0, 0.13, 0.5):  # of base_link in the costmap's frame
        for heights in (layer, source):
            assert heights['min_obstacle_height'] <= base_z <= heights['max_obstacle_height']
    assert source['data_type'] == 'LaserScan' and source['marking'] and source['clearing']
    end = settings_from(DEFAULTS | node_parameters()).max_depth
    assert source['inf_is_valid']  # +inf becomes the end of the scan
    assert source['obstacle_max_range'] < end <= source['raytrace_max_range']


def test_the_parameters_of_the_node_are_its_own_and_marks_end_before_its_range():
    settings = settings_from(DEFAULTS | node_parameters())
    assert settings.points_clear_at_max
    for costmap in COSTMAPS:
        layer = costmap[costmap['plugins'][0]]
        mark, clear = (layer[name] for name in layer['observation_sources'].split())
        assert mark.get('obstacle_max_range', mark.get('obstacle_range')) < settings.max_depth
        assert clear.get('raytrace_max_range', clear.get('max_z')) >= settings.max_depth


# The image is small: all its points stand for every fourth of 640x480. Depth here is true.
PARAMETERS_OF_DRIVE = node_parameters() | {'points.stride': 2, 'points.min_confidence': 0.0}
CAMERA = camera_with_fov(160, 120, 60)
HEIGHT_M, PITCH = 0.45, -0.1  # down
RATE_HZ, LEAVES_AT, FRAMES = 5, 8, 20
BLOCK = np.array([[-0.25, -0.25, 0.0], [0.25, 0.25, 1.0]])  # around the place, metres


@pytest.fixture(scope='module')
def drive():
    """[(pose, depth)] of a low robot's drive through a room; the map's origin is its start."""
    if not find_spec('mujoco'):  # not imported: its first import chooses the OpenGL
        pytest.skip('mujoco is not installed')
    world = build_world('room', np.random.default_rng(3))
    start = world.pose(0.0).position * (1, 1, 0)
    taken = []
    with Renderer(world, CAMERA) as renderer:
        for number in range(FRAMES):
            position, yaw, _ = world.path.at(number / RATE_HZ)
            pose = looking((*position[:2], HEIGHT_M), yaw, PITCH)
            taken.append((replace(pose, position=pose.position - start), renderer.depth(pose)))
    return taken


def block_depth(pose, place):
    """Depth (H, W) of the block at a place (x, y), +inf beside it: rays against its slabs."""
    u, v = np.meshgrid(np.arange(CAMERA.width), np.arange(CAMERA.height))
    ray = np.stack([(u - CAMERA.cx) / CAMERA.fx, (v - CAMERA.cy) / CAMERA.fy,
                    np.ones(u.shape)], -1) @ pose.rotation.T
    with np.errstate(divide='ignore'):
        hits = (BLOCK + (*place, 0) - pose.position)[:, None, None] / ray
    enter, leave = hits.min(0).max(-1), hits.max(0).min(-1)
    return np.where((enter < leave) & (enter > 0), enter, np.inf)


def cloud_of(depth, pose, parameters):
    """Points (N, 3) in the map's frame, as the node publishes them."""
    settings = settings_from(DEFAULTS | parameters)
    limits = (0.3, settings.max_depth)
    depth = np.where(depth > limits[1], np.inf, np.where(depth < limits[0], -np.inf, depth))
    frame = replace(frame_of(depth.astype(np.float32), limits, CAMERA), settings=settings)
    message = Points(NODE, '').message(frame)
    points = np.frombuffer(message.data, '<f4').reshape(-1, 4)[:, :3]
    return points[np.isfinite(points[:, 0])] @ pose.rotation.T + pose.position


def stale_marks(new_grid, drive, parameters):
    """Marks after each frame that a drive without the block has not: at its place, anywhere."""
    place, with_block, without = place_ahead(drive), new_grid(), new_grid()
    counts = []
    for number, (pose, depth) in enumerate(drive):
        seen = np.minimum(depth, block_depth(pose, place)) if number < LEAVES_AT else depth
        for grid, of_grid in ((with_block, seen), (without, depth)):
            grid.update(cloud_of(of_grid, pose, parameters), pose, number / RATE_HZ)
        stale = np.argwhere(with_block.marked & ~without.marked)
        at = (stale + 0.5) * without.cell + without.origin
        counts.append((int((np.abs(at[:, :2] - place) < 0.3).all(1).sum()), len(stale)))
    return counts


def place_ahead(drive, metres=1.4):
    """Where the block stands: ahead of the camera at the moment it leaves."""
    pose, _ = drive[LEAVES_AT]
    ahead = pose.rotation[:2, 2] / np.linalg.norm(pose.rotation[:2, 2])
    return pose.position[:2] + metres * ahead


@pytest.mark.thorough
@pytest.mark.parametrize('grid, costmap', [(VoxelGrid, COSTMAPS[0]), (DecayGrid, COSTMAPS[1])])
def test_an_obstacle_that_leaves_is_gone_within_a_second_and_nothing_stays(grid, costmap, drive):
    counts = stale_marks(lambda: grid(costmap), drive, PARAMETERS_OF_DRIVE)
    assert counts[LEAVES_AT - 1][0] > 20
    assert all(count == (0, 0) for count in counts[LEAVES_AT + RATE_HZ:])


@pytest.mark.thorough
@pytest.mark.parametrize('change', ['no points at the end of the range', 'one source'])
def test_without_what_the_page_advises_marks_stay(change, drive):
    layer, parameters = COSTMAPS[0]['voxel_layer'], dict(PARAMETERS_OF_DRIVE)
    if change == 'one source':
        layer = layer | {'observation_sources': 'camera_mark', 'camera_mark': (
            layer['camera_clear'] | layer['camera_mark'] | {'clearing': True})}
    else:
        parameters['points.clear_at_max'] = False
    counts = stale_marks(lambda: VoxelGrid(COSTMAPS[0] | {'voxel_layer': layer}), drive,
                         parameters)
    assert counts[-1][0] > 0
