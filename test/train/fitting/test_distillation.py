"""Distillation: what teachers give for views, CutMix, and that a network follows them."""

from dataclasses import replace
import math

from model_helpers import write_untrained
import pytest
import torch
from train_helpers import tiny, write_folder

from mono_depth_ros.model_file import load_model
from mono_depth_ros.networks.registry import build
from mono_depth_ros.preprocess import fit_letterbox
from train.__main__ import main
from train.fitting.distillation import (
    cut_mix,
    distillation_loss,
    letterboxed,
    Teachers,
    unletterboxed,
)
from train.fitting.run_folder import read_run
from train.fitting.stage import StageLoss
from train.recipes.recipe import recipe_called


@pytest.fixture(scope='module')
def models(tmp_path_factory):
    """Two untrained models of other input sizes than each other."""
    folder = tmp_path_factory.mktemp('models')
    for name, network in (('small', 'mobile'), ('large', 'eigen_modified')):
        write_untrained(folder / f'{name}.safetensors', network)
    return [str(folder / f'{name}.safetensors') for name in ('small', 'large')]


def test_a_view_goes_to_another_size_and_its_map_comes_back():
    """288x224 in 256x192 keeps its shape; a ramp comes back in place."""
    letterbox = fit_letterbox(288, 224, 256, 192)
    ramp = torch.arange(288.0).expand(1, 1, 224, 288)
    seen = letterboxed(ramp, letterbox)
    assert seen.shape == (1, 1, 192, 256) and seen[..., 0].abs().max() == 0
    back = unletterboxed(seen, letterbox, (224, 288))
    torch.testing.assert_close(back[..., 9:-9], ramp[..., 9:-9], atol=0.6, rtol=0)


@pytest.mark.thorough
def test_teachers_answer_with_their_mean_every_other_one_mirrored(models):
    recipe = recipe_called('mobile')
    image = torch.rand(2, 3, 192, 256) - 0.5
    with torch.no_grad():
        alone = load_model(models[0])[0](image)[:, :1]
    one = Teachers(models[:1], recipe)(image)
    torch.testing.assert_close(torch.nn.functional.avg_pool2d(one, 2), alone, atol=0.05, rtol=0.05)
    both = Teachers([models[0], models[0]], recipe)
    mirrored = both(image.flip(-1)).flip(-1)
    torch.testing.assert_close(both(image), mirrored, atol=1e-4, rtol=1e-4)


@pytest.mark.thorough
def test_teachers_answer_for_the_reference_camera_of_the_recipe(models):
    """The same view, canonical for a camera twice as long: twice as deep."""
    recipe, image = recipe_called('mobile'), torch.rand(1, 3, 192, 256) - 0.5
    kinect = recipe.kinect
    longer = replace(recipe, kinect=replace(kinect, fx=2 * kinect.fx, fy=2 * kinect.fy))
    for model in models:
        apart = Teachers([model], longer)(image) - Teachers([model], recipe)(image)
        torch.testing.assert_close(apart, torch.full_like(apart, math.log(2)))


def test_teachers_of_another_normalisation_are_refused(models):
    recipe = recipe_called('mobile')
    with pytest.raises(ValueError, match='normalises images as'):
        other = replace(recipe.normalisation, std=(1, 1, 1))
        Teachers(models[:1], replace(recipe, normalisation=other))


def test_every_second_distilled_image_becomes_a_cut_mix_without_truth():
    torch.manual_seed(0)
    image = torch.arange(4.0).view(4, 1, 1, 1).expand(4, 3, 60, 80)
    truth = torch.zeros(4, 1, 60, 80)
    mixed, known = cut_mix(image, truth, [0, 1, 2])
    assert torch.equal(mixed[[0, 2, 3]], image[[0, 2, 3]])
    assert set(mixed[1].unique().tolist()) == {0.0, 1.0}
    assert 0.09 <= (mixed[1, 0] == 0).float().mean() <= 0.64
    assert [bool(torch.isnan(t).all()) for t in known] == [False, True, False, False]
    assert not torch.isnan(truth).any()


def test_the_distillation_loss_is_the_mean_distance_of_the_distilled_images():
    depth = torch.zeros(3, 1, 4, 4)
    distilled = torch.tensor([1, 2])
    said = torch.stack([torch.full((1, 8, 8), 0.5), torch.full((1, 8, 8), -1.5)])
    assert distillation_loss(depth, (distilled, said)).tolist() == pytest.approx([0.5, 1.5])


def test_only_distilled_images_of_depth_stages_follow_teachers(models):
    recipe = replace(tiny(), distillation_weight=2.0)
    torch.manual_seed(0)
    network = build(recipe.network).eval()
    image, truth = torch.rand(2, 3, 64, 96), torch.zeros(2, 1, 64, 96)
    teachers, stage = Teachers(models[:1], recipe), recipe.stages[0]
    uncertainty = replace(stage, trains=('uncertainty',))

    def loss(distilled, stage, teachers):
        learner = StageLoss(network, recipe, stage, teachers)
        return learner(image, truth, distilled).item()
    without = loss([0], stage, None)
    assert loss([0], stage, teachers) > loss([], stage, teachers) == without
    assert loss([0, 1], uncertainty, teachers) == loss([0, 1], uncertainty, None)


@pytest.mark.thorough
def test_fit_follows_teachers_and_the_card_names_them(models, tmp_path, capsys):
    folder, out = write_folder(tmp_path / 'set'), tmp_path / 'run'
    words = ['fit', 'mobile', '--data', f'mine={folder}', '--out', str(out), '--device', 'cpu',
             '--workers', '0', '--teacher', models[0], '--teacher', models[1]]
    for setting in ('stages.1.epochs=1', 'stages.2.epochs=1', 'stages.3.epochs=1', 'batch_size=2',
                    "distilled=('mine',)", 'imagenet_stem=False', 'network.input_height=64',
                    'network.input_width=96'):
        words += ['--set', setting]
    assert main(words) == 0, capsys.readouterr().err
    assert read_run(out).command_line().endswith('--teacher small --teacher large')
    path = tmp_path / 'distilled.safetensors'
    assert main(['export', str(out), str(path)]) == 0, capsys.readouterr().err
    assert '--teacher small' in load_model(path)[1].provenance.recipe
