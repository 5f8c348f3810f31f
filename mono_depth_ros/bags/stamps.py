"""Stamps of recorded messages, and which of two streams belong together."""

from __future__ import annotations

import numpy as np

from mono_depth_ros.message_formats.stamps import serialised_stamp_ns

MAX_GAP_S = 0.02


def stamp_of(message: bytes, log_ns: int) -> int:
    """Header stamp in ns of a serialised message; `log_ns` where the driver left it at zero."""
    return serialised_stamp_ns(message) or log_ns


def paired(first_N: np.ndarray, second_M: np.ndarray) -> np.ndarray:
    """Indices (P, 2), by time, of stamps (ns) that are each other's nearest within MAX_GAP_S."""
    if not first_N.size or not second_M.size:
        return np.empty((0, 2), np.int64)
    to_second_N, to_first_M = nearest(first_N, second_M), nearest(second_M, first_N)
    number_N = np.arange(first_N.size)
    close_N = np.abs(first_N - second_M[to_second_N]) <= MAX_GAP_S * 1e9
    mutual_N = to_first_M[to_second_N] == number_N
    pairs_P2 = np.stack([number_N, to_second_N], axis=1)[close_N & mutual_N]
    return pairs_P2[np.argsort(first_N[pairs_P2[:, 0]], kind='stable')]


def nearest(times_N: np.ndarray, among_M: np.ndarray) -> np.ndarray:
    """Indices (N,) into `among_M` of the time nearest to each; of two as near, the earlier one.

    Both in any order, M at least 1.
    """
    order_M = np.argsort(among_M, kind='stable')
    ordered_M = among_M[order_M]
    right_N = np.minimum(np.searchsorted(ordered_M, times_N), among_M.size - 1)
    left_N = np.maximum(right_N - 1, 0)
    from_left = np.abs(times_N - ordered_M[left_N]) <= np.abs(ordered_M[right_N] - times_N)
    return order_M[np.where(from_left, left_N, right_N)]
