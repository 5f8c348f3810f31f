"""Opens data by the NAME=DIR of the command line, with what is known of well-known sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
import hashlib
from pathlib import Path

import numpy as np

from mono_depth_ros.card import DataUse
from train.sample import Sample, Source
from train.sources import (
    bag,
    bts,
    densedepth,
    fastdepth,
    folder,
    gta,
    kitti,
    nyu_labelled,
    nyu_raw,
)

UNKNOWN_TERMS = 'terms not recorded'
# Share of rows and columns of an NYU image that holds a picture; the rest is a white frame left
# by undistortion (rows 7..473 of 480 and columns 7..631 of 640).
NYU_WINDOW = (7 / 480, 474 / 480, 7 / 640, 632 / 640)


@dataclass(frozen=True, kw_only=True)
class KnownSet:
    """Facts about a public data set that its files do not tell."""

    terms: str
    window: tuple[float, float, float, float] | None = None


KNOWN = {
    'nyu': KnownSet(terms='NYU-Depth-v2 (Silberman et al. 2012), research use',
                    window=NYU_WINDOW),
}


@dataclass(frozen=True, kw_only=True)
class Layout:
    """One way data lies on disk: `accepts(path)` knows it, `open(path, split)` reads it."""

    name: str
    accepts: Callable[[Path], bool]
    open: Callable[[Path, str], Source]


# Asked in this order; the first that accepts a path reads it.
LAYOUTS = (
    Layout(name='folder of rgb/, depth/, camera.json', accepts=folder.accepts,
           open=folder.FolderSource),
    Layout(name='nyu_depth_v2_labeled.mat with splits.mat beside it',
           accepts=nyu_labelled.accepts, open=nyu_labelled.LabelledSource),
    Layout(name='FastDepth, {train,val}/SCENE/NNNNN.h5',
           accepts=fastdepth.accepts, open=fastdepth.FastDepthSource),
    Layout(name='BTS, *train*.txt with RGB DEPTH FOCAL on each line',
           accepts=bts.accepts, open=bts.BtsSource),
    Layout(name='DenseDepth, nyu2_train.csv and nyu2_test.csv',
           accepts=densedepth.accepts, open=densedepth.DenseDepthSource),
    Layout(name='raw NYU dumps, INDEX.txt with r-*.ppm and d-*.pgm',
           accepts=nyu_raw.accepts, open=nyu_raw.RawSource),
    Layout(name='simulated driving, *_image.jpg with *_cloud.bin and *_proj.bin',
           accepts=gta.accepts, open=gta.GtaSource),
    Layout(name='KITTI, DRIVE/proj_depth or DATE/DRIVE/velodyne_points', accepts=kitti.accepts,
           open=kitti.KittiSource),
    Layout(name='recording, rosbag2 folder or .mcap or .db3 file', accepts=bag.accepts,
           open=bag.BagSource),
)


class DataSet:
    """A source under the name the user gave it, with what is known of that name."""

    def __init__(self, name: str, source: Source):
        known = KNOWN.get(name, KnownSet(terms=UNKNOWN_TERMS))
        self.name = name
        self.terms = known.terms
        self._window = known.window
        self._source = source

    @property
    def keys(self) -> Sequence[str]:
        """Names of the samples, in order."""
        return self._source.keys

    def __len__(self) -> int:
        return len(self._source)

    def __getitem__(self, index: int) -> Sample:
        sample = self._source[index]
        depth_HW = sample.depth if self._window is None else masked_outside(
            sample.depth, self._window)
        return replace(sample, depth=depth_HW, name=f'{self.name}/{sample.name}')


def open_data(spec: str, split: str) -> DataSet:
    """The `split` of NAME=PLACE; NAME `nyu` masks that set's white frame.

    Raises ValueError for another spelling or a layout nobody knows, OSError for a place that is
    not there.
    """
    name, equals, place = spec.partition('=')
    if not equals or not name or not place:
        raise ValueError(f'expected NAME=DIR (as nyu=data/nyu), got {spec!r}')
    path = Path(place).expanduser()
    if not Path(str(path).removesuffix('#raw')).exists():
        raise FileNotFoundError(f'no file or folder {path} (of data {name!r})')
    for layout in LAYOUTS:
        if layout.accepts(path):
            return DataSet(name, layout.open(path, split))
    raise ValueError(f'{path} (of data {name!r}) is in no layout known here: '
                     f'{"; ".join(layout.name for layout in LAYOUTS)}')


def masked_outside(depth_HW: np.ndarray, window: tuple[float, float, float, float]) -> np.ndarray:
    """Copy of `depth_HW` with NaN outside a window given as shares of rows and columns."""
    height, width = depth_HW.shape
    top, bottom = np.ceil(window[0] * height), np.floor(window[1] * height)
    left, right = np.ceil(window[2] * width), np.floor(window[3] * width)
    inside = np.zeros(depth_HW.shape, bool)
    inside[int(top):int(bottom), int(left):int(right)] = True
    return np.where(inside, depth_HW, np.float32(np.nan))


def data_use(source: DataSet) -> DataUse:
    """What a model's card says of a source it learned from."""
    digest = hashlib.sha256('\n'.join(source.keys).encode()).hexdigest()
    return DataUse(name=source.name, frames=len(source), keys_sha256=digest, terms=source.terms)
