"""Images a model learned from: errors on them say nothing about new images."""

from __future__ import annotations

from mono_depth_ros.model_card import ModelCard
from train.data.data_sets import data_use, DataSet
from train.data.samples.data_notes import note


def learned_images(card: ModelCard, source: DataSet) -> int:
    """How many images of a source a model learned from, by its card: all or none.

    A card knows a whole list of keys by its hash; a part of such a list it does not recognise.
    """
    hashes = {use.keys_sha256 for use in card.provenance.data}
    return len(source) if data_use(source).keys_sha256 in hashes else 0


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
