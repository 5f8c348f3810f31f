"""Data sets of true size: how long opening takes and how much memory (figures: run with -s)."""

import os
import time
import tracemalloc

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from train.data.data_sets import open_data
from train.data.nyu_report import report_indices
from train.fitting.batches import loader
from train.fitting.views import TrainingViews
from train.recipes.recipe import RECIPES

SCENES, FRAMES = 1449, 47584

pytestmark = pytest.mark.thorough


class Spent:
    """Processor seconds of this process and peak megabytes of Python objects and arrays."""

    def __enter__(self):
        tracemalloc.start()
        self.start = time.process_time()
        return self

    def __exit__(self, *_):
        self.seconds = time.process_time() - self.start
        self.megabytes = tracemalloc.get_traced_memory()[1] / 1e6
        tracemalloc.stop()


@pytest.fixture(scope='module')
def tree(tmp_path_factory):
    """FastDepth's 47,584 training frames in 249 rooms: one frame, and links to it."""
    root = tmp_path_factory.mktemp('fast') / 'nyudepthv2'
    first = root / 'one.h5'
    root.mkdir()
    with h5py.File(first, 'w') as file:
        file['rgb'] = np.full((3, 480, 640), 90, np.uint8)
        file['depth'] = np.ones((480, 640), np.float32)
    for scene in range(249):
        folder = root / 'train' / f'kitchen_{scene:04d}a'
        folder.mkdir(parents=True)
        for frame in range(FRAMES // 249 + (scene < FRAMES % 249)):
            os.link(first, folder / f'{frame:05d}.h5')
    return root


def test_47_000_files_are_listed_lazily(tree):
    with Spent() as opening:
        training, validation = (open_data(f'nyu={tree}', split) for split in ('train', 'val'))
    assert len(training) + len(validation) == FRAMES and len(validation) > FRAMES / 20
    with Spent() as reading:
        for index in range(0, len(training), len(training) // 40):
            assert training[index].depth[100, 100] == 1
    print(f'\n{FRAMES} files: opened in {opening.seconds:.2f} s, {opening.megabytes:.1f} MB; '
          f'40 frames read within {reading.megabytes:.1f} MB')
    assert opening.seconds < 10 and opening.megabytes < 40
    assert reading.megabytes < 20  # one frame at a time: 0.9 MB of colours, 1.2 of depth


@pytest.fixture(scope='module')
def mat(tmp_path_factory):
    """The labelled set in its true shapes; no frame is stored, so it is small on disk."""
    path = tmp_path_factory.mktemp('labelled') / 'nyu_depth_v2_labeled.mat'
    with h5py.File(path, 'w') as file:
        file.create_dataset('images', (SCENES, 3, 640, 480), np.uint8, chunks=(1, 3, 640, 480))
        for name in ('depths', 'rawDepths'):
            file.create_dataset(name, (SCENES, 640, 480), np.float32, chunks=(1, 640, 480),
                                fillvalue=2)
        names = [f'kitchen_{frame // 3:04d}' for frame in range(SCENES)]
        references = [file.create_dataset(f'#refs#/{frame}', data=np.array(
            [[ord(letter)] for letter in name], np.uint16)).ref
            for frame, name in enumerate(names)]
        file['scenes'] = np.array([references], h5py.ref_dtype)
    savemat(path.with_name('splits.mat'), {
        'trainNdxs': np.arange(1, 796)[:, None], 'testNdxs': np.arange(796, 1450)[:, None]})
    return path


def test_labelled_set_gives_its_first_batch_soon(mat):
    with Spent() as opening:
        training, validation = (open_data(f'nyu={mat}', split) for split in ('train', 'val'))
    kept_for_the_end = sum(index < 795 for index in report_indices())
    assert len(training) + len(validation) == 795 - kept_for_the_end
    views = TrainingViews([training], RECIPES['mobile'], 0)
    with Spent() as batch:
        image, truth, *_ = next(iter(loader(views, batch_sampler=[[(0, i) for i in range(8)]])))
    assert image.shape == (8, 3, 192, 256) and truth.isfinite().any()
    print(f'\nlabelled .mat: opened in {opening.seconds:.2f} s, {opening.megabytes:.1f} MB; first '
          f'batch {batch.seconds:.2f} s, {batch.megabytes:.1f} MB')
    assert opening.seconds + batch.seconds < 20
    assert opening.megabytes < 20 and batch.megabytes < 60
