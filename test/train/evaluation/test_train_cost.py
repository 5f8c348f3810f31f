"""Parameters and multiply-adds against hand counts, and interleaved timing."""

from pathlib import Path
import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from mono_depth_ros.camera import Camera
from mono_depth_ros.estimator import DepthEstimate
from mono_depth_ros.networks.registry import default_spec
from train.comparison.cost import cost_of, machine, multiply_adds, network_ms
from train.data.samples.sample import Sample

CAMERA = Camera(fx=8, fy=8, cx=3.5, cy=2.5, width=8, height=6)


@pytest.mark.thorough
def test_multiply_adds_of_a_small_network_by_hand():
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1),        # 3*3*3 * 8 at 3x4: 2592
        nn.ReLU(),
        nn.Conv2d(8, 8, 3, padding=1, groups=8),        # 3*3 * 8 at 3x4: 864
        nn.BatchNorm2d(8),
        nn.Conv2d(8, 2, 1),                             # 8 * 2 at 3x4: 192
        nn.Flatten(), nn.Linear(24, 10))                # 24 * 10: 240
    image = torch.zeros(1, 3, 6, 8)
    assert multiply_adds(network.eval(), image) == 2592 + 864 + 192 + 240
    assert multiply_adds(network, image.expand(2, 3, 6, 8)) == 2 * 3888


@pytest.mark.thorough
def test_cost_of_the_paper_s_network_by_hand():
    """Its convolutions and layers as FIELD.md 1.1 lists them."""
    cost = cost_of(default_spec('eigen_modified'))
    coarse = (11 * 11 * 3 * 96 * 60 * 80 + 5 * 5 * 96 * 256 * 30 * 40 + 9 * 256 * 384 * 15 * 20
              + 9 * 384 * 256 * 8 * 10 + 5120 * 4800 + 4800 * 4800)
    fine = (9 * 9 * 3 * 1 * 120 * 160 + 25 * 2 * 64 * 4800 + 25 * 64 * 64 * 4800
            + 25 * 64 * 1 * 4800)
    assert cost.multiply_adds == coarse + fine
    assert cost.parameters == pytest.approx(50.15e6, rel=1e-3)


@pytest.mark.thorough
def test_costs_are_those_of_the_results():
    """Every line NETWORK, input, parameters, multiply-adds of docs/results.md."""
    page = (Path(__file__).parents[3] / 'docs' / 'results.md').read_text()
    lines = re.findall(r'^\| `(\w+)` \| (\d+)x(\d+) \| ([\d.]+) M \| ([\d.]+) G \|$', page, re.M)
    assert {'eigen_modified', 'eigen', 'alexnet', 'resnet18'} <= {line[0] for line in lines}
    for name, width, height, millions, billions in lines:
        spec, cost = default_spec(name), cost_of(default_spec(name))
        assert (spec.input_width, spec.input_height) == (int(width), int(height))
        assert f'{cost.parameters / 1e6:.2f}' == millions, name
        assert f'{cost.multiply_adds / 1e9:.2f}' == billions, name


class Slow:
    """Takes `ms` milliseconds, but `first_ms` for its first image; keeps the order of calls."""

    def __init__(self, name, ms, first_ms, calls):
        self.name, self.ms, self.first_ms, self.calls = name, ms, first_ms, calls

    def estimate(self, rgb_HW3, camera):
        ms = self.ms if self.name in self.calls else self.first_ms
        self.calls.append(self.name)
        return DepthEstimate(depth=np.ones((6, 8)), camera=camera, network_ms=ms)


def test_networks_take_turns_and_the_first_image_does_not_count():
    calls = []
    sample = Sample(rgb=np.zeros((6, 8, 3), np.uint8), depth=np.ones((6, 8)), camera=CAMERA,
                    name='')
    times = network_ms([Slow('a', 3, 900, calls), Slow('b', 7, 900, calls)], [sample], rounds=3)
    assert times == [3, 7] and calls == ['a', 'b'] * 4


def test_the_machine_has_a_name():
    assert 'thread' in machine('cpu')


@pytest.mark.thorough
def test_a_third_scale_costs_what_it_adds():
    two, three = (cost_of(default_spec(name)) for name in ('eigen_modified', 'eigen_modified3'))
    more = SimpleNamespace(edges=9 * 9 * 3 * 32, refine=25 * (33 * 64 + 64 * 64 + 64))
    assert three.multiply_adds - two.multiply_adds == 120 * 160 * (more.edges + more.refine)
