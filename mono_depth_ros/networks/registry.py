"""The networks by name."""

from __future__ import annotations

from mono_depth_ros.model_card import NetworkSpec, SHAPE_STEP

from . import bimodal, eigen, eigen_modified, mobile, one_scale
from .multi_scale import MultiScaleNetwork

NETWORKS = {
    'alexnet': (one_scale.AlexNet, one_scale.INPUT_HEIGHT_WIDTH),
    'eigen': (eigen.Eigen, eigen.INPUT_HEIGHT_WIDTH),
    'eigen_modified3': (eigen_modified.EigenModified3, eigen_modified.INPUT_HEIGHT_WIDTH),
    'resnet18': (one_scale.ResNet18, one_scale.INPUT_HEIGHT_WIDTH),
    'eigen_modified': (eigen_modified.EigenModified, eigen_modified.INPUT_HEIGHT_WIDTH),
    'mobile': (mobile.Mobile, mobile.INPUT_HEIGHT_WIDTH),
    'mobile_lite2': (mobile.MobileLite2, mobile.INPUT_HEIGHT_WIDTH),
    'mobile_lite2_bimodal': (bimodal.MobileLite2Bimodal, mobile.INPUT_HEIGHT_WIDTH),
}
# The networks that may take the camera beside the image, images of other aspect ratios, and
# compare an image with those they learned from.
FLEXIBLE = {'mobile': mobile.Mobile, 'mobile_lite2': mobile.MobileLite2,
            'mobile_lite2_bimodal': bimodal.MobileLite2Bimodal}


def default_spec(name: str) -> NetworkSpec:
    """The network called `name` at its usual input size; ValueError lists the known names."""
    _check(name)
    height, width = NETWORKS[name][1]
    return NetworkSpec(name=name, input_height=height, input_width=width)


def stacks_of(name: str) -> tuple[str, ...]:
    """The stacks of the network called `name`, coarse first; ValueError lists the known names."""
    _check(name)
    return NETWORKS[name][0].stacks


def build(spec: NetworkSpec) -> MultiScaleNetwork:
    """A network as `spec` says, freshly initialised from torch's global random state.

    Raises ValueError for an unknown name, or an input the network cannot take.
    """
    _check(spec.name)
    if spec.size_multiple % SHAPE_STEP:
        raise ValueError(f'sides of {spec.name} are multiples of {SHAPE_STEP}, not of '
                         f'{spec.size_multiple}')
    if spec.name in FLEXIBLE:
        return FLEXIBLE[spec.name](spec.input_height, spec.input_width, spec.camera_input,
                                   spec.feature_distance)
    if spec.camera_input or spec.aspect_ratios or spec.feature_distance:
        raise ValueError(f'{spec.name} takes images of one size and no camera beside them (more '
                         f'do: {", ".join(FLEXIBLE)}): camera_input=False, aspect_ratios=(), '
                         'feature_distance=False')
    return NETWORKS[spec.name][0](spec.input_height, spec.input_width)


def _check(name: str) -> None:
    if name not in NETWORKS:
        raise ValueError(f'unknown network {name!r}; known: {", ".join(sorted(NETWORKS))}')
