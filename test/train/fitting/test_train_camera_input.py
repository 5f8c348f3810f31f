"""Training networks that take the camera: views, a run to its model file, start."""

from dataclasses import replace
import re

from model_helpers import write_untrained
import numpy as np
import pytest
import torch
from train_helpers import tiny, write_folder

from mono_depth_ros.estimator import DepthEstimator
from mono_depth_ros.model_file import load_model, save_model
from mono_depth_ros.networks.registry import build
from mono_depth_ros.preprocess import with_camera
from train.__main__ import main
from train.data.data_sets import open_data
from train.data.samples.data_notes import DataNote
from train.fitting.training_loop import load_start
from train.fitting.views import PlainViews, TrainingViews
from train.recipes.overrides import overridden
from train.recipes.recipe import RECIPES

SMALL = ('--set', 'network.input_height=64', '--set', 'network.input_width=96', '--set',
         'imagenet_stem=False', '--set', 'batch_size=2', '--set', 'stages.1.epochs=1', '--set',
         'stages.2.epochs=1', '--set', 'stages.3.epochs=0', '--workers', '0')


@pytest.fixture
def source(tmp_path):
    return open_data(f'x={write_folder(tmp_path / "data")}', 'train')


def with_it(recipe):
    """The recipe with the camera as an input."""
    return replace(recipe, network=replace(recipe.network, camera_input=True))


def test_a_view_brings_its_own_camera(source):
    recipe = with_it(tiny())
    plain = PlainViews([source], recipe)[0][0].numpy()
    camera = source[0].camera.resized(85, 64).cropped(-5, 0, 96, 64)  # 64x48 in 96x64
    np.testing.assert_allclose(plain[3:], with_camera(plain[:3], camera, recipe.reference)[3:],
                               atol=1e-6)
    view = TrainingViews([source], recipe, 0)[(0, 0)][0].numpy()
    step = np.diff(view[3][0]).mean()  # 1 / focal length of the zoomed view
    assert view[5, 0, 0] == pytest.approx(np.log(1 / step / recipe.reference.focal), abs=1e-3)
    assert TrainingViews([source], tiny(), 0)[(0, 0)][0].shape == (3, 64, 96)


@pytest.mark.thorough
def test_a_run_ends_in_a_file_that_takes_the_camera(tmp_path):
    folder, run = write_folder(tmp_path / 'data'), tmp_path / 'run'
    assert main(['fit', 'mobile', '--data', f'x={folder}', '--out', str(run), *SMALL, '--set',
                 'network.camera_input=True']) == 0
    model = tmp_path / 'm.safetensors'
    assert main(['export', str(run), str(model), '--protocol', 'full']) == 0
    estimator = DepthEstimator.load(model, 'cpu')
    assert estimator.card.network.camera_input and estimator.card.metrics
    rgb = np.random.default_rng(1).integers(0, 256, (48, 64, 3), np.uint8)
    assert np.isfinite(estimator.estimate(rgb).clipped).all()


def write_start(path, recipe, network):
    """A model file of another network of the input size and the canonical camera of a recipe."""
    card = write_untrained(path, network, input_height=64, input_width=96)
    save_model(path, load_model(path)[0], replace(card, reference=recipe.reference))


@pytest.mark.thorough
def test_it_may_start_from_a_model_without_the_camera(tmp_path):
    recipe = with_it(tiny())
    spec = recipe.network
    write_start(tmp_path / 'm.safetensors', recipe, 'mobile')
    network = build(spec)
    load_start(network, recipe, str(tmp_path / 'm.safetensors'))
    weights = load_model(tmp_path / 'm.safetensors')[0]
    image = torch.randn(1, 6, 64, 96)
    torch.testing.assert_close(network.eval()(image), weights(image[:, :3]))
    write_untrained(tmp_path / 'c.safetensors', 'mobile', input_height=64, input_width=96,
                    camera_input=True)
    with pytest.raises(ValueError, match='start from a model of the same'):
        load_start(build(tiny().network), tiny(), str(tmp_path / 'c.safetensors'))


def test_two_modes_may_start_from_one(tmp_path):
    recipe = tiny('indoor')
    write_start(tmp_path / 'm.safetensors', recipe, 'mobile_lite2')
    network = build(recipe.network).eval()
    load_start(network, recipe, str(tmp_path / 'm.safetensors'))
    image = torch.ones(1, 3, 64, 96)
    one = load_model(tmp_path / 'm.safetensors')[0]
    torch.testing.assert_close(network.scales(image)[0], one.scales(image)[0])
    assert network.fine.head.bias[:2].tolist() == pytest.approx([-0.1, 0.1])


@pytest.mark.parametrize('start, recipe, words', [
    ('outdoor', 'finetune', '--set min_depth_m=1 --set max_depth_m=80 --set sky_m=160'),
    ('indoor', 'outdoor', '--set min_depth_m=0.3 --set max_depth_m=10 --set sky_m=0')])
def test_a_start_of_another_range_is_said(start, recipe, words):
    """`fit finetune --start outdoor` made a model of 10 m of one of 80 m."""
    recipe = RECIPES[recipe]
    with pytest.warns(DataNote, match=f'to keep the range of {start} say {words}'):
        load_start(build(recipe.network), recipe, start)


@pytest.mark.parametrize('settings, words', [
    (['normalisation.mean=(0.4,0.5,0.6)'], '--set "normalisation.mean=(0.5, 0.5, 0.5)"'),
    (['kinect.fx=300', 'kinect.fy=300'],
     '--set kinect.fx=518.857901 --set kinect.fy=519.469611'),
    (['kinect.cx=300'], '--set kinect.cx=325.582449')])
def test_a_start_that_sees_otherwise_is_refused_with_the_words_that_keep_its_own(settings, words):
    """Its depth would be off by a factor, and nobody would say so."""
    recipe = overridden(RECIPES['finetune'], settings)
    network = build(recipe.network)
    with pytest.raises(ValueError, match=re.escape(f'to begin with it say {words}') + '$'):
        load_start(network, recipe, 'indoor')
    words = re.findall(r'--set (?:"(.*?)"|(\S+))', words)
    load_start(network, overridden(recipe, [a or b for a, b in words]), 'indoor')


@pytest.mark.parametrize('recipe, start', [
    ('finetune', 'indoor'), ('indoor', 'indoor'), ('outdoor', 'outdoor')])
def test_a_start_of_the_same_range_is_not(recipe, start, recwarn):
    load_start(build(RECIPES[recipe].network), RECIPES[recipe], start)
    assert not [warning for warning in recwarn if warning.category is DataNote]
