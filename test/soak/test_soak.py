"""Short forms of scripts/soak, and its arithmetic."""

import time

import numpy as np
import pytest

from mono_depth_ros.soak import __main__ as soak
from mono_depth_ros.soak.__main__ import churned, main, NETWORK_MS, RATE_HZ
from mono_depth_ros.soak.slow_node import SlowNetwork
from mono_depth_ros.soak.stream import Run, stream


def run_of(received=5, processed=2, dropped=3, came=2, sent=6) -> Run:
    counts = {'received': received, 'processed': processed, 'dropped': dropped, 'refused': 0,
              'unused': 0}
    return Run(
        came_s={'': [0.0] * came}, age_ms={}, published_age_ms=[], memory_mib=[], sent=sent,
        values={'depth_node: depth': {f'images {name}': str(n) for name, n in counts.items()}})


@pytest.mark.parametrize('changes, wrong', [
    ({}, ''), ({'dropped': 2}, '5 received but 4 counted'),
    ({'came': 1}, '2 processed but 1 depth images came'), ({'sent': 4}, '5 received of 4 sent')])
def test_counts_that_do_not_add_up_are_named(changes, wrong):
    assert run_of(**changes).wrong_counts() == wrong


@pytest.mark.parametrize('words, sentence', [
    (('stream', '--minutes', '0'), 'above 0, got 0'), (('stream', '--minutes', 'nan'), 'above 0'),
    (('cameras', '--seconds', '-1'), 'above 0'), (('churn', '--rounds', '0'), 'from 1 on, got 0'),
    (('churn', '--rounds', '1.5'), 'from 1 on, got 1.5')])
def test_numbers_that_measure_nothing_are_refused(capsys, words, sentence):
    with pytest.raises(SystemExit) as end:
        main(list(words))
    assert end.value.code == 2 and sentence in capsys.readouterr().err


def test_a_stream_too_short_to_measure_is_one_sentence(capsys, monkeypatch):
    monkeypatch.setattr(soak, 'stream', lambda *given: Run(
        came_s={'': []}, age_ms={'': []}, published_age_ms=[], memory_mib=[], sent=0, values={}))
    assert main(['stream', '--minutes', '0.001']) == 1
    assert capsys.readouterr().err == (
        'cannot measure: 0.06 s are too few: of the first images, the node tells nothing\n')


def test_a_slow_network_answers_the_same_later():
    network = SlowNetwork(lambda image, intrinsics: image + 1, 0.05)
    planes, due_s = np.zeros(3), time.monotonic() + 0.05
    assert (network(planes) == 1).all() and time.monotonic() >= due_s


@pytest.mark.thorough
def test_too_fast_a_stream_is_served_with_its_latest_images_and_counted():
    run = stream(3.0, NETWORK_MS, RATE_HZ, [''], [])
    assert run.wrong_counts() == '' and run.count('refused') == 0
    assert run.count('dropped') > run.count('processed') > 10
    assert np.median(run.age_ms['']) < 2 * NETWORK_MS  # older ones would wait in a queue


@pytest.mark.thorough
def test_a_node_bears_cameras_and_listeners_that_come_and_go():
    assert churned(7)
