"""The cloud's arithmetic against the same loop in C++, where a compiler is installed."""

from __future__ import annotations

import ctypes
from functools import partial
from pathlib import Path
import shutil
import subprocess
import sys
import tempfile

import cv2
import numpy as np
from std_msgs.msg import Header

from mono_depth_ros.bench.findings import Findings, Values
from mono_depth_ros.bench.options import camera_of, options_of, picture
from mono_depth_ros.bench.timing import in_turn, summary
from mono_depth_ros.node.interface.messages import PointCloud

LOOP = r'''
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
extern "C" void fill(const float *depth, const uint8_t *rgb, int width, int height, float fx,
                     float fy, float cx, float cy, uint8_t *out) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (int v = 0; v < height; ++v) {
    const float y = (v - cy) / fy;
    for (int u = 0; u < width; ++u) {
      const int i = v * width + u;
      const float z = std::isfinite(depth[i]) ? depth[i] : nan;
      const float point[3] = {(u - cx) / fx * z, y * z, z};
      const uint32_t colour = rgb[3 * i] << 16 | rgb[3 * i + 1] << 8 | rgb[3 * i + 2];
      std::memcpy(out + 16 * i, point, 12);
      std::memcpy(out + 16 * i + 12, &colour, 4);
    }
  }
}
'''
FLAGS = ('-O3', '-march=native', '-shared', '-fPIC')
MOST_OFF_M = 1e-4


def main() -> int:
    """One row for each image size: both ways in turn, on one core."""
    options = options_of(__doc__)
    cv2.setNumThreads(1)  # the loop has one
    findings = Findings('cloud', options.rows, 600)
    compiler = shutil.which('c++') or shutil.which('g++') or shutil.which('clang++')
    if not compiler:
        findings.add('C++ loop', 'left out', 'no C++ compiler is installed')
        return 0
    for width, height in options.size:
        findings.attempt(f'cloud of {width}x{height}, one core', partial(
            _both, _compiled(compiler), width, height, options.seconds / len(options.size)))
    return 0


def _compiled(compiler: str) -> ctypes.CDLL:
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder) / 'cloud.cpp', Path(folder) / 'cloud.so'
        source.write_text(LOOP)
        subprocess.run([compiler, *FLAGS, str(source), '-o', str(library)], check=True)
        return ctypes.CDLL(str(library))


def _both(library: ctypes.CDLL, width: int, height: int, seconds: float) -> Values:
    rgb_HW3, camera, header = picture(width, height), camera_of(width, height), Header()
    depth_HW = np.float32(1 + rgb_HW3[..., 0] / 50)
    depth_HW[0, :9] = np.nan
    cloud, expected = PointCloud(), np.zeros((height, width, 4), np.float32)

    def loop() -> None:
        library.fill(
            ctypes.c_void_p(depth_HW.ctypes.data), ctypes.c_void_p(rgb_HW3.ctypes.data), width,
            height, *map(ctypes.c_float, (camera.fx, camera.fy, camera.cx, camera.cy)),
            ctypes.c_void_p(expected.ctypes.data))

    times = in_turn({'ours': lambda: cloud.fill(depth_HW, rgb_HW3, camera, 1, header),
                     'loop': loop}, seconds, pause_s=0.002)
    found = np.frombuffer(cloud.fill(depth_HW, rgb_HW3, camera, 1, header).data, '<f4')
    points_N3, loop_N3 = found.reshape(-1, 4)[:, :3], expected.reshape(-1, 4)[:, :3]
    if not np.allclose(points_N3, loop_N3, atol=MOST_OFF_M, equal_nan=True):
        raise ValueError('both ways give different points')
    ours, theirs = summary(times['ours']), summary(times['loop'])
    return {'ours_ms': ours['median_ms'], 'loop_ms': theirs['median_ms'],
            'over_loop': round(ours['median_ms'] / theirs['median_ms'], 2)}


if __name__ == '__main__':
    sys.exit(main())
