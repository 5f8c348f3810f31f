"""Trainings beyond the ordinary: several processes, half precision, a full disk, long runs."""

from dataclasses import replace
import json
import os
from pathlib import Path
import subprocess
import sys

import cv2
from model_helpers import write_untrained
import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
import torch
from train_helpers import tiny, write_folder

from mono_depth_ros.model_file import load_model
from mono_depth_ros.networks.registry import build, NETWORKS
from train.__main__ import main
from train.data.data_sets import open_data
from train.fitting.allowance import Allowance
from train.fitting.checkpoint import load_checkpoint, save_checkpoint
from train.fitting.distributed import ProcessGroup
from train.fitting.run_log import forget_after, picture_row
from train.fitting.stage import amp_dtype, make_optimiser, set_training_mode, StageLoss
from train.fitting.stage_run import RunContext, StageRun
from train.fitting.training_loop import fit
from train.recipes.recipe import RECIPES, Stage

ROOT = Path(__file__).parents[3]
# Only the last layer learns: no batch norm, whose statistics are each process's own on a CPU.
HEAD_BY_SGD = (
    'stages.coarse.epochs=0', 'stages.fine.epochs=2', 'stages.3.epochs=0', 'stages.4.epochs=0',
    'stages.fine.optimiser=sgd', 'stages.fine.lr=0.1',
    "stages.fine.frozen=('fine.to_4', 'fine.to_2')", 'batch_size=2',
    'clip_norm=0.0', 'imagenet_stem=False', 'network.input_height=64', 'network.input_width=96')


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return write_folder(tmp_path_factory.mktemp('data') / 'set')


def run(recipe, folder, out):
    out.mkdir(exist_ok=True)
    sources = [[open_data(f'mine={folder}', split)] for split in ('train', 'val')]
    return fit(recipe, *sources, RunContext(folder=out, device='cpu', workers=0))


def command_line(folder, out, *launcher):
    words = [word for setting in HEAD_BY_SGD for word in ('--set', setting)]
    done = subprocess.run(
        [sys.executable, *launcher, '-m', 'train', 'fit', 'mobile_staged', '--data',
         f'mine={folder}', '--out', str(out), '--device', 'cpu', '--workers', '0', *words],
        cwd=ROOT, capture_output=True, text=True, env={**os.environ, 'OMP_NUM_THREADS': '1'})
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.thorough
def test_two_processes_train_what_one_does(folder, tmp_path):
    """DDP over gloo on the CPU, as torchrun starts it."""
    command_line(folder, tmp_path / 'one')
    done = command_line(folder, tmp_path / 'two', '-m', 'torch.distributed.run',
                        '--standalone', '--nproc-per-node', '2')
    one, two = (load_checkpoint(tmp_path / name)['network'] for name in ('one', 'two'))
    assert one['fine.head.weight'].abs().max() > 1e-3  # it starts at 0
    for name in one:
        torch.testing.assert_close(one[name], two[name], rtol=1e-4, atol=1e-6)
    assert done.stdout.count('done; next') == 1


@pytest.mark.thorough
def test_readers_of_every_stage_start_beside_opencv_s_threads(folder, tmp_path):
    """OpenCV's threads, started by the pictures of an epoch, once hung the next stage's reader."""
    cv2.setNumThreads(4)
    cv2.GaussianBlur(np.zeros((2000, 2000, 3), np.uint8), (0, 0), 3)
    recipe = tiny(trains=(('coarse',), ('fine',)), epochs=1)
    sources = [[open_data(f'mine={folder}', split)] for split in ('train', 'val')]
    fit(recipe, *sources, RunContext(folder=tmp_path, device='cpu', workers=1))
    assert load_checkpoint(tmp_path)['stage'] == 2


@pytest.mark.thorough
@pytest.mark.parametrize('amp', ['bf16', 'fp16'])
def test_mixed_precision_learns_nearly_the_same(folder, tmp_path, amp):
    recipe = tiny(epochs=2)
    run(recipe, folder, tmp_path / 'full')
    run(replace(recipe, amp=amp), folder, tmp_path / amp)
    full, mixed = (json.loads((tmp_path / name / 'history.jsonl').read_text().split('\n')[1])
                   for name in ('full', amp))
    assert mixed['loss'] == pytest.approx(full['loss'], rel=0.1)
    assert mixed['loss'] != full['loss']


