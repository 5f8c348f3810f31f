"""What the things of one world are made of: a handful of finishes to choose from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mono_depth_ros.simulation.scene.scene import Finish, Scene
from mono_depth_ros.simulation.textures import indoor as textures
from mono_depth_ros.simulation.textures import prints, stone

WOODS = ((150, 105, 65), (105, 70, 45), (200, 165, 120), (215, 200, 180), (75, 50, 40),
         (228, 226, 220), (170, 120, 90), (120, 118, 112))
FABRICS = ((90, 100, 120), (150, 60, 55), (120, 125, 110), (185, 165, 135), (60, 75, 70),
           (70, 70, 75), (165, 120, 80))
PAINTS = ((238, 236, 230), (40, 42, 46), (190, 60, 50), (60, 95, 140), (80, 120, 85),
          (215, 175, 70), (130, 130, 135))


@dataclass(frozen=True, kw_only=True)
class Style:
    """Finishes of a room: woods, fabrics, leaves, book rows, printed labels and papers, screens,
    the keys of keyboards, and a way to any colour.
    """

    scene: Scene
    rng: np.random.Generator
    woods: tuple[Finish, ...]
    fabrics: tuple[Finish, ...]
    books: tuple[Finish, ...]
    labels: tuple[Finish, ...]
    papers: tuple[Finish, ...]
    screens: tuple[Finish, ...]
    keys: Finish
    leaves: Finish

    def wood(self) -> Finish:
        """One of the woods."""
        return self.woods[self.rng.integers(len(self.woods))]

    def fabric(self) -> Finish:
        """One of the fabrics."""
        return self.fabrics[self.rng.integers(len(self.fabrics))]

    def label(self) -> Finish:
        """One of the printed labels."""
        return self.labels[self.rng.integers(len(self.labels))]

    def paper(self) -> Finish:
        """One of the printed sheets."""
        return self.papers[self.rng.integers(len(self.papers))]

    def screen(self) -> Finish:
        """One of the displays."""
        return self.screens[self.rng.integers(len(self.screens))]

    def paint(self, kind: str = 'matt') -> Finish:
        """A usual colour of paint, plastic or china."""
        colour = PAINTS[self.rng.integers(len(PAINTS))]
        return self.scene.colour(textures.tinted(self.rng, colour), kind)

    def bright(self, kind: str = 'matt') -> Finish:
        """Any colour."""
        return self.scene.colour(textures.any_colour(self.rng), kind)

    def grey(self, level: float, kind: str = 'gloss') -> Finish:
        """Metal, enamel or plastic of about this brightness (0..255)."""
        return self.scene.colour(np.clip(level * self.rng.uniform(0.9, 1.1, 3), 0, 255), kind)


def new_style(rng: np.random.Generator, scene: Scene) -> Style:
    """Finishes that go through one room."""
    def pick(colours, count):
        return [textures.tinted(rng, colours[i]) for i in rng.permutation(len(colours))[:count]]
    return Style(
        scene=scene, rng=rng,
        woods=tuple(scene.texture(textures.wood(rng, colour), 0.7) for colour in pick(WOODS, 3)),
        fabrics=tuple(_cloth(rng, scene, colour) for colour in pick(FABRICS, 4)),
        books=tuple(scene.texture(textures.books(rng), 1.0) for _ in range(2)),
        labels=tuple(scene.texture(textures.label(rng), 1.0) for _ in range(4)),
        papers=tuple(scene.texture(prints.page(rng), 1.0, specular=0.0) for _ in range(3)),
        screens=tuple(scene.texture(prints.screen(rng), 1.0, emission=rng.uniform(0.5, 1.5))
                      for _ in range(3)),
        keys=scene.texture(prints.keyboard(rng), 1.0),
        leaves=scene.texture(textures.leaves(rng), 0.5, specular=0.0))


def _cloth(rng: np.random.Generator, scene: Scene, colour) -> Finish:
    if rng.random() < 0.4:
        colour = textures.any_colour(rng, 50, 235)
    weave = (textures.fabric, textures.fabric, stone.striped, stone.dotted)[rng.integers(4)]
    return scene.texture(weave(rng, colour), rng.uniform(0.25, 0.6), specular=0.0)
