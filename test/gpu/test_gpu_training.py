"""Training on a GPU against a CPU; what has a meaning there runs on a CPU as well."""

from dataclasses import replace
import os
from pathlib import Path

import pytest
import torch
from torch.utils.data import default_collate

pytest.importorskip('tqdm')

from mono_depth_ros.networks.registry import build  # noqa: E402
from train.__main__ import main  # noqa: E402
from train.fitting.checkpoint import load_checkpoint  # noqa: E402
from train.fitting.device_store import load_store  # noqa: E402
from train.fitting.device_views import Plans, render  # noqa: E402
from train.fitting.ema import Ema  # noqa: E402
from train.fitting.gradients import Gradients, GraphedGradients  # noqa: E402
from train.fitting.regularisation import add_regularisation  # noqa: E402
from train.fitting.run_log import TrainingSummary  # noqa: E402
from train.fitting.stage import set_training_mode, StageLoss  # noqa: E402
from train.fitting.stage_run import RunContext, StageRun  # noqa: E402
from train.fitting.training_loop import fit  # noqa: E402
from train.gpu_check.packed_data import draw_data, open_packs, packs_in  # noqa: E402
from train.recipes.recipe import BOTH, recipe_called, Stage  # noqa: E402

pytestmark = [pytest.mark.gpu, pytest.mark.thorough]


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    """Packs: those of scripts/gpu_check, else drawn ones."""
    given = os.environ.get('GPU_CHECK_DATA')
    if given:
        return Path(given)
    folder = tmp_path_factory.mktemp('data')
    draw_data(folder, 12)
    return folder


def small(batch_size=2, **changes):
    """`mobile` at 96x64, all at once, for few steps."""
    recipe = recipe_called('mobile')
    return replace(
        recipe, network=replace(recipe.network, input_height=64, input_width=96),
        stages=(Stage(trains=BOTH, epochs=1),), batch_size=batch_size, imagenet_stem=False,
        **changes)


def test_gradients_are_those_of_the_cpu(device):
    recipe, grads = small(amp='fp32'), []
    torch.manual_seed(0)
    image = torch.rand(2, 3, 64, 96) - 0.5
    truth = 1 + image.mean(1, keepdim=True)
    for where in ('cpu', device):
        torch.manual_seed(0)
        network = build(recipe.network)
        torch.nn.init.normal_(network.get_parameter('coarse.head.weight'), std=0.1)
        network.to(where)
        set_training_mode(network, replace(recipe.stages[0], frozen_norms=True))
        network.get_submodule('coarse.context').eval()  # dropout differs from device to device
        StageLoss(network, recipe, recipe.stages[0])(image.to(where), truth.to(where)).backward()
        grads.append({name: weight.grad.cpu() for name, weight in network.named_parameters()
                      if weight.grad is not None})
    for name, grad in grads[0].items():
        scale = grad.abs().max().item() + 1e-6
        assert (grad - grads[1][name]).abs().max().item() < 2e-2 * scale, name


def test_views_made_on_the_device_are_those_made_on_the_cpu(device, data):
    """All but the noise, which each draws itself."""
    sources = open_packs(data, 'train')
    recipe = small()
    recipe = replace(recipe, augmentation=replace(
        recipe_called('indoor').augmentation, noise=0.0, tilt_deg=5.0, erase=0.3))
    stores = [load_store(sources, where) for where in ('cpu', device)]
    plans = Plans(stores[0].samples, recipe, 0)
    batch = default_collate([plans[draw, draw % len(plans)] for draw in range(8)])
    one, other = (render(batch, store, recipe) for store in stores)
    assert (one.image - other.image.cpu()).abs().mean() < 0.01
    same = torch.isclose(one.log_truth, other.log_truth.cpu(), atol=1e-3, equal_nan=True)
    assert same.float().mean() > 0.99


@pytest.mark.parametrize('amp', ['fp32', 'bf16', 'fp16'])
@pytest.mark.parametrize('feed', ['device', 'workers'])
def test_a_training_of_an_epoch_leaves_a_whole_checkpoint(device, data, tmp_path, amp, feed):
    summary = fit(small(amp=amp), open_packs(data, 'train'), open_packs(data, 'val'), RunContext(
        folder=tmp_path, device=device, workers=0, feed=feed), summary=TrainingSummary())
    saved = load_checkpoint(tmp_path)
    assert saved['stage'] == 1 and summary.images >= 10
    assert all(t.isfinite().all() for t in saved['ema'].values() if t.is_floating_point())
    assert 0 <= summary.validation['fine_delta1'] <= 1


def test_the_loop_does_not_wait_for_the_gpu(cuda, data, tmp_path):
    """torch raises where a step would synchronise."""
    torch.manual_seed(0)
    network = build(small().network).to(cuda)
    sources = open_packs(data, 'train')
    run = StageRun(small(), 0, network, Ema(network, 0.99), sources,
                   RunContext(folder=tmp_path, device=cuda, workers=0), None)
    store = load_store(sources, cuda)
    plans = Plans(store.samples, small(), 0)
    batches = [default_collate([plans[k, k], plans[k, k + 1]]) for k in range(8)]
    for batch in batches[:4]:  # with the third a graph is captured
        run.take_step(render(batch, store, small()))
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode('error')
    try:
        for batch in batches[4:]:
            run.take_step(render(batch, store, small()))
    finally:
        torch.cuda.set_sync_debug_mode('default')


@pytest.mark.parametrize('name', ['indoor', 'eigen_modified_joint'])
def test_steps_captured_as_graphs_are_those_without(cuda, name):
    """Losses and weights after steps of two shapes in turn; random layers draw the same."""
    recipe = replace(recipe_called(name), amp='fp32', imagenet_stem=False)
    stage = replace(recipe.stages[0], trains=BOTH)
    shapes = [(96, 128), (64, 96)] if recipe.network.aspect_ratios else [(240, 320)]
    ended = []
    for graphs in (False, True):
        torch.manual_seed(0)
        network = build(recipe.network)
        add_regularisation(network, recipe)
        network.to(cuda).to(memory_format=torch.channels_last)
        set_training_mode(network, stage)
        weights = [weight for weight in network.parameters() if weight.requires_grad]
        step = Gradients(StageLoss(network, recipe, stage), weights)
        step = GraphedGradients(step) if graphs else step
        optimiser = torch.optim.SGD(weights, lr=1e-4)
        losses = []
        for number in range(10):
            draw = torch.Generator().manual_seed(number)
            image = torch.randn(4, 3, *shapes[number % len(shapes)], generator=draw).to(
                cuda, memory_format=torch.channels_last)
            torch.manual_seed(number)
            losses.append(step(image, image[:, :1].contiguous()))
            optimiser.step()
        ended.append([torch.stack(losses), *network.state_dict().values()])
        assert not graphs or not step.problem
    for one, other in zip(*ended):
        error = (one.double() - other.double()).abs().max()
        assert error <= 2e-3 * one.double().abs().max() + 1e-6


def test_a_full_gpu_ends_fit_with_one_sentence(device, data, tmp_path, monkeypatch, capsys):
    def full(*_):
        raise torch.cuda.OutOfMemoryError('CUDA out of memory.\nmore')
    monkeypatch.setattr(StageRun, 'take_step', full)
    words = ['fit', 'mobile', '--device', device, '--workers', '0', '--out', str(tmp_path / 'run'),
             '--set', 'imagenet_stem=False']
    for spec in packs_in(data):
        words += ['--data', spec]
    assert main(words) == 1
    error = capsys.readouterr().err
    assert f'error: the memory of {device} is full' in error and 'Traceback' not in error
