"""Images a model learned from: errors on them say nothing about new images."""

from __future__ import annotations

from mono_depth_ros.model_card import ModelCard
from train.data.data_sets import data_use, DataSet
from train.data.samples.data_notes import note


def learned_images(card: ModelCard, source: DataSet) -> int:
    """How many images of a source a model learned from, by its card: all or none.

    A card knows a data set by its name and a whole list of keys by its hash; a part of such a
    list it does not recognise. Where only the names differ a note tells of it: keys as 0000 to
    0099 are those of many sets.
    """
    own = data_use(source)
    names = [use.name for use in card.provenance.data if use.keys_sha256 == own.keys_sha256]
    if own.name in names:
        return len(source)
    if names:
        note(f'{card.name} learned from {names[0]}, whose {len(source)} images are called as '
             f'those of {source.name}: where they are the same, its errors there are training '
             'errors')
    return 0


def check_learned(name: str, learned: int, spec: str, source: DataSet, split: str) -> None:
    """Refuse to measure a model on images of NAME=DIR it learned from, by a ValueError.

    Of the split `train` a note tells it: who asks for that by name wants training errors.
    """
    if not learned:
        return
    what = f'{name} learned from {learned} of the {len(source)} images of {spec}'
    if split != 'train':
        raise ValueError(f'{what}: measure on others, or on --split train to see training errors')
    note(f'{what}: its errors there are training errors')
