"""Real architectures, built by transformers with random weights, against their own processing."""

from pathlib import Path

import numpy as np
import pytest

from mono_depth_ros.camera import Camera
from mono_depth_ros.estimator import DepthEstimator
from mono_depth_ros.model_file import read_card
from mono_depth_ros.tools.wrap import main

for package in ('torch', 'transformers', 'onnx', 'onnxruntime'):
    pytest.importorskip(package)
import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn.functional import interpolate  # noqa: E402
import transformers as hf  # noqa: E402

pytestmark = pytest.mark.thorough
# Large enough that depth varies over the picture by much more than the 1 % compared to.
RANDOM = 0.12
SIZES = {'hidden_size': 32, 'num_hidden_layers': 4, 'num_attention_heads': 2,
         'initializer_range': RANDOM}
STAGES = {'out_features': ['stage1', 'stage2', 'stage3', 'stage4'],
          'reshape_hidden_states': False}
HEIGHT, WIDTH = 480, 640


class Depth(nn.Module):
    """A network of transformers that gives its depth alone, as an export to ONNX wants."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, pixel_values):
        return self.network(pixel_values=pixel_values).predicted_depth


@pytest.fixture(scope='module')
def rgb_HW3() -> np.ndarray:
    """Shaded surfaces, no finer than what a network of 100 pixels sees."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    grey = 100 + 60 * np.sin(columns / 90) + 40 * np.cos(rows / 70 + columns / 200)
    return np.uint8(np.clip(grey[..., None] * [1, 0.8, 0.6], 0, 255))


def depth_anything():
    torch.manual_seed(0)
    backbone = hf.Dinov2Config(image_size=112, patch_size=14, **SIZES, **STAGES)
    return hf.DepthAnythingForDepthEstimation(hf.DepthAnythingConfig(
        backbone_config=backbone, patch_size=14, reassemble_hidden_size=32,
        neck_hidden_sizes=[8, 16, 32, 32], fusion_hidden_size=16, head_hidden_size=8,
        initializer_range=RANDOM, depth_estimation_type='metric', max_depth=20)).eval()


def zoedepth():
    torch.manual_seed(0)
    backbone = hf.BeitConfig(image_size=64, patch_size=16, intermediate_size=64,
                             use_relative_position_bias=True, **SIZES, **STAGES)
    return hf.ZoeDepthForDepthEstimation(hf.ZoeDepthConfig(
        backbone_config=backbone, backbone_hidden_size=32, neck_hidden_sizes=[8, 16, 32, 32],
        fusion_hidden_size=16, bottleneck_features=16, num_relative_features=8,
        bin_embedding_dim=16, num_attractors=[4, 2, 2, 1], initializer_range=RANDOM,
        bin_configurations=[{'n_bins': 16, 'min_depth': 0.1, 'max_depth': 10.0,
                             'name': 'nyu'}])).eval()


def depth_pro():
    torch.manual_seed(0)
    encoder = {'model_type': 'dinov2', 'image_size': 32, 'patch_size': 8, **SIZES,
               'initializer_range': 0.05}
    network = hf.DepthProForDepthEstimation(hf.DepthProConfig(
        image_model_config=encoder, patch_model_config=encoder, fov_model_config=encoder,
        patch_size=32, fusion_hidden_size=16, intermediate_hook_ids=[3, 1],
        intermediate_feature_dims=[16, 16], scaled_images_ratios=[0.25, 0.5, 1.0],
        scaled_images_overlap_ratios=[0.0, 0.5, 0.25], scaled_images_feature_dims=[32, 16, 16],
        use_fov_model=False, initializer_range=RANDOM)).eval()
    last = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)][-1]
    nn.init.constant_(last.bias, 2500.0)  # random weights give negative inverse depth, cut to 0
    return network


def exported(network, size_hw, folder: Path, **free) -> Path:
    """The network exported as a user would; `free` are more words for the export."""
    graph = folder / 'graph.onnx'
    # The older exporter: the same graphs in a third of the time.
    torch.onnx.export(Depth(network), (torch.zeros(1, 3, *size_hw),), graph, dynamo=False,
                      input_names=['pixel_values'], output_names=['predicted_depth'], **free)
    return graph


def wrapped(network, size_hw, folder: Path, like: str, *more: str) -> Path:
    """The network exported and wrapped."""
    out = folder / 'model.onnx'
    assert main([str(exported(network, size_hw, folder)), '--like', like, *more, str(out)]) == 0
    return out


def own_answer(network, processor, rgb_HW3):
    """What the network says of an image that its own processor prepared."""
    with torch.inference_mode():
        return network(**processor(images=rgb_HW3, return_tensors='pt'))


def enlarged(map_1hw: torch.Tensor) -> np.ndarray:
    """A map at the image's size, as the processors do it where torchvision is installed."""
    return interpolate(map_1hw[None], (HEIGHT, WIDTH), mode='bilinear',
                       align_corners=False)[0, 0].numpy()


def assert_alike(depth_HW, expected_HW):
    error_HW = abs(depth_HW / expected_HW - 1)
    assert np.quantile(error_HW, 0.99) < 0.01 and error_HW.max() < 0.03
    # And that is little beside what there is to see.
    assert expected_HW.std() / expected_HW.mean() > 4 * error_HW.mean()


