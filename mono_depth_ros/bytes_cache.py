"""What was computed for the keys used last, within a limit of bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar('Key', bound=Hashable)
Value = TypeVar('Value')


class BytesCache(Generic[Key, Value]):
    """Calls `make(key)` when a value is first asked for, and keeps it; any thread may call.

    The values used last stay, at most `limit_bytes` of them by `size_of`, and at least one.
    """

    def __init__(self, make: Callable[[Key], Value], size_of: Callable[[Value], int],
                 limit_bytes: int):
        self._make, self._size_of, self.limit_bytes = make, size_of, limit_bytes
        self._kept: OrderedDict[Key, Value] = OrderedDict()
        self._lock = Lock()

    def __call__(self, key: Key) -> Value:
        with self._lock:
            if key not in self._kept:
                self._kept[key] = self._make(key)
            self._kept.move_to_end(key)
            while len(self._kept) > 1 and sum(
                    self._size_of(value) for value in self._kept.values()) > self.limit_bytes:
                self._kept.popitem(last=False)
            return self._kept[key]
