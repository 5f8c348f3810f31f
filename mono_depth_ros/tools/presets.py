"""How well-known depth networks are fed and read, from their projects' own documents."""

from __future__ import annotations

from dataclasses import dataclass

from mono_depth_ros.model_card import LARGEST_SIDE

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
IMAGENET_BYTES = (123.675, 116.28, 103.53)
HALF = (0.5, 0.5, 0.5)
# Depth, or its inverse, up to scale and shift.
RELATIVE_OUTPUTS = ('relative', 'relative_inverse')
BYTES = (1 / 255, 1 / 255, 1 / 255)
# Presets of networks that are meant to be told the camera of the image.
TOLD_THE_CAMERA = ('unidepth_v2', 'unik3d')


@dataclass(frozen=True, kw_only=True)
class Preset:
    """What `wrap --like NAME` assumes of a network; every field may be changed by `--set`.

    `mean` and `std` normalise RGB in 0..1; `border` is the RGB in 0..255 of a letterbox's border,
    none: 0 after normalisation; `output` is one of model_card.OUTPUTS, or of RELATIVE_OUTPUTS for
    a network without a scale. `min` and `max` are metres. `focal` is that of the camera canonical
    depth is for, in pixels of the network input (0: its width), and `focal_rule` one of
    model_card.FOCAL_RULES; `hfov` the horizontal field of view in degrees of an image whose camera
    is unknown. A graph that leaves the size of its image free gets sides that are multiples of
    `multiple` (0: one size alone), at most `longest`, and every shape between `aspect_ratios`
    (width / height). `source` is where all this stands.
    """

    source: str
    output: str = 'depth'
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    colours: str = 'rgb'
    resize: str = 'stretch'
    border: tuple[float, ...] = ()
    min: float = 0.1
    max: float = 100.0
    focal: float = 0.0
    focal_rule: str = 'fx'
    hfov: float = 60.0
    scale: float = 0.0
    shift: float = 0.0
    multiple: int = 0
    longest: int = LARGEST_SIDE
    aspect_ratios: tuple[float, ...] = (0.5, 3.5)


PRESETS = {
    'metres': Preset(source='metres out, RGB normalised by ImageNet, the image stretched'),
    'depth_anything_v2_metric_indoor': Preset(
        source='github.com/DepthAnything/Depth-Anything-V2, metric_depth: Hypersim, to 20 m',
        max=20.0, multiple=14),
    'depth_anything_v2_metric_outdoor': Preset(
        source='github.com/DepthAnything/Depth-Anything-V2, metric_depth: Virtual KITTI, to 80 m',
        max=80.0, multiple=14),
    'depth_anything_3_metric': Preset(
        source='github.com/ByteDance-Seed/Depth-Anything-3, README, FAQ: metric_depth = '
               'focal * net_output / 300, focal the average of fx and fy',
        output='canonical_depth', focal=300.0, focal_rule='mean', max=200.0, multiple=14),
    'metric3d_v2': Preset(
        source='github.com/YvanYin/Metric3D, hubconf.py: canonical focal length 1000, at most '
               '300 m, a border of the mean colour; onnx/metric3d_onnx_export.py: the graph '
               'normalises, images are 0 to 255',
        output='canonical_depth', focal=1000.0, resize='letterbox', mean=(0.0, 0.0, 0.0),
        std=BYTES, border=IMAGENET_BYTES, max=300.0),
    'unidepth_v2': Preset(
        source='github.com/lpiccinelli-eth/UniDepth, unidepthv2/export.py --with-camera: unit '
               'rays of the network input as second input, points out',
        resize='letterbox'),
    'unik3d': Preset(
        source='github.com/lpiccinelli-eth/UniK3D, unik3d/models/export.py --with-camera: as '
               'UniDepth',
        resize='letterbox'),
    'zoedepth': Preset(
        source='huggingface.co/docs/transformers, ZoeDepth: mean and std 0.5, metres out',
        mean=HALF, std=HALF, max=80.0, multiple=32),
    'depth_pro': Preset(
        source='github.com/apple/ml-depth-pro, depth_pro.py: canonical inverse depth, times '
               'width over focal length; mean and std 0.5, 1536x1536',
        output='canonical_inverse_depth', mean=HALF, std=HALF, max=1000.0),
    'depth_anything_relative': Preset(
        source='github.com/DepthAnything/Depth-Anything-V2: inverse depth up to scale and shift',
        output='relative_inverse', multiple=14),
    'midas': Preset(
        source='github.com/isl-org/MiDaS, tf/make_onnx_model.py: inverse depth up to scale and '
               'shift, the graph normalises; for a graph of MidasNet alone --set '
               'mean=0.485,0.456,0.406 --set std=0.229,0.224,0.225',
        output='relative_inverse', mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), multiple=32),
    'midas_dpt': Preset(
        source='github.com/isl-org/MiDaS, hubconf.py, dpt_transform: DPT, inverse depth up to '
               'scale and shift; mean and std 0.5',
        output='relative_inverse', mean=HALF, std=HALF, multiple=32),
}
