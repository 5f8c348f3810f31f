"""Numbers on a command line: what is above 0 is taken, all else refused with a sentence."""

from argparse import ArgumentTypeError

import pytest

from mono_depth_ros.argument_types import count, positive


def test_numbers_within_the_limits_are_taken():
    assert positive()('1e9') == 1e9 and positive(3600)('3600') == 3600.0
    assert count('1') == 1 and type(count('12')) is int


@pytest.mark.parametrize('read, text, sentence', [
    (positive(), '0', 'a number above 0, got 0'), (positive(), 'inf', 'above 0, got inf'),
    (positive(3600), '3601', 'above 0 and at most 3600, got 3601'),
    (positive(), 'nan', 'got nan'), (positive(), '-1', 'got -1'), (positive(), 'x', 'got x'),
    (count, '0', 'a whole number from 1 on, got 0'), (count, '1.5', 'got 1.5'),
    (count, '-2', 'got -2')])
def test_others_are_refused_with_a_sentence(read, text, sentence):
    with pytest.raises(ArgumentTypeError, match=sentence):
        read(text)
