"""The model card: all that a model file says about its weights, as JSON, without torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass
import json
import math

from mono_depth_ros.camera import Camera
from mono_depth_ros.checked_json import from_json, within
from mono_depth_ros.plausibility import doubts_about, FIELD_OF_VIEW_DEG

# What the numbers a network puts out mean: `canonical` as the reference camera would see it,
# else for the camera of the image; in metres, their logarithm or their inverse.
OUTPUTS = ('log_canonical_depth', 'canonical_depth', 'canonical_inverse_depth', 'depth',
           'inverse_depth')
# The ways preprocess.py brings an image of another shape into a network's.
RESIZES = ('letterbox', 'stretch')
# Which focal length of an image's camera canonical depth of a foreign network goes by.
FOCAL_RULES = ('fx', 'mean')
# What a file's graph is called whose network is not one of `networks/`.
FOREIGN = 'onnx'
# Every shape of our networks' input is a multiple of the coarsest features' stride.
SHAPE_STEP = 32
LARGEST_SIDE = 2048
LAYOUTS = ('NCHW', 'NHWC')
COLOUR_ORDERS = ('rgb', 'bgr')
IMAGE_TYPES = ('float32', 'float16', 'uint8')
CAMERA_TYPES = ('float32', 'float16', 'float64')
# Whether all files of the repository were as committed when a training began.
GIT_TREES = ('clean', 'modified', 'unknown')


@dataclass(frozen=True, kw_only=True)
class NetworkSpec:
    """Which network of `networks/`, and the image it takes: its size in pixels.

    With `camera_input` the camera's planes come behind the image's (preprocess.with_camera).
    `aspect_ratios`, lowest and highest width / height, are those it was trained for: the input of
    an image is then about as many pixels in its own shape (preprocess.input_size), its sides
    multiples of `size_multiple` and at most `longest_side`. Empty: always this size. ValueError
    for other than two, the smaller first, or where there is no such side. With `feature_distance`
    it is less sure of images unlike those it learned from (networks/feature_distance.py).
    """

    name: str
    input_height: int = within(16, LARGEST_SIDE)
    input_width: int = within(16, LARGEST_SIDE)
    camera_input: bool = False
    aspect_ratios: tuple[float, ...] = ()
    size_multiple: int = within(1, 512, default=SHAPE_STEP)
    longest_side: int = within(16, LARGEST_SIDE, default=LARGEST_SIDE)
    feature_distance: bool = False

    def __post_init__(self):
        limits = self.aspect_ratios
        if not limits:
            return
        if not (len(limits) == 2 and 0 < limits[0] <= limits[1] < math.inf):
            raise ValueError(f'aspect_ratios are the lowest and the highest width / height, or '
                             f'none, got {limits}')
        if not 1 <= self.size_multiple <= self.longest_side:
            raise ValueError(f'no side is a multiple of {self.size_multiple} and at most '
                             f'{self.longest_side}')


@dataclass(frozen=True, kw_only=True)
class Normalisation:
    """Normalisation of RGB in 0..1: (rgb - mean) / std, channel by channel.

    `border` is the colour of what a letterbox leaves free, RGB in 0..255; none: 0 after
    normalisation.
    """

    mean: tuple[float, ...] = within(-1e3, 1e3, 3)
    std: tuple[float, ...] = within(1e-4, 1e3, 3)
    border: tuple[float, ...] = within(0, 255, 3, default=())


@dataclass(frozen=True, kw_only=True)
class GraphSpec:
    """How an ONNX graph is fed and read: names of its inputs and output, layout, colour order.

    `intrinsics_input` takes the camera matrix (1, 3, 3) of the network input, `rays_input` unit
    vectors (1, 3, H, W) along the rays of its pixels, '' where the graph has none; `image_type`
    is the type of the image's numbers, uint8 for planes of 0 to 255, `camera_type` that of the
    other inputs. The depth is plane `depth_plane` of the output: 2 where that is points. With
    `depth_alone` the planes after one of 0 are not read; else the second is log uncertainty. What
    the card says of the depth is true of `scale` times the graph's plus `shift`.
    """

    image_input: str = 'image'
    depth_output: str = 'planes'
    intrinsics_input: str = ''
    rays_input: str = ''
    depth_plane: int = within(0, 2, default=0)
    layout: str = 'NCHW'
    colour_order: str = 'rgb'
    image_type: str = 'float32'
    scale: float = 1.0
    shift: float = 0.0
    camera_type: str = 'float32'
    depth_alone: bool = False

    def __post_init__(self):
        for name, known in (('layout', LAYOUTS), ('colour_order', COLOUR_ORDERS),
                            ('image_type', IMAGE_TYPES), ('camera_type', CAMERA_TYPES)):
            if getattr(self, name) not in known:
                raise ValueError(f'{name}: {getattr(self, name)!r} is not one of {known}')
        if not (math.isfinite(self.scale) and math.isfinite(self.shift) and self.scale):
            raise ValueError(f'scale {self.scale} and shift {self.shift} must be finite, the '
                             'scale not 0')


@dataclass(frozen=True, kw_only=True)
class DataUse:
    """One data set the model learned from: how many frames, which ones, on what terms."""

    name: str
    frames: int = within(0, 1e10)
    keys_sha256: str
    terms: str


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where the weights come from: enough to train them again.

    `git_tree` is one of GIT_TREES; `date` the day the training began, ISO 8601.
    """

    recipe: str
    data: tuple[DataUse, ...]
    seed: int = within(-2**63, 2**64)
    steps: int = within(0, 1e12)
    date: str
    git_commit: str
    git_tree: str
    versions: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """Depth error on one data set by one protocol; metres where a unit applies."""

    data: str
    split: str
    protocol: str
    frames: int = within(0, 1e10)
    delta1: float = within(0, 1)
    abs_rel: float = within(0, 1e6)
    rmse_m: float = within(0, 1e6)
    silog: float = within(0, 1e6)


