"""The paper's experiment as data: which networks, how an equal budget is shared among stages.

Every network sees the same images for as many epochs, in batches of the same size and views drawn
alike. Its learning rate is the best of three on a part of the training scenes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from train.recipes.recipe import recipe_called

ADAMW_SLOW = ('optimiser=adamw', 'lr=1e-4')
ADAMW = ('optimiser=adamw', 'lr=3e-4')
# Momentum 0.9 without weight decay, as Eigen et al. 2014 trained.
SGD = ('optimiser=sgd', 'lr=1e-2', 'weight_decay=0.0')


@dataclass(frozen=True, kw_only=True)
class Entrant:
    """One row of the table: its recipe, and the share of the epochs that each stage gets.

    Stages without a share are left out. `rates` are the settings of the first stage to choose
    from; later stages keep those of the recipe.
    """

    name: str
    recipe: str
    shares: tuple[float, ...] = (1.0,)
    rates: tuple[tuple[str, ...], ...] = (ADAMW_SLOW, ADAMW, SGD)

    def epochs(self, total: int) -> list[int]:
        """Epochs of every stage, at least one for each that has a share; together `total`.

        Raises ValueError where `total` is less than one for each.
        """
        if total < len(self.shares):
            raise ValueError(f'{self.name} is trained in {len(self.shares)} stages: give at least '
                             f'as many epochs, got {total}')
        later = [max(1, round(share * total)) for share in self.shares[1:]]
        stages = len(recipe_called(self.recipe).stages)
        return [total - sum(later), *later, *[0] * (stages - len(self.shares))]

    def settings(self, epochs: Sequence[int], rate: Sequence[str]) -> list[str]:
        """The --set words of a training with those epochs a stage and that learning rate."""
        return [*(f'stages.{number}.epochs={count}' for number, count in enumerate(epochs, 1)),
                *(f'stages.1.{setting}' for setting in rate)]


STAGED = (2 / 3, 1 / 3)
# Raised where the same words train another network than before, so that the two are not mixed.
NETWORKS = 2
# Batch norms and an ImageNet stem bear other rates than the paper's networks.
MOBILE_RATES = tuple(('optimiser=adamw', f'lr={lr}') for lr in ('3e-4', '1e-3', '2e-3'))
ENTRANTS = {entrant.name: entrant for entrant in (
    Entrant(name='eigen_modified', recipe='eigen_modified', shares=STAGED),
    Entrant(name='eigen', recipe='eigen', shares=STAGED),
    Entrant(name='eigen_modified_joint', recipe='eigen_modified_joint'),
    Entrant(name='eigen_joint', recipe='eigen_joint'),
    Entrant(name='resnet18', recipe='resnet18'),
    Entrant(name='alexnet', recipe='alexnet'),
    Entrant(name='eigen_modified3', recipe='eigen_modified3', shares=(1 / 2, 1 / 4, 1 / 4)),
    Entrant(name='mobile', recipe='mobile', rates=MOBILE_RATES),
    Entrant(name='mobile_staged', recipe='mobile_staged', shares=STAGED, rates=MOBILE_RATES),
)}


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """Where the networks are compared: the protocol, the settings of every recipe, who takes part.
    """

    name: str
    protocol: str
    entrants: tuple[str, ...]
    settings: tuple[str, ...] = ()


BENCHMARKS = {one.name: one for one in (
    Benchmark(name='room', protocol='eigen-crop', entrants=tuple(ENTRANTS)),
    # The paper's section V-C.
    Benchmark(name='street', protocol='outdoor', entrants=('eigen_modified', 'eigen'),
              settings=('min_depth_m=1.0', 'max_depth_m=80.0', 'weights.gta=4.0')),
)}
# As printed: delta1, AbsRel and RMSE, none of them of metres (docs/results.md).
PRINTED = {'alexnet': '0.907 / 0.090 / 0.105 %', 'resnet18': '0.895 / 0.110 / 0.108 %',
           'eigen': '0.895 / 0.103 / 0.101 %', 'eigen_modified': '0.901 / 0.088 / 0.092 %'}


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A sentence of the paper, and the difference in an error that would show it.

    `first` less `second` is above `margin` where `rises`, else below; of `parameters` it is exact.
    """

    text: str
    first: str
    second: str
    error: str = 'delta1'
    rises: bool = True
    margin: float = 0.0


CLAIMS = (
    Claim(text='the modified network has fewer parameters than Eigen', first='eigen_modified',
          second='eigen', error='parameters', rises=False),
    Claim(text='it is not worse than Eigen (delta1 at most 0.01 lower)', first='eigen_modified',
          second='eigen', margin=-0.01),
    Claim(text="its error is less than Eigen's (AbsRel)", first='eigen_modified', second='eigen',
          error='abs_rel', rises=False),
    Claim(text="its error is less than AlexNet's (AbsRel)", first='eigen_modified',
          second='alexnet', error='abs_rel', rises=False),
    Claim(text="its error is less than ResNet-18's (AbsRel)", first='eigen_modified',
          second='resnet18', error='abs_rel', rises=False),
    Claim(text='staged training is better than joint', first='eigen_modified',
          second='eigen_modified_joint'),
    Claim(text='Eigen too is better staged than joint', first='eigen', second='eigen_joint'),
    Claim(text='a third scale helps', first='eigen_modified3', second='eigen_modified'),
    Claim(text="its output is smoother than Eigen's", first='eigen_modified', second='eigen',
          error='roughness', rises=False),
    Claim(text="the error of `mobile`, not of the paper, is less than Eigen's (AbsRel)",
          first='mobile', second='eigen', error='abs_rel', rises=False),
    Claim(text='`mobile` too is better staged than joint', first='mobile_staged',
          second='mobile'),
)
