"""One training step, part by part: what each part does would be missed if it were gone."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from train_helpers import tiny, write_folder

from mono_depth_ros.networks.registry import build
from train.data.data_sets import open_data
from train.fitting.checkpoint import load_checkpoint
from train.fitting.ema import Ema
from train.fitting.run_log import TrainingSummary
from train.fitting.stage import make_optimiser, set_training_mode, StageLoss
from train.fitting.stage_run import RunContext, StageRun
from train.fitting.training_loop import fit, prepare
from train.fitting.views import View
from train.recipes.recipe import Stage

BOTH = ('coarse', 'fine')


@pytest.fixture(scope='module')
def training(tmp_path_factory):
    folder = write_folder(tmp_path_factory.mktemp('data') / 'set')
    return [open_data(f'mine={folder}', 'train')]


def stage_run(recipe, training, folder, seed=0):
    torch.manual_seed(seed)
    network = build(recipe.network)
    for weight in network.parameters():
        if weight.ndim > 1 and not weight.any():
            nn.init.normal_(weight, std=0.1)  # a head of zeros would send no gradient back
    return StageRun(recipe, 0, network, Ema(network, recipe.ema_decay), training,
                    RunContext(folder=folder, device='cpu', workers=0), None)


def batch(size=2):
    torch.manual_seed(7)
    image = torch.rand(size, 3, 64, 96) - 0.5
    return View(image, 1 + image.mean(1, keepdim=True), [''] * size)


@pytest.mark.thorough
def test_what_a_step_draws_at_random_depends_on_its_number_alone(training, tmp_path):
    """Dropout after a resume is that of a run never stopped, whatever was drawn before."""
    weights = []
    for step, drawn_before in ((0, 0), (0, 5), (1, 0)):
        run, seen = stage_run(tiny(epochs=4), training, tmp_path), batch()
        run.step = step
        torch.manual_seed(drawn_before)
        run.take_step(seen)
        weights.append(run.network.get_parameter('coarse.context.mix.5.weight').clone())
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])


def test_the_uncertainty_head_sends_no_gradient_to_the_depth():
    torch.manual_seed(0)
    recipe = tiny()
    network = build(recipe.network)
    stages = [Stage(trains=trains, epochs=1) for trains in (BOTH, (*BOTH, 'uncertainty'))]
    gradients = []
    for stage in stages:
        set_training_mode(network, stage)
        network.eval()
        network.zero_grad()
        StageLoss(network, recipe, stage)(*batch()[:2]).backward()
        gradients.append({name: weight.grad.clone() for name, weight in network.named_parameters()
                          if weight.grad is not None})
    depth, whole = gradients
    assert {name.split('.')[0] for name in whole} == {*BOTH, 'uncertainty'}
    for name, gradient in depth.items():
        assert torch.equal(gradient, whole[name]), name


def test_the_coarse_weight_weighs_the_coarse_loss():
    recipe = tiny()
    torch.manual_seed(0)
    network = build(recipe.network).eval()
    losses = [StageLoss(network, replace(recipe, coarse_weight=weight), Stage(trains=trains,
                                                                              epochs=1))(
        *batch()[:2]).item() for trains, weight in ((BOTH, 0.0), (BOTH, 0.5), (('coarse',), 0.5))]
    fine, both, coarse = losses
    assert both == pytest.approx(fine + 0.5 * coarse, rel=1e-5) and coarse > 0.05


def test_the_stem_learns_at_its_own_rate():
    network = build(tiny().network)
    stage = Stage(trains=BOTH, epochs=1, lr=1e-3, stem_lr=2e-4, optimiser='sgd', weight_decay=0)
    set_training_mode(network, stage)
    optimiser = make_optimiser(network, stage)
    before = {name: weight.clone() for name, weight in network.named_parameters()}
    for weight in network.parameters():
        weight.grad = torch.ones_like(weight) if weight.requires_grad else None
    optimiser.step()
    for name, weight in network.named_parameters():
        moved = (before[name] - weight).abs().mean().item()
        rate = 0 if name.startswith('uncertainty') else 2e-4 if '.stem.' in name else 1e-3
        assert moved == pytest.approx(rate, abs=1e-6), name


@pytest.mark.thorough
def test_gradients_are_clipped_to_the_norm_of_the_recipe(training, tmp_path):
    moved = []
    for clip in (0.0, 1e-3):
        recipe = replace(tiny(epochs=4), clip_norm=clip, stages=(
            Stage(trains=BOTH, epochs=4, stem_lr=1e-3, optimiser='sgd', weight_decay=0),))
        run = stage_run(recipe, training, tmp_path)
        before = [weight.clone() for weight in run.learning]
        rate = 100.0  # at the recipe's own, float32 would round such small moves away
        for group in run.optimiser.param_groups:
            group['lr'] = rate
        run.take_step(batch())
        moved.append(torch.cat([(b - w).flatten() for b, w in zip(before, run.learning)]).norm()
                     / rate)
    assert moved[1].item() == pytest.approx(1e-3, rel=0.02)
    assert moved[0] > 100 * moved[1]


def test_the_ema_follows_faster_in_the_first_steps():
    """Decay 0.1 at step 0, (1 + 50) / (10 + 50) at step 50, that of the recipe in the end."""
    for step, decay in ((0, 0.1), (50, 0.85), (100000, 0.998)):
        network = nn.Linear(1, 1)
        ema = Ema(network, 0.998)
        with torch.no_grad():
            network.weight += 1
        ema.update(step)
        followed = 1 - (network.weight - ema.network.weight).item()
        assert followed == pytest.approx(1 - decay, abs=1e-5)


@pytest.mark.parametrize('converted', [False, True])
def test_frozen_norms_keep_their_statistics_also_as_synchronised_ones(converted):
    """SyncBatchNorm is no BatchNorm2d: told by that class, it would go on learning."""
    torch.manual_seed(0)
    recipe = tiny()
    network = build(recipe.network)
    if converted:
        network = nn.SyncBatchNorm.convert_sync_batchnorm(network)
    stage = Stage(trains=BOTH, epochs=1, frozen_norms=True)
    set_training_mode(network, stage)
    norms = [m for m in network.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    assert len(norms) > 50 and not any(norm.training for norm in norms)
    assert any(isinstance(norm, nn.SyncBatchNorm) for norm in norms) == converted
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    StageLoss(network, recipe, stage)(*batch()[:2]).backward()
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())
    assert norms[0].weight.grad is not None


@pytest.mark.thorough
def test_a_loss_is_read_from_the_device_every_few_steps_only(training, tmp_path, monkeypatch):
    """To ask at every step would make the CPU wait for the GPU."""
    read = []
    original = torch.Tensor.tolist
    monkeypatch.setattr(torch.Tensor, 'tolist', lambda self: read.append(self.shape) or original(
        self))
    monkeypatch.setattr(torch.Tensor, 'item', lambda self: pytest.fail('item() waits'))
    run = stage_run(tiny(epochs=4), training, tmp_path)
    losses = [run.take_step(batch()) for _ in range(3)]
    assert all(isinstance(loss, torch.Tensor) for loss in losses)
    assert [shape for shape in read if shape != (0,)] == []


def test_a_gpu_is_set_for_short_runs_in_float32_of_three_digits():
    """Products are TF32, cuDNN does not measure its algorithms first; a CPU is left alone."""
    before = torch.get_float32_matmul_precision()
    try:
        prepare('cpu')
        assert torch.get_float32_matmul_precision() == before
        prepare('cuda:0')
        assert torch.backends.cudnn.allow_tf32 and not torch.backends.cudnn.benchmark
        assert torch.get_float32_matmul_precision() == 'high'
    finally:
        torch.set_float32_matmul_precision(before)


@pytest.mark.thorough
def test_weights_that_are_not_finite_are_never_saved(training, tmp_path):
    """The loss of a step is read some steps later, but before any checkpoint."""
    recipe = replace(tiny(epochs=3), clip_norm=0.0, stages=(
        Stage(trains=BOTH, epochs=3, lr=1e30, stem_lr=1e30, optimiser='sgd'),))
    context = RunContext(folder=tmp_path, device='cpu', workers=0)
    with pytest.raises(ValueError, match=r'loss is .* at step \d of stage 1, with the images'):
        fit(recipe, training, [], context)
    if (tmp_path / 'checkpoint.pt').exists():
        saved = load_checkpoint(tmp_path)['network']
        assert all(tensor.isfinite().all() for tensor in saved.values())


@pytest.mark.thorough
def test_the_summary_is_filled_where_a_training_is_stopped(training, tmp_path, monkeypatch):
    def stopped(self, batch):
        raise KeyboardInterrupt
    monkeypatch.setattr(StageRun, 'take_step', stopped)
    summary = TrainingSummary()
    with pytest.raises(KeyboardInterrupt):
        fit(tiny(), training, [], RunContext(folder=tmp_path, device='cpu', workers=0),
            summary=summary)
    assert summary.seconds > 0