def test_precision_is_that_of_the_device_unless_asked():
    assert amp_dtype('cuda', 'auto') is torch.bfloat16
    assert amp_dtype('cpu', 'auto') is torch.float32


def test_processes_share_a_batch_evenly_or_not_at_all():
    ProcessGroup(size=2).check_batch(8)
    with pytest.raises(ValueError, match='7 is not a multiple of the 2 processes: .*batch_size=8'):
        ProcessGroup(size=2).check_batch(7)


@pytest.mark.thorough
def test_short_epochs_are_validated_when_there_is_time(folder, tmp_path, monkeypatch):
    """The first, whose time is free, and the last, which is measured whatever it takes."""
    monkeypatch.setattr(Allowance, 'FREE_S', 1e-9)
    monkeypatch.setattr(Allowance, 'SHARE', 0.0)
    run(tiny(epochs=4), folder, tmp_path)
    history = [json.loads(row) for row in (tmp_path / 'history.jsonl').read_text().splitlines()]
    assert [row['epoch'] for row in history] == [1, 2, 3, 4] and all('loss' in r for r in history)
    assert ['fine_delta1' in row for row in history] == [True, False, False, True]
    assert load_checkpoint(tmp_path)['stage'] == 1


def test_what_a_resumed_run_does_again_is_told_once(tmp_path):
    """The history is ahead of the checkpoint after a crash."""
    rows = [{'stage': stage, 'step': step} for stage, step in ((0, 5), (0, 10), (1, 5), (1, 10))]
    history = tmp_path / 'history.jsonl'
    for saved, kept in (((1, 5), 3), ((1, 0), 2), ((0, 5), 1), ((2, 0), 4)):
        history.write_text(''.join(f'{json.dumps(row)}\n' for row in rows))
        forget_after(tmp_path, *saved)
        assert [json.loads(row) for row in history.read_text().splitlines()] == rows[:kept]


@pytest.mark.parametrize('torn', [b'{"stage": 0, "st', b'{"stage": 0, "step": 9}', b'{"\xce',
                                  b'\0\0'])
def test_a_last_line_of_history_cut_short_is_dropped(tmp_path, torn):
    """A crash left it; the run could not be resumed."""
    history = tmp_path / 'history.jsonl'
    history.write_bytes(b'{"stage": 0, "step": 5}\n' + torn)
    forget_after(tmp_path, 0, 9)
    assert history.read_bytes() == b'{"stage": 0, "step": 5}\n'


@pytest.mark.parametrize('line', ['{"st', '[]', '{}'])
def test_a_broken_history_is_named(tmp_path, line):
    (tmp_path / 'history.jsonl').write_text(f'{line}\n{{"stage": 0, "step": 5}}\n')
    with pytest.raises(ValueError, match='history.jsonl is no history of a training'):
        forget_after(tmp_path, 0, 9)


@pytest.mark.thorough
def test_curves_and_pictures_are_for_tensorboard(folder, tmp_path):
    run(tiny(epochs=7), folder, tmp_path)
    board = EventAccumulator(str(tmp_path / 'tensorboard')).Reload()
    assert board.Tags()['images'] == ['validation/0', 'validation/1']
    history = [json.loads(row) for row in (tmp_path / 'history.jsonl').read_text().split('\n')
               if row]
    curve = board.Scalars('validation/fine_delta1')
    assert [event.step for event in curve] == [row['step'] for row in history]
    assert [event.value for event in curve] == pytest.approx([r['fine_delta1'] for r in history])
    assert [event.step for event in board.Scalars('training/loss')] == [20]


def test_a_strip_shows_view_truth_and_maps():
    recipe = RECIPES['mobile']
    truth = np.full((4, 6), np.log(recipe.max_depth_m), np.float32)
    near = np.full((2, 3), np.log(recipe.min_depth_m), np.float32)
    shown = picture_row((np.zeros((3, 4, 6), np.float32), truth, [near]), recipe)
    assert shown.shape == (4, 18, 3)
    assert (shown[:, :6] == 127).all()
    red, blue = shown[0, 6].astype(int), shown[0, 12].astype(int)
    assert red[0] > red[2] and blue[2] >= blue[0]


