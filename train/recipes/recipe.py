"""What to train and how: a recipe is data, never a copied script."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mono_depth_ros.camera import Camera
from mono_depth_ros.checked_json import within
from mono_depth_ros.model_card import NetworkSpec, Normalisation
from mono_depth_ros.networks.multi_scale import MultiScaleNetwork
from mono_depth_ros.networks.registry import default_spec, FLEXIBLE, NETWORKS, stacks_of
from train.data.samples.augmentation import Augmentation
from train.data.sources.nyu import KINECT
from train.recipes.loss import Loss

OPTIMISERS = ('adamw', 'sgd')
AMP = ('auto', 'bf16', 'fp16', 'fp32')
# Settings of the stem that is learned on ImageNet, each off by default.
OF_STEM = ('imagenet_stem', 'stochastic_depth', 'mixstyle_probability')
ZERO_CENTRED = Normalisation(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Which stacks of the network learn, for how many epochs, how fast.

    The others are frozen: no gradient, batch norms and dropout in evaluation mode; so are the
    `frozen` parts of those that learn. With `frozen_norms` batch norms keep the statistics of the
    stages before, as they do on the robot, while their weights learn. `stem_lr` applies to
    weights that come from ImageNet. `data` names the data sets of the stage, empty is all of
    them; `weights` and `augmentation` override those of the recipe.
    """

    trains: tuple[str, ...]
    epochs: int = within(0, 1e6)
    data: tuple[str, ...] = ()
    weights: tuple[tuple[str, float], ...] = within(0, 1e6, default=())
    augmentation: Augmentation | None = None
    frozen: tuple[str, ...] = ()
    frozen_norms: bool = False
    lr: float = within(0, 10, default=1e-3)
    stem_lr: float = within(0, 10, default=3e-4)
    optimiser: str = 'adamw'
    weight_decay: float = within(0, 10, default=0.02)

    def __post_init__(self):
        if self.optimiser not in OPTIMISERS:
            raise ValueError(f'optimiser must be {" or ".join(OPTIMISERS)}, got '
                             f'{self.optimiser!r}')
        if min(self.lr, self.stem_lr) <= 0:
            raise ValueError(f'a stage takes learning rates above 0, got {self.lr:g} and '
                             f'{self.stem_lr:g}')


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A whole training: network, stages and all that shapes the result.

    `weights` says how often an epoch sees each sample of a data set, where that is not once. At
    a `temperature` T above 1 small sets are drawn more, large ones less, by n^(1/T), as if a set
    had no more samples than its number in `caps` (for monotonous ones). A network of several
    `aspect_ratios` sees each data set in its own shape, and with the chance `other_shapes` in
    that of another. Of the data sets `inpainted`, whose truth was guessed where it has edges, the
    pixels beside an edge are not learned from.
    Sky, where a data set marks it, is learned as `sky_m`, or not at all where that is 0.
    `stochastic_depth` is how often the last residual block of an ImageNet stem is left out, those
    before it less and less; `mixstyle_probability` how often a batch mixes the styles of its
    images there.
    `distance_slope` is how much less sure a network with `feature_distance` is of images unlike
    those it learned from: the power of the distance by which its uncertainty grows.
    `amp` in what the network computes: 'auto' (bf16 on a GPU), 'bf16', 'fp16' or 'fp32'.
    """

    name: str
    network: NetworkSpec
    stages: tuple[Stage, ...]
    loss: Loss
    augmentation: Augmentation = Augmentation()
    normalisation: Normalisation = ZERO_CENTRED
    kinect: Camera = KINECT
    min_depth_m: float = 0.3
    max_depth_m: float = 10.0
    sky_m: float = within(0, 1e5, default=0.0)
    batch_size: int = within(1, 1e5, default=8)
    coarse_weight: float = within(0, 1e3, default=0.5)
    ema_decay: float = within(0, 0.999999, default=0.0)
    clip_norm: float = within(0, 1e6, default=0.0)
    imagenet_stem: bool = False
    stochastic_depth: float = within(0, 0.9, default=0.0)
    mixstyle_probability: float = within(0, 1, default=0.0)
    weights: tuple[tuple[str, float], ...] = within(0, 1e6, default=())
    temperature: float = within(0.1, 1e3, default=1.0)
    caps: tuple[tuple[str, int], ...] = within(1, 1e10, default=())
    other_shapes: float = within(0, 1, default=0.25)
    inpainted: tuple[str, ...] = ()
    distance_slope: float = within(0, 10, default=3.0)
    amp: str = 'auto'
    seed: int = within(0, 2 ** 63, default=0)

    def __post_init__(self):
        if self.amp not in AMP:
            raise ValueError(f'amp must be {", ".join(AMP)}; got {self.amp!r}')
        if self.temperature <= 0 or any(cap < 1 for _, cap in self.caps):
            raise ValueError(f'temperature must be above 0 and caps at least 1, got '
                             f'{self.temperature:g} and {self.caps}')
        stacks = stacks_of(self.network.name)
        for name in (name for stage in self.stages for name in stage.trains):
            if name not in stacks:
                raise ValueError(f'a stage trains {name!r}, but the stacks of '
                                 f'{self.network.name} are {", ".join(stacks)}')
        for stage in self.stages:
            in_order = tuple(name for name in stacks if name in stage.trains)
            if not in_order or stage.trains != in_order:
                raise ValueError(f'a stage trains one stack or more, each once and in the order '
                                 f'of the network ({", ".join(stacks)}), got trains='
                                 f'{stage.trains}')

    def check_settings(self) -> None:
        """Raise ValueError for a setting that would have no effect, or a wrong one.

        Only of what begins: a run of before goes on with such settings.
        """
        name = self.network.name
        for setting in OF_STEM:
            if getattr(self, setting) and name not in FLEXIBLE:
                raise ValueError(f'{setting} is of an ImageNet stem, which {name} does not have: '
                                 f'the networks that do are {", ".join(FLEXIBLE)}')
        if self.loss.mixture and NETWORKS[name][0].modes is MultiScaleNetwork.modes:
            raise ValueError(f'loss.mixture is of networks that predict two modes, which {name} '
                             'does not: set it to 0, or network.name=mobile_lite2_bimodal')
        if self.other_shapes != type(self).other_shapes and not self.network.aspect_ratios:
            raise ValueError('other_shapes is of networks of several network.aspect_ratios, and '
                             f'{name} is trained with none: leave it as it is, or set those')
        if self.distance_slope != type(self).distance_slope and not self.network.feature_distance:
            raise ValueError('distance_slope is of networks with network.feature_distance=True: '
                             'leave it as it is, or set that')
        if 0 < self.sky_m < self.max_depth_m:
            raise ValueError(f'sky_m is 0 or at least max_depth_m, which is {self.max_depth_m:g}, '
                             f'got {self.sky_m:g}: sky would be learned as near')

    @property
    def reference(self) -> Camera:
        """The canonical camera at network input size."""
        seen, left, top = self._kinect_seen()
        return seen.cropped(-left, -top, self.network.input_width, self.network.input_height)

    def kinect_for(self, reference: Camera) -> Camera:
        """The `kinect` by which this recipe would have that canonical camera."""
        seen, left, top = self._kinect_seen()
        return reference.cropped(left, top, seen.width, seen.height).resized(
            self.kinect.width, self.kinect.height)

    def _kinect_seen(self) -> tuple[Camera, int, int]:
        """`kinect` as large as the network's input takes it, and the borders left and above."""
        spec = self.network
        scale = min(spec.input_width / self.kinect.width, spec.input_height / self.kinect.height)
        seen = self.kinect.resized(round(self.kinect.width * scale),
                                   round(self.kinect.height * scale))
        return (seen, (spec.input_width - seen.width) // 2,
                (spec.input_height - seen.height) // 2)


PAPER_LOSS = Loss()
EDGE_LOSS = Loss(rooted=True, l1_log=0.5, gradient=0.5)
# Two modes at an edge, and what is missing of its step.
SHARP_LOSS = replace(EDGE_LOSS, scale_invariant=0.5, gradient_scales=4, edges=1.0, mixture=0.5)
# Two depths a pixel, and images in their own shape.
ANY_SHAPE_LITE2 = replace(default_spec('mobile_lite2_bimodal'), aspect_ratios=(0.6, 3.4))

BOTH = ('coarse', 'fine')
# The uncertainty is learned when the depth is finished, for it is the error that depth then
# makes. First its own batch norms learn the statistics that are then frozen.
UNCERTAINTY_STAGES = (Stage(trains=('uncertainty',), epochs=1),
                      Stage(trains=('uncertainty',), epochs=2, frozen_norms=True))


def _paper(network: str, name: str, *stages: Stage) -> Recipe:
    """The paper's loss on one of its networks."""
    return Recipe(name=name, network=default_spec(network), loss=PAPER_LOSS, clip_norm=1.0,
                  stages=stages)


def _mobile(name: str, *stages: Stage) -> Recipe:
    return Recipe(name=name, network=default_spec('mobile'), loss=EDGE_LOSS, imagenet_stem=True,
                  ema_decay=0.998, clip_norm=1.0, stages=stages)


# A network overfits few real images unless learning is made hard: by other colours, and by
# `stochastic_depth` and `mixstyle_probability` below.
VARIED = Augmentation(hue_deg=20.0, saturation=(0.5, 1.3))
# Zooming in shows near scenes and other lenses, turning shows tilted cameras.
ROUGH = replace(VARIED, zoom=(0.85, 1.4), close=0.35, close_zoom=(1.4, 3.0), turn=0.25, noise=0.25,
                jpeg=0.25, blur=0.2)
# Batches that mix rooms real and drawn have other statistics than the images of any one camera:
# a network whose batch norms go on learning in them answers a robot with a wrong scale.
MIXED = Stage(trains=BOTH, epochs=11, lr=5e-4, stem_lr=2e-4, frozen_norms=True)
# From ImageNet's weights in one training: batch norms learn their statistics from photographs of
# one camera, which are then kept. Half of the images of the mixed stage are NYU's, the others
# those of all other cameras.
INDOOR = replace(
    _mobile('indoor', Stage(trains=BOTH, epochs=10, data=('nyu',), augmentation=VARIED),
            replace(MIXED, epochs=100), *UNCERTAINTY_STAGES),
    network=replace(ANY_SHAPE_LITE2, feature_distance=True), loss=SHARP_LOSS, augmentation=ROUGH,
    stochastic_depth=0.2, mixstyle_probability=0.5, inpainted=('nyu',), batch_size=16)
# Begins as `indoor`: streets have the same edges. A third of an epoch are simulated streets.
OUTDOOR = replace(
    _mobile('outdoor', replace(MIXED, epochs=60), *UNCERTAINTY_STAGES),
    network=ANY_SHAPE_LITE2, loss=SHARP_LOSS,
    augmentation=Augmentation(zoom=(0.8, 1.25), noise=0.25, jpeg=0.25, blur=0.2, hue_deg=20.0,
                              saturation=(0.5, 1.3)),
    stochastic_depth=0.1, mixstyle_probability=0.25, weights=(('street', 0.1),), batch_size=16,
    min_depth_m=1.0, max_depth_m=80.0, sky_m=160.0)
# For a camera and rooms of one's own, from `indoor`.
FINETUNE = replace(INDOOR, name='finetune', network=ANY_SHAPE_LITE2, inpainted=(), batch_size=8,
                   stochastic_depth=0.1, mixstyle_probability=0.25, stages=(
    replace(MIXED, epochs=5, lr=3e-4, stem_lr=1e-4), *UNCERTAINTY_STAGES))

COARSE_STAGE = Stage(trains=('coarse',), epochs=40, lr=1e-4)
FINE_STAGE = Stage(trains=('fine',), epochs=20)
RECIPES = {recipe.name: recipe for recipe in (
    INDOOR, OUTDOOR, FINETUNE,
    _mobile('mobile', Stage(trains=BOTH, epochs=30), *UNCERTAINTY_STAGES),
    _mobile('mobile_staged', Stage(trains=('coarse',), epochs=22),
            Stage(trains=('fine',), epochs=8), *UNCERTAINTY_STAGES),
    _paper('eigen_modified', 'eigen_modified', COARSE_STAGE, FINE_STAGE),
    _paper('eigen_modified', 'eigen_modified_joint', Stage(trains=BOTH, epochs=60, lr=1e-4)),
    _paper('eigen_modified3', 'eigen_modified3', COARSE_STAGE, FINE_STAGE,
           Stage(trains=('finer',), epochs=20)),
    _paper('eigen', 'eigen', COARSE_STAGE, FINE_STAGE),
    _paper('eigen', 'eigen_joint', Stage(trains=BOTH, epochs=60, lr=1e-4)),
    _paper('alexnet', 'alexnet', Stage(trains=('coarse',), epochs=60, lr=1e-4)),
    _paper('resnet18', 'resnet18', Stage(trains=('coarse',), epochs=60, lr=1e-4)),
)}


def recipe_called(name: str) -> Recipe:
    """The recipe of that name; ValueError lists those there are."""
    if name not in RECIPES:
        raise ValueError(f'unknown recipe {name!r}; known: {", ".join(sorted(RECIPES))}')
    return RECIPES[name]
