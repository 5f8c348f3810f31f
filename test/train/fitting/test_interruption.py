"""Ctrl-C in a training: asked for once, forced twice."""

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


def test_a_worker_ignores_ctrl_c():
    ignore_interrupts()
    signal.raise_signal(signal.SIGINT)
