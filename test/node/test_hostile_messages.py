"""Whatever a camera sends: depth of its size or one sentence, and the next good image served."""

from types import SimpleNamespace

from hostile_messages import hostile_compressed, hostile_images, hostile_infos
from hypothesis import given, HealthCheck, settings
from hypothesis import strategies as st
from model_helpers import plain_card
import numpy as np
import pytest
from ros_helpers import image_message, info_message, picture
from sensor_msgs.msg import CameraInfo, Image, PointCloud2

from mono_depth_ros.camera import Camera
from mono_depth_ros.estimator import DepthEstimate
from mono_depth_ros.node.frame_processor import FrameProcessor
from mono_depth_ros.node.interface.messages import image_size
from mono_depth_ros.node.interface.parameters import PARAMETERS, settings_from
from mono_depth_ros.node.outputs.outputs import Outputs
from mono_depth_ros.node.steps.steps import STEPS

WIDTH, HEIGHT = 8, 6
SETTINGS = settings_from({parameter.name: parameter.default for parameter in PARAMETERS})
GOOD = image_message(picture(WIDTH, HEIGHT))


def image_of(**changes) -> Image:
    message = image_message(picture(WIDTH, HEIGHT))
    for name, value in changes.items():
        setattr(message, name, value)
    return message


class Publisher:
    """Keeps the size of what is sent, after a look at whether its memory is of that size."""

    def __init__(self, kind: type, sent: list):
        self.kind, self.sent = kind, sent

    def get_subscription_count(self) -> int:
        return 1

    def publish(self, message) -> None:
        assert type(message) is self.kind
        if self.kind in (Image, PointCloud2):
            step = message.step if self.kind is Image else message.row_step
            assert len(message.data) == step * message.height > 0
        if self.kind in (Image, PointCloud2, CameraInfo):
            self.sent.append((message.width, message.height))


class Eye:
    """The processing of one camera without DDS, every output listened to."""

    def __init__(self):
        self.sent = []
        node = SimpleNamespace(
            create_lifecycle_publisher=lambda kind, *_, **__: Publisher(kind, self.sent),
            resolve_topic_name=lambda name: name, count_publishers=lambda topic: 0,
            get_logger=SimpleNamespace)
        estimator = SimpleNamespace(
            card=plain_card(),
            has_confidence=True, content_size=lambda width, height: (4, 3))
        self.processor = FrameProcessor(
            estimator, [step(node, '') for step in STEPS], Outputs(node), '/image_raw',
            '/camera_info')

    def serve(self, message, depth_m: float = 2.0) -> list[tuple[int, int]]:
        """The sizes of all outputs of an image; ValueError for one that is refused."""
        self.sent.clear()
        prepared = self.processor.prepare(message, SETTINGS)
        width, height = prepared.size
        camera = prepared.camera.depth or Camera(
            fx=5.0, fy=5.0, cx=1.0, cy=1.0, width=width, height=height)
        self.processor.publish(message.header, prepared, DepthEstimate(
            depth=np.full((height, width), depth_m, np.float32), camera=camera, network_ms=1.0))
        assert not self.processor.part_warning.startswith('no depth/')
        return list(self.sent)


EYE = Eye()
MESSAGES = st.one_of(hostile_images(), hostile_compressed(), hostile_infos())


def check(message, depth_m: float) -> None:
    if isinstance(message, CameraInfo):
        EYE.processor.add_info(message)
    else:
        try:
            sizes = EYE.serve(message, depth_m)
        except ValueError as error:
            assert len(str(error)) > 20 and '\n' not in str(error)
        else:
            assert set(sizes) == {image_size(message)} and len(sizes) > 3
    assert set(EYE.serve(GOOD)) == {(WIDTH, HEIGHT)}


def quiet(examples: int) -> settings:
    return settings(max_examples=examples, deadline=2000, derandomize=True,
                    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


DEPTHS = st.sampled_from([2.0, 0.0, -1.0, float('inf'), 1e30])


@pytest.mark.thorough
@quiet(250)
@given(message=MESSAGES, depth_m=DEPTHS)
def test_hostile_messages_give_depth_of_their_size_or_a_sentence(message, depth_m):
    check(message, depth_m)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@quiet(12000)
@given(message=MESSAGES, depth_m=DEPTHS)
def test_ten_thousand_hostile_messages(message, depth_m):
    check(message, depth_m)


@pytest.mark.parametrize('message, sentence', [
    (image_of(width=0), 'empty'), (image_of(height=0), 'empty'),
    (image_of(width=10000, height=10000), '64 megapixels'), (image_of(encoding='x'), "'x'")])
def test_the_size_is_looked_at_first(message, sentence):
    EYE.processor.add_info(info_message(WIDTH, HEIGHT))
    with pytest.raises(ValueError, match=sentence):
        EYE.serve(message)


def test_a_good_camera_gives_every_output():
    EYE.processor.add_info(info_message(WIDTH, HEIGHT))
    kinds = [output.kind for output in EYE.processor.outputs.parts]
    assert len(EYE.serve(GOOD)) >= sum(kind in (Image, PointCloud2) for kind in kinds) - 1
