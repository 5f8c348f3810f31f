"""What a network is told of the images it learned from: how far others lie from them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from train_helpers import put_instead, tiny, write_folder

from mono_depth_ros.model_file import load_model
from mono_depth_ros.networks.registry import build
from train.data.data_sets import open_data
from train.data.samples.data_notes import DataNote
from train.export import feature_statistics
from train.export.feature_statistics import learn_distance
from train.export.model_export import export_run
from train.fitting.checkpoint import load_checkpoint, save_checkpoint
from train.fitting.run_folder import begin_run
from train.fitting.stage_run import RunContext
from train.fitting.training_loop import fit
from train.fitting.views import PlainViews
from train.recipes.recipe import RECIPES, Stage

SLOPE = 2.0


@pytest.fixture
def folder(tmp_path):
    return write_folder(tmp_path / 'set')


def recipe_with(**changes):
    recipe = tiny()
    return replace(recipe, distance_slope=SLOPE, network=replace(
        recipe.network, feature_distance=True), **changes)


def last_norm(network):
    *_, norm = (part for part in network.coarse.stem.modules()
                if isinstance(part, torch.nn.BatchNorm2d))
    return norm


@torch.no_grad()
def settled(recipe):
    """A random network with features of about 1, as training leaves them."""
    torch.manual_seed(0)
    network = build(recipe.network).eval()
    last_norm(network).weight.mul_(1e9)
    return network


def learned(recipe, train, val):
    """A network that was told of the sets, and its feature distance."""
    network = settled(recipe)
    learn_distance(network, train, val, recipe)
    return network, network.coarse.feature_distance


@torch.no_grad()
def distances(network, image_B3HW):
    mean = network.coarse.stem(image_B3HW)[-1].mean((2, 3))
    distance = network.coarse.feature_distance
    return ((mean - distance.mean) @ distance.whitening).square().mean(1).sqrt().numpy()


def test_held_out_images_are_at_1_and_others_far_off(folder):
    recipe = recipe_with()
    train, val = ([open_data(f'mine={folder}', split)] for split in ('train', 'val'))
    network, distance = learned(recipe, train, val)
    assert distance.slope.item() == SLOPE
    views = PlainViews(val, recipe)
    own = distances(network, torch.stack([views[i].image for i in range(len(views))]))
    assert np.exp(np.log(own).mean()) == pytest.approx(1, abs=1e-3)
    noise = torch.rand(2, 3, 64, 96, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert (distances(network, noise) > 3).all()


def test_images_that_teach_nothing_do_not_count(folder):
    recipe = recipe_with()

    def mean_of():
        train, val = ([open_data(f'mine={folder}', split)] for split in ('train', 'val'))
        return learned(recipe, train, val)[1].mean
    before = mean_of()
    dark = np.zeros((48, 64), np.uint16)
    put_instead(folder / 'depth' / '0000.png', dark)
    without = mean_of()
    assert not torch.equal(before, without)
    put_instead(folder / 'rgb' / '0000.png', np.full((48, 64, 3), 255, np.uint8))
    torch.testing.assert_close(mean_of(), without, rtol=0, atol=0)


def test_an_image_counts_as_often_as_it_was_drawn(folder, tmp_path):
    """Hundreds of simulated images, drawn now and then, would outvote the few real ones."""
    other = write_folder(tmp_path / 'other')
    for path in (other / 'rgb').iterdir():
        put_instead(path, np.full((48, 64, 3), 200, np.uint8))
    train = [open_data(f'{name}={place}', 'train') for name, place in (
        ('mine', folder), ('other', other))]
    val = [open_data(f'mine={folder}', 'val')]
    means = [learned(recipe_with(weights=(('other', weight),)), train, val)[1].mean
             for weight in (1e-6, 0.5, 1.0)]
    alone = learned(recipe_with(), train[:1], val)[1].mean
    torch.testing.assert_close(means[0], alone, rtol=1e-4, atol=1e-4)
    apart = [(mean - alone).norm().item() for mean in means]
    assert apart[1] == pytest.approx(apart[2] * (1 / 3) / (1 / 2), rel=0.01)


@pytest.mark.parametrize('case', ['nothing held out', 'no such part'])
def test_it_is_left_out_where_it_cannot_be_told(folder, case):
    train = [open_data(f'mine={folder}', 'train')]
    if case == 'nothing held out':
        network, distance = learned(recipe_with(), train, [])
        assert not distance.slope.any() and not distance.whitening.any()
    else:
        network, _ = build(tiny().network), learn_distance(
            build(tiny().network), train, train, tiny())
        assert network.coarse.feature_distance is None


@torch.no_grad()
def test_a_feature_that_never_varies_puts_no_image_infinitely_far_off(folder):
    """It made the covariance singular, and the export of a finished training a traceback."""
    recipe = recipe_with()
    train, val = ([open_data(f'mine={folder}', split)] for split in ('train', 'val'))
    network = settled(recipe)
    norm = last_norm(network)
    norm.weight[3] = norm.bias[3] = 0
    learn_distance(network, train, val, recipe)
    distance = network.coarse.feature_distance
    assert distance.slope.item() == SLOPE and distance.whitening.half().isfinite().all()


def test_images_that_are_all_alike_tell_nothing(folder):
    for path in (folder / 'rgb').iterdir():
        put_instead(path, np.full((48, 64, 3), 200, np.uint8))
    train, val = ([open_data(f'mine={folder}', split)] for split in ('train', 'val'))
    with pytest.warns(DataNote, match='learned from: its features of those are all alike'):
        assert not learned(recipe_with(), train, val)[1].slope.any()


def test_held_out_images_of_sets_that_were_not_drawn_do_not_count(folder, tmp_path):
    """The only ones that could be read weighed nothing: the mean of none was NaN."""
    other = write_folder(tmp_path / 'other')
    for key in ('0006', '0007'):
        put_instead(folder / 'rgb' / f'{key}.png', b'no picture')
    places = {'mine': folder, 'other': other}
    train, val = ([open_data(f'{name}={place}', split) for name, place in places.items()]
                  for split in ('train', 'val'))
    with pytest.warns(DataNote, match='fewer than two held-out images'):
        distance = learned(recipe_with(weights=(('other', 0.0),)), train, val)[1]
    assert not distance.slope.any() and not distance.whitening.any()


def test_images_learned_from_are_not_read_where_nothing_is_held_out(folder, monkeypatch):
    """As in the trainings of leave-one-out, whose thousands of images take many minutes."""
    read = []
    monkeypatch.setattr(feature_statistics, 'PlainViews', lambda sources, recipe: read.append(
        sources) or PlainViews(sources, recipe))
    learned(recipe_with(), [open_data(f'mine={folder}', 'train')], [])
    assert not read


def test_a_hardly_trained_network_can_be_exported(folder):
    """Its features are nearly 0, the distance in them was too large for fp16, and it refused."""
    recipe = recipe_with()
    train, val = ([open_data(f'mine={folder}', split)] for split in ('train', 'val'))
    torch.manual_seed(0)
    network = build(recipe.network)
    with pytest.warns(DataNote, match='as of a network hardly trained'):
        learn_distance(network, train, val, recipe)
    assert not network.coarse.feature_distance.slope.any()


@pytest.mark.thorough
def test_a_run_begun_without_it_goes_on_and_is_exported_with_it(folder, tmp_path, monkeypatch):
    """As those of `indoor` by the versions before: they were told to train again."""
    recipe, run = recipe_with(stages=(Stage(trains=('fine',), epochs=1),)), tmp_path / 'run'
    monkeypatch.setitem(RECIPES, 'indoor', recipe)
    begin_run(run, 'indoor', (), (f'mine={folder}',))
    train, val = ([open_data(f'mine={folder}', split)] for split in ('train', 'val'))
    weights = {name: tensor for name, tensor in settled(recipe).state_dict().items()
               if 'feature_distance' not in name}
    saved = {'stage': 0, 'step': 0, 'network': weights, 'ema': weights, 'optimiser': None,
             'schedule': None}
    save_checkpoint(run, saved)
    fit(recipe, train, val, RunContext(folder=run, device='cpu', workers=0), resume=True)
    for step in (saved | {'stage': 1}, load_checkpoint(run)):
        save_checkpoint(run, step)
        path = tmp_path / 'new.safetensors'
        assert export_run(run, path, val).network.feature_distance
        assert load_model(path)[0].coarse.feature_distance.slope.item() == SLOPE


def test_indoor_has_it_and_a_slope_without_it_is_refused():
    assert RECIPES['indoor'].network.feature_distance
    with pytest.raises(ValueError, match='distance_slope is of networks with network.feature'):
        replace(RECIPES['mobile'], distance_slope=1.0).check_settings()