def test_depth_anything_v2_metric(tmp_path, rgb_HW3):
    out, expected_HW = wrapped_depth_anything(tmp_path, rgb_HW3)
    assert_alike(DepthEstimator.load(out, 'cpu', 'fp32').estimate(rgb_HW3).depth, expected_HW)


def test_the_node_publishes_what_the_network_says(tmp_path, rgb_HW3):
    helpers = pytest.importorskip('ros_helpers')
    from sensor_msgs.msg import Image
    out, expected_HW = wrapped_depth_anything(tmp_path, rgb_HW3)
    domain = helpers.free_domain()
    peer = helpers.Peer(domain)
    node = helpers.depth_node(domain, tmp_path / 'log', f'model_file:={out}', 'device:=cpu',
                              'precision:=fp32')
    peer.wait_active(node)
    depths, images = peer.listen('depth/image', Image), peer.publisher(Image, 'image_raw')

    def answered():
        images.publish(helpers.image_message(rgb_HW3, 1))
        return peer.spin_until(lambda: depths, 0.5)
    peer.wait(answered, 'depth')
    assert node.end() == 0, node.output()
    peer.close()
    assert_alike(np.frombuffer(depths[0].data, '<f4').reshape(HEIGHT, WIDTH), expected_HW)


def wrapped_depth_anything(folder, rgb_HW3):
    """The model file, and metres (H, W) by the project's own processing."""
    network = depth_anything()
    out = wrapped(network, (84, 112), folder, 'depth_anything_v2_metric_indoor')
    processor = hf.DPTImageProcessor(
        size={'height': 84, 'width': 84}, keep_aspect_ratio=True, ensure_multiple_of=14,
        image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225])
    expected = processor.post_process_depth_estimation(
        own_answer(network, processor, rgb_HW3), target_sizes=[(HEIGHT, WIDTH)])
    return out, expected[0]['predicted_depth'].numpy()


@pytest.mark.parametrize('backend', ['onnxruntime', 'openvino'])
def test_depth_anything_v2_of_any_shape(tmp_path, monkeypatch, capsys, rgb_HW3, backend):
    """As exported a size becomes part of it, which is refused; with the advice of the docs not."""
    pytest.importorskip(backend)
    network, out = depth_anything(), tmp_path / 'model.onnx'
    free = {'dynamic_axes': {'pixel_values': {2: 'height', 3: 'width'}}}
    words = ['--like', 'depth_anything_v2_metric_indoor', '--set', 'size=112x84', str(out)]
    assert main([str(exported(network, (84, 112), tmp_path, **free)), *words]) == 1
    assert 'it gives 112x84 pixels of depth' in capsys.readouterr().err
    monkeypatch.setattr(
        hf.models.depth_anything.modeling_depth_anything, 'int',
        lambda size: int(size) if isinstance(size, float) else size, raising=False)
    assert main([str(exported(network, (84, 112), tmp_path, **free)), *words]) == 0
    estimator = DepthEstimator.load(out, 'cpu', 'fp32', backend)
    for wide_HW3, size_hw in ((rgb_HW3, (84, 112)), (rgb_HW3[:192], (56, 182))):
        processor = hf.DPTImageProcessor(
            size={'height': size_hw[0], 'width': size_hw[1]},
            image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225])
        expected = processor.post_process_depth_estimation(
            own_answer(network, processor, wide_HW3), target_sizes=[wide_HW3.shape[:2]])
        assert_alike(estimator.estimate(wide_HW3).depth, expected[0]['predicted_depth'].numpy())


def test_zoedepth(tmp_path, rgb_HW3):
    network = zoedepth()
    out = wrapped(network, (96, 128), tmp_path, 'zoedepth')
    processor = hf.ZoeDepthImageProcessor(size={'height': 96, 'width': 128}, do_pad=False)
    expected = enlarged(own_answer(network, processor, rgb_HW3).predicted_depth)
    estimator = DepthEstimator.load(out, 'cpu', 'fp32')
    assert_alike(estimator.estimate(rgb_HW3).depth, expected)


def test_depth_pro(tmp_path, rgb_HW3):
    network = depth_pro()
    # Its processor needs torchvision; these are its steps: normalised, then resized.
    image = torch.from_numpy(rgb_HW3).permute(2, 0, 1)[None] / 127.5 - 1
    with torch.inference_mode():
        inverse = network(pixel_values=interpolate(
            image, (128, 128), mode='bilinear', align_corners=False)).predicted_depth
    assert inverse.min() > 0
    out = wrapped(network, (128, 128), tmp_path, 'depth_pro', '--set', 'scale=0.001')
    # As its processor does for a known field of view: canonical inverse depth times W / f.
    focal = 500.0
    expected = 1 / enlarged(0.001 * inverse * WIDTH / focal)
    camera = Camera(fx=focal, fy=focal, cx=319.5, cy=239.5, width=WIDTH, height=HEIGHT)
    estimator = DepthEstimator.load(out, 'cpu', 'fp32')
    assert read_card(out).output == 'canonical_inverse_depth'
    assert_alike(estimator.estimate(rgb_HW3, camera).depth, expected)
