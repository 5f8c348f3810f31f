"""Measures a model on a data set by a protocol, with the DepthEstimator the robot runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
import os
from typing import Protocol as TypingProtocol

import numpy as np
from tqdm import tqdm

from mono_depth_ros.camera import Camera
from mono_depth_ros.estimator import DepthEstimate, DepthEstimator
from mono_depth_ros.metrics import bootstrap, depth_errors, DepthErrors, interval, pooled_errors
from mono_depth_ros.model_card import Metrics
from mono_depth_ros.model_file import find_model, has_weights
from train.data.data_sets import DataSet
from train.data.readable_samples import readable
from train.data.samples.sample import Sample
from train.evaluation.protocols import Protocol

# Edges in metres of the distance bands of a report.
BANDS_M = (0.0, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 40.0, 80.0)
# Bins of a report's histogram, alike wide, from 0 to the protocol's farthest depth.
BINS = 40


class Predictor(TypingProtocol):
    """Anything that turns an image into metres, as DepthEstimator does."""

    def estimate(self, rgb_HW3: np.ndarray, camera: Camera | None = None) -> DepthEstimate: ...


def load_estimator(model: str | os.PathLike, device: str = 'auto') -> DepthEstimator:
    """Model as it is measured: by torch, so that figures do not depend on what is installed.

    A file with an ONNX graph alone runs on what can run it, on a CPU in fp32.
    """
    if has_weights(find_model(model)):
        return DepthEstimator.load(model, device, backend='torch')
    if device == 'auto':
        try:
            return DepthEstimator.load(model, 'cuda')
        except (ModuleNotFoundError, ValueError):  # no GPU, or nothing that runs a graph on it
            device = 'cpu'
    return DepthEstimator.load(model, device, 'fp32' if device == 'cpu' else 'auto')


@dataclass(frozen=True, kw_only=True)
class Band:
    """Errors of the pixels whose truth lies in (near_m, far_m], over all images."""

    near_m: float
    far_m: float
    errors: DepthErrors


@dataclass(frozen=True, kw_only=True)
class Histogram:
    """Counted pixels of all images by distance, B bins between `edges_m` (B + 1,) in metres.

    `true` and `predicted` (B,) count pixels by their true and by their predicted distance;
    `abs_rel` and `bias_log` (B,) are those of metrics.DepthErrors by true distance, None where
    no truth lies. Predictions beyond the protocol's range lie in the first or the last bin.
    """

    edges_m: tuple[float, ...]
    true: tuple[int, ...]
    predicted: tuple[int, ...]
    abs_rel: tuple[float | None, ...]
    bias_log: tuple[float | None, ...]


@dataclass(frozen=True, kw_only=True)
class Report:
    """Errors on one data set by one protocol: together, by distance, and image by image.

    `intervals` holds the 95 % intervals, over images, of metrics.HEADLINE; `blank` names images
    that could not count, for the protocol found no known depth in them, `unreadable` those that
    could not be read. `truth_known` is the share (0 to 1) of the protocol's window whose truth is
    known, a mean over the other images.
    """

    data: str
    split: str
    protocol: str
    mean: DepthErrors
    intervals: dict[str, tuple[float, float]]
    bands: tuple[Band, ...]
    histogram: Histogram
    images: dict[str, DepthErrors]
    truth_known: float
    blank: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()

    def as_json(self) -> dict:
        """Plain dictionaries, for a JSON file."""
        return asdict(self)

    def truth_text(self) -> str:
        """In words how much of the truth is known: in-painted depth is whole, raw has holes."""
        if self.truth_known == 1:
            return 'truth known for 100 % of the counted window: no holes'
        share = min(100 * self.truth_known, 99.9)  # never rounded to a whole
        return f'truth known for {share:.1f} % of the counted window: holes do not count'

    def left_out_text(self) -> str:
        """How many images were left out and why, in brackets behind a space; '' for none."""
        reasons = ((self.blank, 'without known depth'), (self.unreadable, 'that cannot be read'))
        left_out = ' and '.join(f'{len(names)} {reason}' for names, reason in reasons if names)
        return f' ({left_out} left out)' if left_out else ''

    def metrics(self) -> Metrics:
        """The line a model card keeps."""
        return Metrics(data=self.data, split=self.split, protocol=self.protocol,
                       frames=len(self.images), delta1=self.mean.delta1,
                       abs_rel=self.mean.abs_rel, rmse_m=self.mean.rmse_m,
                       silog=self.mean.silog)


def evaluate(predictor: Predictor, source: DataSet, split: str, protocol: Protocol) -> Report:
    """Errors of `predictor` on the samples of `source` that have depth the protocol counts.

    Images that cannot be read are left out, with a note. Raises ValueError where none has depth,
    where most cannot be read, and for a failing sample, which it names.
    """
    gathered = _Statistics(max_depth_m=protocol.max_depth_m)
    read = set()
    for index, whole in readable(source, tqdm(
            range(len(source)), desc=f'evaluate {source.name} {split}', unit='image',
            leave=False)):
        read.add(index)
        sample = protocol.view(whole)
        gathered.add(sample.name, protocol.known_share(sample.depth),
                     *_counted(predictor, sample, protocol))
    if not gathered.images:
        raise ValueError(f'{source.name} {split}: none of {len(gathered.blank)} images has known '
                         f'depth that protocol {protocol.name} counts ({protocol.min_depth_m:g} '
                         f'to {protocol.max_depth_m:g} m within its window)')
    errors = list(gathered.images.values())
    drawn = bootstrap(errors, protocol.pooled, np.random.default_rng(0))
    return Report(
        data=source.name, split=split, protocol=protocol.name, mean=protocol.combine(errors),
        intervals={name: interval(drawn_D) for name, drawn_D in drawn.items()},
        bands=_bands(gathered.by_band),
        histogram=_histogram(gathered.bins_4B, gathered.max_depth_m), images=gathered.images,
        truth_known=float(np.mean(gathered.known)), blank=tuple(gathered.blank),
        unreadable=tuple(f'{source.name}/{source.keys[index]}' for index in range(len(source))
                         if index not in read))


@dataclass(kw_only=True)
class _Statistics:
    """Gathered image by image; `bins_4B` as `_in_bins`."""

    max_depth_m: float
    images: dict[str, DepthErrors] = field(default_factory=dict)
    blank: list[str] = field(default_factory=list)
    known: list[float] = field(default_factory=list)
    by_band: list[list[DepthErrors]] = field(default_factory=lambda: [[] for _ in BANDS_M[1:]])
    bins_4B: np.ndarray = field(default_factory=lambda: np.zeros((4, BINS)))

    def add(self, name: str, known: float, prediction_N: np.ndarray, truth_N: np.ndarray) -> None:
        """Count one image by its N counted pixels, in metres; it is blank where N is 0."""
        if not truth_N.size:
            self.blank.append(name)
            return
        self.images[name] = depth_errors(prediction_N, truth_N)
        self.known.append(known)
        _add_bands(self.by_band, prediction_N, truth_N)
        self.bins_4B += _in_bins(prediction_N, truth_N, self.max_depth_m)


def _in_bins(prediction_N: np.ndarray, truth_N: np.ndarray, max_depth_m: float) -> np.ndarray:
    """(4, BINS): true and predicted pixels; by true distance the sums of |error| / truth and d."""
    ratio_N = prediction_N / truth_N.astype(np.float64)
    return np.stack([np.histogram(metres_N, BINS, (0, max_depth_m), weights=weights_N)[0]
                     for metres_N, weights_N in (
                         (truth_N, None), (prediction_N, None),
                         (truth_N, np.abs(ratio_N - 1)), (truth_N, np.log(ratio_N)))])


def _histogram(bins_4B: np.ndarray, max_depth_m: float) -> Histogram:
    true_B, predicted_B = bins_4B[:2].astype(int).tolist()
    abs_rel, bias_log = (tuple(total / n if n else None for total, n in zip(totals_B, true_B))
                         for totals_B in bins_4B[2:].tolist())
    return Histogram(edges_m=tuple(np.linspace(0, max_depth_m, BINS + 1).tolist()),
                     true=tuple(true_B), predicted=tuple(predicted_B), abs_rel=abs_rel,
                     bias_log=bias_log)


def _counted(predictor: Predictor, sample: Sample,
             protocol: Protocol) -> tuple[np.ndarray, np.ndarray]:
    depth_HW = predictor.estimate(sample.rgb, sample.camera).clipped
    try:
        return protocol.counted(depth_HW, sample.depth)
    except ValueError as error:
        raise ValueError(f'{sample.name}: {error}') from error


def _add_bands(by_band: Sequence[list[DepthErrors]], prediction_N: np.ndarray,
               truth_N: np.ndarray) -> None:
    which_N = np.digitize(truth_N, BANDS_M, right=True) - 1
    for band, found in enumerate(by_band):
        inside = which_N == band
        if inside.any():
            found.append(depth_errors(prediction_N[inside], truth_N[inside]))


def _bands(by_band: Sequence[list[DepthErrors]]) -> tuple[Band, ...]:
    return tuple(Band(near_m=BANDS_M[i], far_m=BANDS_M[i + 1], errors=pooled_errors(found))
                 for i, found in enumerate(by_band) if found)