@dataclass(frozen=True, kw_only=True)
class SelfTest:
    """What the network gave when the file was written: every backend must give it again.

    Mean and deviation of log (canonical) depth for uniform noise of `seed`; `probe` its means
    over 4x4 equal parts for a picture like an image (self_test.probe_image), empty in files from
    before. `version` is that of the two inputs: of 1 they are planes of -1 to 1, as in the files
    of our own networks; of 2, for foreign graphs, images, normalised as the card says, and log
    depth is held to the card's range.
    """

    seed: int = within(0, 2**63)
    mean: float = within(-100, 100)
    std: float = within(0, 100)
    probe: tuple[float, ...] = within(-100, 100, 16, default=())
    version: int = within(1, 2, default=1)


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """All a robot must know of a model: how pixels go in and what its output means.

    The output of our networks is log canonical depth: metres as `reference` (a camera at the
    size of the network input) would see them. Metres for another camera are
    exp(output) * focal(camera at network input) / focal(reference), within
    [min_depth_m, max_depth_m]. `output` names that rule, or that of a foreign network (`graph`
    says how its ONNX graph is used), and `resize` how an image of another aspect ratio is
    brought in; ValueError for one that is not of OUTPUTS and RESIZES. `hfov_deg` is the
    horizontal field of view that an image without a camera is taken to have, 0: as `reference`
    would take it. `focal_rule` is the focal length that `canonical_depth` and its inverse go by:
    that of x, or the mean of both.
    `weights_licence` tells the terms of the weights in one sentence: not those of this package.
    """

    name: str
    network: NetworkSpec
    normalisation: Normalisation
    reference: Camera
    min_depth_m: float = within(1e-3, 1e5)
    max_depth_m: float = within(1e-3, 1e5)
    output: str
    resize: str
    weights_licence: str
    provenance: Provenance
    metrics: tuple[Metrics, ...]
    self_test: SelfTest
    graph: GraphSpec = GraphSpec()
    hfov_deg: float = within(0, FIELD_OF_VIEW_DEG[1], default=0.0)
    focal_rule: str = 'fx'

    def __post_init__(self):
        for name, known in (('output', OUTPUTS), ('resize', RESIZES),
                            ('focal_rule', FOCAL_RULES)):
            if getattr(self, name) not in known:
                raise ValueError(f'card.{name}: {getattr(self, name)!r} is not one of {known}; '
                                 'the file is of another version of mono_depth_ros')
        self._check_reference()
        if not self.min_depth_m < self.max_depth_m:
            raise ValueError(f'card.max_depth_m: {self.max_depth_m:g} is not above min_depth_m '
                             f'{self.min_depth_m:g}')
        if self.provenance.git_tree not in GIT_TREES:
            raise ValueError(f'card.provenance.git_tree: {self.provenance.git_tree!r} is not one '
                             f'of {GIT_TREES}')

    def _check_reference(self) -> None:
        spec, reference = self.network, self.reference
        if (reference.width, reference.height) != (spec.input_width, spec.input_height):
            raise ValueError(
                f'card.reference: a camera of {reference.width}x{reference.height} pixels for a '
                f'network input of {spec.input_width}x{spec.input_height}')
        if reference.distortion:
            raise ValueError('card.reference: a reference camera has no distortion')
        for doubt in doubts_about(reference):
            raise ValueError(f'card.reference: {doubt}')

    @property
    def learned_camera(self) -> Camera | None:
        """The camera of the images our networks learned from, at the size of the network input.

        None for a foreign network: its reference camera is an assumption, or a rule for its depth.
        """
        return None if self.network.name == FOREIGN else self.reference

    def to_json(self) -> str:
        """Text that `card_from_json` reads back as an equal card."""
        return json.dumps(asdict(self), indent=1, sort_keys=True)


def card_from_json(text: str) -> ModelCard:
    """Card of a model file's header; ValueError names what is missing, unknown or mistyped."""
    return from_json(ModelCard, text, 'card')