@pytest.mark.thorough
def test_the_summary_counts_images_and_waiting(folder, tmp_path):
    summary = run(tiny(epochs=2), folder, tmp_path)
    assert summary.images == 12
    assert 0 < summary.waited_s < summary.seconds
    assert '12 images in' in summary.text() and 'waiting for data' in summary.text()


def test_a_full_disk_keeps_the_checkpoint_before(tmp_path):
    save_checkpoint(tmp_path, {'stage': 0, 'step': torch.tensor(1), 'ema': {}})
    (tmp_path / 'checkpoint.pt.part').symlink_to('/dev/full')
    with pytest.raises(OSError, match='the previous checkpoint is kept'):
        save_checkpoint(tmp_path, {'step': torch.arange(10 ** 6)})
    assert load_checkpoint(tmp_path)['step'] == 1


def test_a_full_disk_at_the_first_checkpoint_keeps_none(tmp_path):
    """What was written of it kept the disk full."""
    (tmp_path / 'checkpoint.pt.part').symlink_to('/dev/full')
    with pytest.raises(OSError, match='checkpoint.pt.part: .* free there') as caught:
        save_checkpoint(tmp_path, {'step': torch.arange(10 ** 6)})
    assert 'kept' not in str(caught.value) and not list(tmp_path.iterdir())


@pytest.mark.parametrize('content, words', [
    (b'text\n', 'is not a whole checkpoint'), (b'\xff\xfe\0', 'is not a whole checkpoint'),
    (b'', 'is not a whole checkpoint'), (b'PK\3\4half', 'is not a whole checkpoint'),
    (os.system, 'is not a whole checkpoint'), ([], 'has nothing called stage'),
    ({'stage': 0, 'step': 1}, 'has nothing called ema'),
    ({'step': 1, 'ema': {}}, 'has nothing called stage'),
    ({'stage': 0, 'step': 1, 'ema': {}}, 'has nothing called network')])
def test_a_checkpoint_that_is_none_is_named(tmp_path, content, words):
    """Also one of another version, and without torch's advice to trust it."""
    path = tmp_path / 'checkpoint.pt'
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(ValueError, match=f'^{path} {words}') as caught:
        load_checkpoint(tmp_path, ('network',))
    assert 'weights_only' not in str(caught.value)


@pytest.mark.parametrize('wrong', [
    'network', 'ema', pytest.param('optimiser', marks=pytest.mark.thorough)])
def test_a_checkpoint_of_another_network_is_named(folder, tmp_path, wrong):
    sources = [[open_data(f'mine={folder}', split)] for split in ('train', 'val')]
    recipe = tiny()
    weights = build(recipe.network).state_dict()
    saved = {'stage': 0, 'step': 1, 'network': weights, 'ema': weights, 'optimiser': None,
             'schedule': {}} | {wrong: {'param_groups': []}}
    save_checkpoint(tmp_path, saved)
    with pytest.raises(ValueError, match='checkpoint.pt does not fit the network and the stages'):
        fit(recipe, *sources, RunContext(folder=tmp_path, device='cpu', workers=0), resume=True)


@pytest.mark.thorough
def test_data_without_held_out_images_is_trained_on_all_the_same(folder, tmp_path, capsys):
    bare = write_folder(tmp_path / 'bare')
    (bare / 'val.txt').unlink()
    words = [word for setting in HEAD_BY_SGD for word in ('--set', setting)]
    assert main(('fit', 'mobile_staged', '--data', f'bare={bare}', '--out', str(tmp_path / 'run'),
                 '--workers', '0', '--device', 'cpu', *words)) == 0
    said = capsys.readouterr()
    assert 'is not validated on' in said.err and 'done; next' in said.out


def resident_mb() -> float:
    """Memory of this process in MB."""
    pages = int(Path('/proc/self/statm').read_text().split()[1])
    return pages * os.sysconf('SC_PAGE_SIZE') / 1e6


