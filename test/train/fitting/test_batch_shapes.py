"""Batches of one input size each: all of them, each sample once, as often as its set is drawn."""

from collections import Counter

import numpy as np

from train.fitting.batch_shapes import BatchShapes

WIDE, SQUARE, TALL = (288, 160), (224, 224), (192, 256)


def test_every_batch_has_the_size_of_its_samples():
    # 10 samples of the first set, 6 of the second, 4 of the third: 10 // 4 + 6 // 4 + 4 // 4
    # whole batches, and 2 + 2 left for a mixed one.
    shapes = BatchShapes(counts=(10, 6, 4), sizes=(WIDE, SQUARE, TALL))
    order = np.random.default_rng(0).permutation(20)
    found = shapes.batches(order, 4, np.random.default_rng(1))
    assert sorted(np.concatenate([positions for positions, _ in found])) == list(range(20))
    own = np.where(order < 10, 0, np.where(order < 16, 1, 2))
    pure = [(set(own[positions]), size) for positions, size in found]
    assert Counter(size for sets, size in pure if len(sets) == 1) == {WIDE: 2, SQUARE: 1, TALL: 1}
    mixed, = [positions for positions, _ in found if len(set(own[positions])) == 2]
    size, = [size for positions, size in found if positions is mixed]
    assert size == (WIDE, SQUARE, TALL)[own[mixed[0]]]


def test_whole_batches_of_an_epoch_and_no_more():
    shapes = BatchShapes(counts=(7, 6), sizes=(WIDE, TALL))
    order = np.arange(13)
    found = shapes.batches(order, 4, np.random.default_rng(0))
    assert [len(positions) for positions, _ in found] == [4, 4, 4]  # 13 // 4
    few, = shapes.batches(order[:3], 4, np.random.default_rng(0))
    assert few[0].tolist() == [0, 1, 2] and few[1] == WIDE


def test_some_samples_are_seen_at_the_sizes_of_other_sets():
    shapes = BatchShapes(counts=(4000, 0), sizes=(WIDE, TALL), other=0.5)
    found = shapes.batches(np.arange(4000), 8, np.random.default_rng(0))
    tall = sum(len(positions) for positions, size in found if size == TALL)
    assert 900 < tall < 1100  # half of the half


def test_the_same_seed_gives_the_same_batches():
    shapes = BatchShapes(counts=(9, 9), sizes=(WIDE, TALL), other=0.3)
    order = np.arange(18)
    one, two = (shapes.batches(order, 4, np.random.default_rng(5)) for _ in range(2))
    assert [(p.tolist(), s) for p, s in one] == [(p.tolist(), s) for p, s in two]
