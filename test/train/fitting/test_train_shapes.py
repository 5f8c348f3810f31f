"""Training on pictures of several shapes: one shape a batch, and a file for any shape."""

import json

import cv2
import numpy as np
import pytest
from train_helpers import CAMERA, write_folder

from mono_depth_ros.estimator import DepthEstimator
from train.__main__ import main
from train.data.data_sets import open_data
from train.fitting.batch_shapes import batch_shapes
from train.fitting.batches import loader, StepKeys
from train.fitting.views import TrainingViews
from train.recipes.mixture import mixture
from train.recipes.overrides import overridden
from train.recipes.recipe import RECIPES

SETTINGS = ('network.input_height=64', 'network.input_width=96', 'network.aspect_ratios=(0.6,3.0)',
            'imagenet_stem=False', 'batch_size=2', 'stages.1.epochs=2', 'stages.2.epochs=1',
            'stages.3.epochs=0')


@pytest.fixture
def folders(tmp_path):
    """Pictures of 64x48, and their upper halves."""
    whole, wide = write_folder(tmp_path / 'whole'), write_folder(tmp_path / 'wide')
    for path in (*wide.glob('rgb/*'), *wide.glob('depth/*')):
        cv2.imwrite(str(path), cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[:24])
    (wide / 'camera.json').write_text(json.dumps({**CAMERA, 'height': 24}))
    return whole, wide


def test_a_batch_has_one_shape_and_an_epoch_both(folders):
    recipe = overridden(RECIPES['mobile'], (*SETTINGS, 'other_shapes=0.0'))
    sources = [open_data(f'{name}={folder}', 'train') for name, folder in zip('ab', folders)]
    shapes = batch_shapes(sources, recipe)
    keys = StepKeys(mixture(sources, recipe, recipe.stages[0]), 2, (0, 0), 0, 12, shapes=shapes)
    views = TrainingViews(sources, recipe, 0)
    sizes = [tuple(image.shape[-2:])
             for image, truth, *_ in loader(views, batch_sampler=keys)
             if image.shape[-2:] == truth.shape[-2:]]
    assert len(sizes) == 12 and set(sizes) == {(64, 96), (64, 160)}
    late = StepKeys(mixture(sources, recipe, recipe.stages[0]), 2, (0, 0), 7, 12, shapes=shapes)
    assert list(keys)[7:] == list(late)


def test_a_network_of_one_size_has_no_shapes(folders):
    assert batch_shapes([open_data(f'a={folders[0]}', 'train')], RECIPES['mobile']) is None


@pytest.mark.thorough
def test_a_run_ends_in_a_file_for_any_shape(folders, tmp_path):
    run, model = tmp_path / 'run', tmp_path / 'm.safetensors'
    data = [word for name, folder in zip('ab', folders)
            for word in ('--data', f'{name}={folder}')]
    settings = [word for setting in SETTINGS for word in ('--set', setting)]
    assert main(['fit', 'mobile', *data, '--out', str(run), *settings, '--workers', '0']) == 0
    rows = [json.loads(line) for line in (run / 'history.jsonl').read_text().splitlines()]
    assert np.isfinite(rows[0]['fine_delta1'])
    assert main(['export', str(run), str(model), '--protocol', 'full']) == 0
    estimator = DepthEstimator.load(model, 'cpu')
    assert estimator.card.network.aspect_ratios == (0.6, 3.0)
    assert [metrics.frames for metrics in estimator.card.metrics] == [2, 2]
    assert np.isfinite(estimator.estimate(np.zeros((20, 60, 3), np.uint8)).clipped).all()
