"""The benchmark's own arithmetic: medians, and what counts as overhead."""

import re

import numpy as np
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import Image

from mono_depth_ros.bench import overhead


def test_rows_are_medians_and_the_network_is_no_overhead(capsys):
    """Frames cost 1, 2 and 9 ms of CPU beside a network of 10, 20 and 30; wall time is doubled."""
    frames = iter([(2, 1, 10)] * overhead.WARM_UP + [(2, 1, 10), (4, 2, 20), (18, 9, 30)])

    def work():
        wall_ms, cpu_ms, network_ms = next(frames)
        return {'publish': np.array([wall_ms, cpu_ms]),
                overhead.NETWORK: np.array([2 * network_ms, network_ms])}

    overhead.measure(work, 3)
    out = capsys.readouterr().out
    rows = {name.strip(): (float(cpu), float(wall)) for name, cpu, wall in
            re.findall(r'^(.{32}) +([\d.]+) +([\d.]+)$', out, re.MULTILINE)}
    assert rows['publish'] == (2, 4) and rows[overhead.NETWORK] == (20, 40)
    assert rows['overhead: all but the network'] == (2, 4)
    assert 'overhead / whole frame = 9%' in out  # 2 of 22


def test_the_image_is_a_whole_vga_message():
    image = deserialize_message(overhead.serialised_image(), Image)
    assert (image.width, image.height, image.encoding) == (640, 480, 'rgb8')
    assert len(image.data) == 640 * 480 * 3 and image.data[3 * 640 + 1] == 1
