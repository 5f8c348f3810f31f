"""SIGINT, SIGTERM and SIGHUP as one request to end a process, however many come and when."""

from __future__ import annotations

from collections.abc import Callable
import os
import signal
from threading import Lock, Thread


class StopSignals:
    """From here on a signal can no longer kill the process; true once one has come.

    The signals are blocked, in all threads that start later too, and one thread waits for them.
    Before `on_request` there is nothing to release, and the first signal ends the process at once
    with exit code 0. Signal handlers would not do: Python removes them before it destroys its
    objects, which for a DDS participant takes long enough for a second Ctrl-C, and one that raises
    KeyboardInterrupt while a library is imported ends Python with a traceback.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._stop: Callable[[], None] | None = None
        self._requested = self._closed = False
        self._signals = {signal.SIGINT, signal.SIGTERM}
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup sets it
            self._signals.add(signal.SIGHUP)
        signal.pthread_sigmask(signal.SIG_BLOCK, self._signals)
        self._thread = Thread(target=self._wait, name='stop-signals', daemon=True)
        self._thread.start()

    def __bool__(self) -> bool:
        return self._requested

    def __enter__(self) -> StopSignals:
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def on_request(self, stop: Callable[[], None]) -> None:
        """Call `stop`, from another thread, at the first signal instead of ending the process."""
        with self._lock:
            self._stop = stop

    def close(self) -> None:
        """End the thread; the signals stay blocked, so that none disturbs the end of Python."""
        self._closed = True
        signal.pthread_kill(self._thread.ident or 0, signal.SIGTERM)
        self._thread.join()

    def unblock(self) -> None:
        """Let signals end the process again, for a program that takes its place; after `close`."""
        signal.pthread_sigmask(signal.SIG_UNBLOCK, self._signals)

    def _wait(self) -> None:
        while True:
            signal.sigwait(self._signals)
            if self._closed:
                return
            with self._lock:
                if self._stop is None:
                    os._exit(0)
                first, self._requested = not self._requested, True
            if first:
                self._stop()
