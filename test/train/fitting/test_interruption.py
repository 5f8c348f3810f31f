"""Ctrl-C or SIGTERM in a training: asked for once, forced twice."""

import signal

import pytest

from train.interruption import ignore_interrupts, stoppable


@pytest.fixture(autouse=True)
def handler():
    """Python's own, for a shell starts a process in the background with Ctrl-C ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def test_the_first_ctrl_c_asks_and_the_second_interrupts(handler):
    with stoppable() as stop:
        assert not stop.asked
        signal.raise_signal(signal.SIGINT)
        assert stop.asked
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is handler


def test_afterwards_ctrl_c_interrupts_as_before(handler):
    with stoppable():
        pass
    assert signal.getsignal(signal.SIGINT) is handler
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_sigterm_asks_too_and_its_second_ends_the_process():
    """A scheduler's, or torchrun's after a Ctrl-C: it ended the process before it had saved."""
    ended = []
    before = signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
    try:
        with stoppable() as stop:
            signal.raise_signal(signal.SIGTERM)
            assert stop.asked and not ended
            signal.raise_signal(signal.SIGTERM)
            assert ended
        with stoppable() as stop:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGTERM)
            assert stop.asked and ended == [True]
        signal.raise_signal(signal.SIGTERM)
        assert ended == [True, True]
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_worker_ignores_ctrl_c_and_the_first_sigterm():
    before = signal.getsignal(signal.SIGTERM)
    try:
        ignore_interrupts()
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGTERM, before)
