"""The materials of one world: a few woods, fabrics and prints that its objects share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mono_depth_ros.simulation.scene.scene import Material, Scene
from mono_depth_ros.simulation.textures import cloth, printed, wood
from mono_depth_ros.simulation.textures.colours import any_colour, tinted

WOODS = ((150, 105, 65), (105, 70, 45), (200, 165, 120), (215, 200, 180), (75, 50, 40),
         (228, 226, 220), (170, 120, 90), (120, 118, 112))
FABRICS = ((90, 100, 120), (150, 60, 55), (120, 125, 110), (185, 165, 135), (60, 75, 70),
           (70, 70, 75), (165, 120, 80))
PAINTS = ((238, 236, 230), (40, 42, 46), (190, 60, 50), (60, 95, 140), (80, 120, 85),
          (215, 175, 70), (130, 130, 135))


@dataclass(frozen=True, kw_only=True)
class Materials:
    """Materials of one world, the scene they belong to, and the random generator that every maker
    of objects draws from.
    """

    scene: Scene
    rng: np.random.Generator
    woods: tuple[Material, ...]
    fabrics: tuple[Material, ...]
    books: tuple[Material, ...]
    labels: tuple[Material, ...]
    papers: tuple[Material, ...]
    screens: tuple[Material, ...]
    keys: Material
    leaves: Material

    def wood(self) -> Material:
        """One of the woods."""
        return self._one_of(self.woods)

    def fabric(self) -> Material:
        """One of the fabrics."""
        return self._one_of(self.fabrics)

    def book_row(self) -> Material:
        """One of the rows of book spines."""
        return self._one_of(self.books)

    def label(self) -> Material:
        """One of the printed labels."""
        return self._one_of(self.labels)

    def paper(self) -> Material:
        """One of the printed sheets."""
        return self._one_of(self.papers)

    def screen(self) -> Material:
        """One of the displays."""
        return self._one_of(self.screens)

    def paint(self, kind: str = 'matt') -> Material:
        """A common colour of paint, plastic or china."""
        colour = PAINTS[self.rng.integers(len(PAINTS))]
        return self.scene.coloured(tinted(self.rng, colour), kind)

    def any_colour(self, kind: str = 'matt') -> Material:
        """Any colour."""
        return self.scene.coloured(any_colour(self.rng), kind)

    def grey(self, level: float, kind: str = 'gloss') -> Material:
        """Metal, enamel or plastic of about this brightness (0..255)."""
        return self.scene.coloured(np.clip(level * self.rng.uniform(0.9, 1.1, 3), 0, 255), kind)

    def _one_of(self, choices: tuple[Material, ...]) -> Material:
        return choices[self.rng.integers(len(choices))]


def random_materials(rng: np.random.Generator, scene: Scene) -> Materials:
    """New materials of `scene`, drawn from `rng`."""
    def pick(colours, count):
        return [tinted(rng, colours[i]) for i in rng.permutation(len(colours))[:count]]
    return Materials(
        scene=scene, rng=rng,
        woods=tuple(scene.textured(wood.plain_wood(rng, colour), 0.7)
                    for colour in pick(WOODS, 3)),
        fabrics=tuple(_fabric(rng, scene, colour) for colour in pick(FABRICS, 4)),
        books=tuple(scene.textured(printed.books(rng), 1.0) for _ in range(2)),
        labels=tuple(scene.textured(printed.label(rng), 1.0) for _ in range(4)),
        papers=tuple(scene.textured(printed.page(rng), 1.0, specular=0.0) for _ in range(3)),
        screens=tuple(scene.textured(printed.screen(rng), 1.0, emission=rng.uniform(0.5, 1.5))
                      for _ in range(3)),
        keys=scene.textured(printed.keyboard(rng), 1.0),
        leaves=scene.textured(wood.leaves(rng), 0.5, specular=0.0))


def _fabric(rng: np.random.Generator, scene: Scene, colour) -> Material:
    if rng.random() < 0.4:
        colour = any_colour(rng, 50, 235)
    weave = (cloth.fabric, cloth.fabric, cloth.striped, cloth.dotted)[rng.integers(4)]
    return scene.textured(weave(rng, colour), rng.uniform(0.25, 0.6), specular=0.0)