@pytest.mark.thorough
def test_memory_stays_flat_over_epochs(folder, tmp_path, monkeypatch):
    seen = []
    end = StageRun.end_epoch
    monkeypatch.setattr(StageRun, 'end_epoch', lambda self, *rest: (
        end(self, *rest), seen.append(resident_mb())))
    run(tiny(epochs=12), folder, tmp_path)
    assert len(seen) == 12 and seen[-1] - seen[4] < 20


@pytest.mark.thorough
@pytest.mark.parametrize('name, steps', [
    ('mobile', 60), *[pytest.param(name, 300, marks=(pytest.mark.slow, pytest.mark.timeout(3600)))
                      for name in sorted({*NETWORKS} & {*RECIPES} - {'mobile'})]])
def test_every_network_can_overfit_four_images(name, steps, folder):
    """The loss of all stacks together falls to a tenth."""
    recipe = RECIPES[name] if name != 'mobile' else tiny()
    torch.manual_seed(0)
    network = build(recipe.network).to(memory_format=torch.channels_last)
    spec = recipe.network
    image = torch.rand(4, 3, spec.input_height, spec.input_width)
    image = torch.nn.functional.avg_pool2d(image, 9, 1, 4)
    truth = (image.mean(1, keepdim=True) - 0.5) * 10 + torch.tensor(
        [0.2, 0.6, 1.0, 1.4]).view(4, 1, 1, 1)
    stage = Stage(trains=network.stacks, epochs=1, lr=1e-3 if name == 'mobile' else 1e-4)
    set_training_mode(network, stage)
    learner, optimiser = StageLoss(network, recipe, stage), make_optimiser(network, stage)
    losses = []
    for _ in range(steps):
        loss = learner(image, truth)
        network.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        losses.append(loss.item())
        if losses[-1] < losses[0] / 10:
            return
    pytest.fail(f'loss {losses[0]:.3f} -> {losses[-1]:.3f} in {steps} steps')


@pytest.mark.thorough
def test_a_run_may_begin_with_a_model(folder, tmp_path):
    began, out, model = (tmp_path / name for name in ('began.safetensors', 'run', 'm.safetensors'))
    write_untrained(began, 'mobile')
    words = ['--data', f'mine={folder}', '--workers', '0', '--device', 'cpu', '--set',
             'stages.1.epochs=1', '--set', 'stages.2.epochs=0', '--set', 'stages.3.epochs=0',
             '--set', 'stages.1.lr=1e-9', '--set', 'stages.1.stem_lr=1e-9']
    assert main(['fit', 'mobile', '--start', str(began), '--out', str(out), *words]) == 0
    assert main(['export', str(out), str(model)]) == 0
    (start, first), (network, card) = load_model(began), load_model(model)
    before = start.state_dict()
    for name, weight in network.named_parameters():
        if not name.startswith('uncertainty'):  # which the export calibrates
            torch.testing.assert_close(weight.data, before[name], rtol=0, atol=1e-3)
    assert f'model began ({first.weights_licence.rstrip(".")})' in card.weights_licence
    assert main(['export', str(out), str(model), '--weights-licence', 'Ours, CC0.']) == 0
    assert load_model(model)[1].weights_licence == 'Ours, CC0.'


@pytest.mark.thorough
def test_a_training_can_start_from_a_model(folder, tmp_path):
    """No step is taken, so the weights are the file's."""
    model = tmp_path / 'known.safetensors'
    write_untrained(model, seed=3)
    still = replace(RECIPES['mobile'], stages=(Stage(trains=('fine',), epochs=0),))
    sources = [[open_data(f'mine={folder}', split)] for split in ('train', 'val')]
    context = RunContext(folder=tmp_path, device='cpu', workers=0)
    fit(still, *sources, context, start=str(model))
    known = load_model(model)[0].state_dict()
    after = load_checkpoint(tmp_path)
    assert all(torch.equal(after[kind][name], known[name])
               for kind in ('network', 'ema') for name in known)
    with pytest.raises(ValueError, match='start from a model of the same'):
        fit(tiny(), *sources, context, start=str(model))
