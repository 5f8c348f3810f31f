"""How well the floor mends the scale of a model: errors before and after, and the harm done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
import math

import numpy as np

from mono_depth_ros.camera import Camera
from mono_depth_ros.metrics import DELTA, factor_apart
from mono_depth_ros.scale.floor import CAUTION, find_floor
from mono_depth_ros.scale.slow_factor import SlowFactor

# A factor has acted from this far (log) on; an image is worse where its error grew by more.
ACTED, WORSE = 0.01, 0.05


@dataclass(frozen=True, kw_only=True)
class FloorView:
    """One image: predicted and true depth (H, W) m, the camera, its pose, and when it was taken.

    `sequence` names the images that follow each other: the slow factor begins anew with each.
    """

    predicted: np.ndarray
    truth: np.ndarray
    camera: Camera
    up: np.ndarray
    height_m: float
    time_s: float
    sequence: str


@dataclass(frozen=True, kw_only=True)
class FloorScale:
    """What became of images: shares and means over them.

    `found` is the share with a floor, `found_error` how far its factor was off (mean of absolute
    log), `acted` the share on which the slow factor was not 1; errors of scale are absolute logs
    of the median ratio, before and after; `worse` is the share worse by more than WORSE and
    `worst` the largest growth.
    """

    images: int
    found: float
    found_error: float
    acted: float
    before: float
    after: float
    delta1_before: float
    delta1_after: float
    worse: float
    worst: float


def floor_scale(views: Iterable[FloorView], range_m: tuple[float, float]) -> FloorScale:
    """The slow factor of the floor over views in order of time; `range_m` is the model's.

    Raises ValueError without an image of known depth.
    """
    rows, slow, sequence = [], SlowFactor(CAUTION), None
    for view in views:
        if view.sequence != sequence:
            slow, sequence = SlowFactor(CAUTION), view.sequence
        factor = find_floor(view.predicted, view.camera, view.up, view.height_m,
                            range_m[0]).factor
        slow.add(view.time_s, factor)
        rows += _row(view, factor, slow.factor, range_m)
    if not rows:
        raise ValueError('no image with a known floor and known depth')
    (wanted, used, found, delta1_before, delta1_after) = np.array(rows).T
    before, after = np.abs(wanted), np.abs(wanted - used)
    errors = np.abs(wanted - found)
    return FloorScale(
        images=len(rows), found=float(np.isfinite(found).mean()),
        found_error=float(np.nanmean(errors)) if np.isfinite(found).any() else math.nan,
        acted=float((np.abs(used) > ACTED).mean()), before=float(before.mean()),
        after=float(after.mean()), delta1_before=float(delta1_before.mean()),
        delta1_after=float(delta1_after.mean()), worse=float((after > before + WORSE).mean()),
        worst=float((after - before).max()))


def times(view: FloorView, factor: float) -> FloorView:
    """The view by a model that is off by a factor."""
    return replace(view, predicted=view.predicted * np.float32(factor))


def tilted(view: FloorView, degrees: float) -> FloorView:
    """The view with a wrong pose, which says that the camera looks that much farther down."""
    turn = math.radians(degrees)
    x, y, z = view.up
    return replace(view, up=np.array([x, y * math.cos(turn) - z * math.sin(turn),
                                      y * math.sin(turn) + z * math.cos(turn)]))


def _row(view: FloorView, factor: float | None, used: float, range_m) -> list[tuple[float, ...]]:
    """Log of the factor that is right, used and found, and delta1 before and after; or nothing."""
    known = np.isfinite(view.truth) & (view.truth > 0) & np.isfinite(view.predicted)
    if known.sum() < 100:
        return []
    shown_N, true_N = view.predicted[known], view.truth[known]
    seen = np.isfinite(view.truth) & (view.truth > 0) & ~np.isnan(view.predicted)
    clipped_N, all_N = np.clip(view.predicted[seen], *range_m), view.truth[seen]
    before, after = (float((factor_apart(clipped_N * scale, all_N) < DELTA).mean())
                     for scale in (1.0, used))
    return [(float(np.median(np.log(true_N) - np.log(shown_N))), math.log(used),
             math.nan if factor is None else math.log(factor), before, after)]
