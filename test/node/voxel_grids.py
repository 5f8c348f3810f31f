"""Grids that mark and clear as two Nav2 costmap layers do, by the numbers of their parameters."""

import numpy as np


class Grid:
    """Voxels around the origin of the map; points come in the map's frame."""

    def __init__(self, size_m, resolution_m, z_resolution_m, z_count, origin_z_m=0.0):
        self.cell = np.array([resolution_m, resolution_m, z_resolution_m])
        self.origin = np.array([-size_m / 2, -size_m / 2, origin_z_m])
        self.shape = (round(size_m / resolution_m),) * 2 + (z_count,)

    def indices(self, points_N3):
        """Voxels (M, 3) of the points that lie in the grid."""
        voxels = np.floor((points_N3 - self.origin) / self.cell).astype(int)
        return voxels[((voxels >= 0) & (voxels < self.shape)).all(1)]


def within(points_N3, start, low_m, high_m, nearest_m=0.0, farthest_m=np.inf):
    """Points between two heights and two distances from the sensor; NaN are none."""
    away = np.linalg.norm(points_N3 - start, axis=1)
    z = points_N3[:, 2]
    return points_N3[(z >= low_m) & (z <= high_m) & (away >= nearest_m) & (away < farthest_m)]


class VoxelGrid(Grid):
    """nav2_costmap_2d::VoxelLayer: first all rays clear, then all points mark."""

    def __init__(self, costmap):
        layer = costmap['voxel_layer']
        super().__init__(costmap['width'], costmap['resolution'], layer['z_resolution'],
                         layer['z_voxels'], layer['origin_z'])
        self.layer = layer
        self.sources = [layer[name] for name in layer['observation_sources'].split()]
        self.marked = np.zeros(self.shape, bool)

    def update(self, points_N3, pose, now_s):
        """Take a cloud (N, 3) in the map's frame, seen from a pose."""
        start = pose.position
        for source in self.sources:
            if source['clearing']:
                self._clear(within(points_N3, start, source['min_obstacle_height'],
                                   source['max_obstacle_height']), start, source)
        for source in self.sources:
            if source['marking']:
                near = within(points_N3, start, source['min_obstacle_height'],
                              source['max_obstacle_height'], source['obstacle_min_range'],
                              source['obstacle_max_range'])
                high = within(near, start, self.layer['min_obstacle_height'],
                              self.layer['max_obstacle_height'])
                self.marked[tuple(self.indices(high).T)] = True

    def _clear(self, points_N3, start, source):
        """Clear along rays up to two cells before their points, and to the largest range."""
        if not self.indices(start[None]).size:
            return  # the layer warns: sensor out of map bounds
        ray = points_N3 - start
        length = np.linalg.norm(ray, axis=1)
        end = np.minimum(length - 2 * self.cell[0], source['raytrace_max_range'])
        ray /= length[:, None]
        for at_m in np.arange(source['raytrace_min_range'], end.max(initial=0), self.cell[0] / 2):
            self.marked[tuple(self.indices(start + ray[at_m <= end] * at_m).T)] = False


class DecayGrid(Grid):
    """spatio_temporal_voxel_layer: marks decay, faster in the frustum; then points mark."""

    def __init__(self, costmap):
        layer = costmap['stvl_layer']
        super().__init__(costmap['width'], layer['voxel_size'], layer['voxel_size'], 60)
        self.layer = layer
        self.sources = [layer[name] for name in layer['observation_sources'].split()]
        self.time_s = np.full(self.shape, np.nan)

    @property
    def marked(self):
        return ~np.isnan(self.time_s)

    def update(self, points_N3, pose, now_s):
        """Take a cloud (N, 3) in the map's frame, seen from a pose."""
        voxels = np.argwhere(self.marked)
        time_s = self.time_s[tuple(voxels.T)]
        for source in self.sources:
            if source['clearing']:
                inside = self._in_frustum(voxels, pose, source)
                time_s[inside] -= source['decay_acceleration'] / 6 * (now_s - time_s[inside]) ** 3
        time_s[now_s - time_s > self.layer['voxel_decay']] = np.nan
        self.time_s[tuple(voxels.T)] = time_s
        for source in self.sources:
            if source['marking']:
                near = within(points_N3, pose.position, source['min_obstacle_height'],
                              source['max_obstacle_height'], 0.01, source['obstacle_range'])
                self.time_s[tuple(self.indices(near).T)] = now_s

    def _in_frustum(self, voxels, pose, source):
        middle = (voxels + 0.5) * self.cell + self.origin
        x, y, z = ((middle - pose.position) @ pose.rotation).T
        return ((z > source['min_z']) & (z < source['max_z'])
                & (np.abs(x) < z * np.tan(source['horizontal_fov_angle'] / 2))
                & (np.abs(y) < z * np.tan(source['vertical_fov_angle'] / 2)))
