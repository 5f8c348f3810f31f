"""Training itself: resuming, stages, learning, and the walk from data to a model file."""

from dataclasses import asdict, replace
import gc
import json
import os
from pathlib import Path
import signal
import subprocess
import sys
import weakref

import pytest
import torch
from train_helpers import tiny, write_folder

from mono_depth_ros.checked_json import from_json
from mono_depth_ros.estimator import DepthEstimator
from mono_depth_ros.networks.registry import build, default_spec
from train import __main__ as cli
from train.data.data_sets import open_data
from train.data.samples.data_notes import DataNote
from train.fitting import training_loop
from train.fitting.allowance import Unsaved
from train.fitting.checkpoint import has_checkpoint, load_checkpoint
from train.fitting.stage import set_training_mode, StageLoss
from train.fitting.stage_run import RunContext, StageRun
from train.fitting.start_weights import load_imagenet
from train.fitting.training_loop import fit
from train.fitting.validation import Validation
from train.recipes import recipe as recipes
from train.recipes.overrides import overridden, recipe_to_begin
from train.recipes.recipe_card import check_card

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return write_folder(tmp_path_factory.mktemp('data') / 'set')


def sources(folder):
    return [open_data(f'mine={folder}', 'train')], [open_data(f'mine={folder}', 'val')]


def context(folder):
    folder.mkdir(exist_ok=True)
    return RunContext(folder=folder, device='cpu', workers=0)


def weights_of(run):
    return load_checkpoint(run)['network']


def assert_same(a, b):
    assert a.keys() == b.keys()
    assert [name for name in a if not torch.equal(a[name], b[name])] == []


@pytest.mark.thorough
@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_interrupted_equals_uninterrupted(folder, tmp_path, monkeypatch, number):
    recipe = tiny(trains=(('coarse',), ('fine',)))
    fit(recipe, *sources(folder), context(tmp_path / 'whole'))
    take = StageRun.take_step

    def interrupted(self, *batch):
        if (self.index, self.step) == (1, 3):
            os.kill(os.getpid(), number)  # within a step, which must be finished
        return take(self, *batch)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(StageRun, 'take_step', interrupted)
        fit(recipe, *sources(folder), context(tmp_path / 'parts'))
    assert load_checkpoint(tmp_path / 'parts')['step'] == 4
    fit(recipe, *sources(folder), context(tmp_path / 'parts'), resume=True)
    whole, parts = load_checkpoint(tmp_path / 'whole'), load_checkpoint(tmp_path / 'parts')
    assert_same(whole['network'], parts['network'])
    assert_same(whole['ema'], parts['ema'])


@pytest.mark.thorough
def test_a_crash_costs_minutes_and_not_an_epoch(folder, tmp_path, monkeypatch):
    """Three steps an epoch; it crashes in the third."""
    recipe = tiny(trains=(('coarse',),), epochs=1)
    fit(recipe, *sources(folder), context(tmp_path / 'whole'))
    take = StageRun.take_step

    def crashing(self, *batch):
        if self.step == 2:
            raise RuntimeError('crash')
        return take(self, *batch)
    with monkeypatch.context() as patch, pytest.raises(RuntimeError, match='crash'):
        patch.setattr(StageRun, 'take_step', crashing)
        patch.setattr(Unsaved, 'WITHIN_EPOCH_S', 0.0)
        patch.setattr(Unsaved, 'SHARE', 1e9)
        fit(recipe, *sources(folder), context(tmp_path / 'parts'))
    assert load_checkpoint(tmp_path / 'parts')['step'] == 2
    fit(recipe, *sources(folder), context(tmp_path / 'parts'), resume=True)
    assert_same(weights_of(tmp_path / 'whole'), weights_of(tmp_path / 'parts'))


def history(run):
    return [json.loads(row) for row in (run / 'history.jsonl').read_text().splitlines()]


@pytest.mark.thorough
@pytest.mark.parametrize('validated, killed', [(0, 'validate'), (1, 'validate'), (0, 'save'),
                                               (1, 'save')])
def test_a_kill_while_an_epoch_ends_costs_none_of_its_figures(folder, tmp_path, monkeypatch,
                                                              validated, killed):
    """Of two epochs the first or the last, before or after its row of the history."""
    recipe = tiny(trains=(('coarse',),))
    fit(recipe, *sources(folder), context(tmp_path / 'whole'))
    whole = history(tmp_path / 'whole')
    assert [row['epoch'] for row in whole] == [1, 2] and 'coarse_abs_rel' in whole[-1]
    of = {'validate': Validation, 'save': StageRun}[killed]
    plain, calls = getattr(of, killed), []

    def dying(*words, **more):
        calls.append(words)
        if len(calls) > validated:
            raise RuntimeError('killed')
        return plain(*words, **more)
    with monkeypatch.context() as patch, pytest.raises(RuntimeError, match='killed'):
        patch.setattr(of, killed, dying)
        fit(recipe, *sources(folder), context(tmp_path / 'parts'))
    fit(recipe, *sources(folder), context(tmp_path / 'parts'),
        resume=has_checkpoint(tmp_path / 'parts'))
    assert history(tmp_path / 'parts') == whole
    assert_same(weights_of(tmp_path / 'whole'), weights_of(tmp_path / 'parts'))


@pytest.mark.thorough
def test_nothing_of_a_stage_is_held_in_the_next(folder, tmp_path, monkeypatch):
    """On a GPU its graphs are as large as a step; nobody waits until Python looks for circles."""
    stages = []

    class Watched(StageRun):
        def __init__(self, *of):
            before = [stage() for stage in stages]
            super().__init__(*of)
            assert before == [None] * self.index
            assert all(weight.grad is None for weight in self.network.parameters())
            self.circle = self
            stages.append(weakref.ref(self))
    monkeypatch.setattr(training_loop, 'StageRun', Watched)
    gc.disable()
    try:
        fit(tiny(trains=(('coarse',), ('fine',)), epochs=1), *sources(folder), context(tmp_path))
    finally:
        gc.enable()
    assert len(stages) == 2


@pytest.mark.thorough
def test_fine_stage_leaves_the_coarse_stack_untouched(folder, tmp_path):
    """Weights and batch-norm statistics alike."""
    coarse_only = tiny(trains=(('coarse',),), epochs=1)
    both = replace(coarse_only, stages=(*coarse_only.stages,
                                        recipes.Stage(trains=('fine',), epochs=1)))
    fit(coarse_only, *sources(folder), context(tmp_path / 'a'))
    fit(both, *sources(folder), context(tmp_path / 'b'))
    # The averaged weights, which are what is exported: the fine stack learns from those.
    before, after = load_checkpoint(tmp_path / 'a')['ema'], weights_of(tmp_path / 'b')
    exported = load_checkpoint(tmp_path / 'b')['ema']
    assert all(torch.equal(before[n], exported[n]) for n in before if n.startswith('coarse.'))
    changed = {n.split('.')[0] for n in after if not torch.equal(before[n], after[n])}
    assert changed == {'fine'}


@pytest.mark.thorough
@pytest.mark.parametrize('trains, learning', [
    (('coarse',), {'coarse'}), (('fine',), {'fine'}), (('coarse', 'fine'), {'coarse', 'fine'})])
def test_gradients_flow_only_into_the_stacks_of_the_stage(trains, learning):
    recipe = recipes.RECIPES['eigen_modified']
    network = build(recipe.network)
    stage = recipes.Stage(trains=trains, epochs=1)
    set_training_mode(network, stage)
    truth = torch.ones(1, 1, 240, 320)
    StageLoss(network, recipe, stage)(torch.randn(1, 3, 240, 320), truth).backward()
    assert {name.split('.')[0] for name, weight in network.named_parameters()
            if weight.grad is not None} == learning


@pytest.mark.thorough
def test_frozen_parts_of_a_stack_stand_still(folder, tmp_path):
    part = 'coarse.stem.stages.0'
    recipe = tiny(epochs=1)
    stage = replace(recipe.stages[0], frozen=(part,))
    torch.manual_seed(recipe.seed)
    before = build(recipe.network).state_dict()
    fit(replace(recipe, stages=(stage,)), *sources(folder), context(tmp_path / 'run'))
    after = weights_of(tmp_path / 'run')
    still = {n for n in after if torch.equal(before[n], after[n])}
    assert {n for n in after if n.startswith(part + '.')} <= still
    assert 'coarse.stem.stages.1.0.expand.0.weight' not in still


@pytest.mark.thorough
def test_norms_can_stand_still_while_all_else_learns(folder, tmp_path):
    recipe = tiny(epochs=1)
    stage = replace(recipe.stages[0], frozen_norms=True)
    torch.manual_seed(recipe.seed)
    before = build(recipe.network).state_dict()
    fit(replace(recipe, stages=(stage,)), *sources(folder), context(tmp_path / 'run'))
    after = weights_of(tmp_path / 'run')
    changed = {n for n in after if not torch.equal(before[n], after[n])}
    assert not any('running' in n for n in changed)
    assert {'coarse.stem.stem.1.weight', 'coarse.stem.stem.2.weight', 'fine.head.bias'} <= changed


@pytest.mark.thorough
def test_training_learns(folder, tmp_path):
    """The ramp's depth follows from its grey."""
    recipe = replace(tiny(epochs=16), ema_decay=0.9)
    fit(recipe, *sources(folder), context(tmp_path / 'run'))
    rows = history(tmp_path / 'run')
    assert len(rows) == 16
    assert rows[-1]['loss'] < 0.7 * rows[0]['loss']


@pytest.mark.thorough
@pytest.mark.parametrize('epochs, batch_size', [(1, 6), (2, 6), (10, 6), (2, 999_999)])
def test_a_training_of_few_steps_ends(folder, tmp_path, capsys, epochs, batch_size):
    """One step an epoch; a batch holds no more than the six images there are."""
    recipe = replace(tiny(epochs=epochs), batch_size=batch_size)
    fit(recipe, *sources(folder), context(tmp_path / 'run'))
    saved = load_checkpoint(tmp_path / 'run')
    assert (saved['stage'], saved['step']) == (1, 0)
    assert f'| {6 * epochs}/{6 * epochs} [' in capsys.readouterr().err


@pytest.mark.thorough
def test_loss_that_is_not_finite_stops_naming_the_step(folder, tmp_path, monkeypatch):
    recipe = replace(tiny(), clip_norm=0.0, stages=(
        recipes.Stage(trains=recipes.BOTH, epochs=2, lr=1e30, stem_lr=1e30, optimiser='sgd'),))
    with pytest.raises(ValueError, match=r'loss is .*nan at step \d+ of stage 1, with the '
                       r'images mine/\d{4}, mine/\d{4}:'):
        fit(recipe, *sources(folder), context(tmp_path / 'run'))


@pytest.mark.thorough
@pytest.mark.parametrize('name', ['mobile', 'mobile_lite2'])
def test_imagenet_stem_takes_every_weight(name):
    torch.manual_seed(0)
    stem = build(default_spec(name)).coarse.stem
    before = {name: tensor.clone() for name, tensor in stem.state_dict().items()}
    load_imagenet(stem)
    same = [name for name, tensor in stem.state_dict().items()
            if torch.equal(before[name], tensor) and 'num_batches' not in name]
    assert same == []


def train(*words, cwd=ROOT):
    return subprocess.run([sys.executable, '-m', 'train', *map(str, words)], cwd=cwd,
                          capture_output=True, text=True, check=False, timeout=240)


@pytest.fixture(scope='module')
def trained(folder, tmp_path_factory):
    """A run made by commands as a user gives them, with a tiny recipe put beside the others."""
    out = tmp_path_factory.mktemp('runs') / 'tiny'
    recipe = tiny(epochs=4)
    recipes.RECIPES[recipe.name] = recipe
    try:
        assert cli.main(['fit', recipe.name, '--data', f'mine={folder}', '--out', str(out),
                         '--device', 'cpu', '--workers', '0', '--set',
                         'stages.coarse+fine.epochs=3']) == 0
        model = out.parent / 'tiny.safetensors'
        assert cli.main(['export', str(out), str(model), '--protocol', 'full']) == 0
        yield model
    finally:
        del recipes.RECIPES[recipe.name]


@pytest.mark.thorough
def test_exported_model_knows_where_it_comes_from(trained):
    card = DepthEstimator.load(trained, device='cpu').card
    assert (card.name, card.provenance.recipe, card.provenance.steps) == (
        'tiny', 'tiny_mobile stages.coarse+fine.epochs=3', 9)
    assert card.provenance.data[0].frames == 6
    assert card.weights_licence == (
        'Weights on the terms of what they learned from: terms not recorded.')
    assert card.metrics[0].frames == 2 and 0 < card.metrics[0].abs_rel < 1


@pytest.mark.thorough
def test_evaluate_gives_what_the_card_says(trained, folder, tmp_path):
    done = train('evaluate', trained, '--data', f'mine={folder}', '--protocol', 'full',
                 '--baseline', '--json', tmp_path / 'figures.json', '--device', 'cpu')
    assert done.returncode == 0, done.stderr
    floor, report = json.loads((tmp_path / 'figures.json').read_text())
    measured = DepthEstimator.load(trained, device='cpu').card.metrics[0]
    assert report['mean']['abs_rel'] == pytest.approx(measured.abs_rel, rel=1e-4)
    assert len(report['images']) == 2 and floor['model'] == 'mean depth map'
    assert 'AbsRel' in done.stdout
    low, high = report['intervals']['delta1']
    assert low <= report['mean']['delta1'] <= high
    assert sum(band['errors']['pixels'] for band in report['bands']) == report['mean']['pixels']


def test_mean_depth_map_is_the_mean(folder):
    """Every training depth is the same ramp times 0.9..1.1, so the map is within that."""
    from train.evaluation.baseline import MeanDepthMap

    training, validation = sources(folder)
    sample = validation[0][0]
    depth = MeanDepthMap(training).estimate(sample.rgb, sample.camera).depth
    assert depth[24, 32] == pytest.approx(2.5, rel=0.1)
    assert depth[24, 60] == pytest.approx(1 + 3 * 60 / 63, rel=0.1)


@pytest.mark.parametrize('words, message', [
    (('fit', 'mobile', '--out', 'X'), 'give --data NAME=DIR'),
    (('fit', 'mobile', '--out', 'X', '--data', 'a=/no/dir'), 'no file or folder /no/dir'),
    (('fit', 'mobile', '--out', 'X', '--resume'), 'holds no run'),
    (('evaluate', 'nothing.safetensors', '--data', 'a=.'), 'in no layout known here'),
    (('export', 'X', 'model.bin'), 'ends in .safetensors'),
    (('export', 'X', 'model.safetensors'), 'holds no run'),
    (('show', 'nothing'), 'no model file')])
def test_mistakes_end_in_one_sentence(tmp_path, words, message, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(list(words)) == 1
    error = capsys.readouterr().err
    assert message in error and error.startswith('error: ') and error.count('\n') == 1


@pytest.mark.thorough
def test_unknown_words_show_the_known_ones():
    done = train('fit', 'vgg', '--out', 'x')
    assert done.returncode == 2 and 'eigen_modified' in done.stderr
    assert 'Traceback' not in done.stderr


def test_recipes_change_by_name():
    recipe = overridden(recipes.RECIPES['eigen'], (
        'stages.coarse.epochs=3', 'loss.si_lambda=1', 'batch_size=4', 'imagenet_stem=True',
        'stages.2.lr=0.5', 'weights.nyu=3', 'weights.room=2', 'weights.nyu=0.5'))
    assert recipe.stages[1].lr == 0.5
    assert dict(recipe.weights) == {'room': 2.0, 'nyu': 0.5}
    assert recipe.stages[0].epochs == 3 and recipe.stages[1].epochs == 20
    assert (recipe.loss.si_lambda, recipe.batch_size, recipe.imagenet_stem) == (1.0, 4, True)


@pytest.mark.parametrize('setting, message', [
    ('batchsize=4', "no 'batchsize' here; did you mean 'batch_size'"),
    ('stages.corse.epochs=4', "did you mean 'coarse'"),
    ('epochs=1', "did you mean 'stages.1.epochs'"), ('lr=1e-4', "did you mean 'stages.1.lr'"),
    ('erase=0.3', "did you mean 'augmentation.erase'"),
    ('gradient=1', "did you mean 'loss.gradient'"),
    ('stages.coarse.epoch=4', "did you mean 'epochs'"),
    ('batch_size=big', "expected int as 8, got 'big'"), ('batch_size', 'expected NAME=VALUE'),
    ('loss=1', 'loss has parts'), ('batch_size.x=1', 'batch_size is a value')])
def test_settings_that_do_not_fit_are_refused(setting, message):
    with pytest.raises(ValueError, match=message):
        overridden(recipes.RECIPES['eigen'], (setting,))


def test_a_name_of_several_stages_is_refused():
    with pytest.raises(ValueError, match='2 stages train uncertainty: give .* one, 3 or 4'):
        overridden(recipes.RECIPES['indoor'], ('stages.uncertainty.epochs=4',))
    recipe = overridden(recipes.RECIPES['indoor'], ('stages.4.epochs=5',))
    assert [stage.epochs for stage in recipe.stages[2:]] == [1, 5]


@pytest.mark.parametrize('setting, message', [
    ('batch_size=0', r'--set batch_size: expected 1 to 100000, got 0'),
    ('amp=fp8', "amp must be auto, bf16, fp16, fp32; got 'fp8'"),
    ('stages.coarse.optimiser=adam', "optimiser must be adamw or sgd, got 'adam'"),
    ('stages.coarse.epochs=-1', r'--set stages.coarse.epochs: expected 0 to 1e\+06, got -1'),
    ('stages.coarse.lr=0', '--set stages.coarse.lr: .* learning rates above 0, got 0 and'),
    ("stages.coarse.trains=('fine', 'coarse')", r'in the order of the network \(coarse, fine\)'),
    ("stages.coarse.trains=('coarse', 'coarse')", 'each once'),
    ('stages.coarse.trains=()', r'trains one stack or more, .* got trains=\(\)'),
    ('stages.coarse.data=(1,)', r'--set stages.coarse.data\[0\]: expected str, got 1'),
    ('clip_norm=-1', r'--set clip_norm: expected 0 to 1e\+06, got -1.0'),
    ('ema_decay=1.5', '--set ema_decay: expected 0 to 0.999999, got 1.5'),
    ('other_shapes=5', '--set other_shapes: expected 0 to 1, got 5.0'),
    ('stochastic_depth=1', '--set stochastic_depth: expected 0 to 0.9, got 1.0'),
    ('seed=-1', '--set seed: expected 0 to'), ('temperature=1e-9', '--set temperature: expected'),
    ('weights=(1, 2)', r'--set weights\[0\]: expected a list, got 1'),
    ('weights.x=-1', r'--set weights.x: expected 0 to 1e\+06, got -1.0'),
    ('weights.x=1e999', '--set weights.x.*: expected a finite number'),
    ("caps=(('x',),)", r"--set caps\[0\]: expected a list of 2, got \['x'\]"),
    ("caps=(('x', 0),)", '--set caps: expected 1 to'),
    ('network.input_width=0', '--set network.input_width: expected 16 to 2048, got 0'),
    ('kinect.width=0', '--set kinect.width: image size must be at least 1 x 1'),
    ('loss.si_lambda=2', '--set loss.si_lambda: expected 0 to 1, got 2.0'),
    ('augmentation.flip=7', '--set augmentation.flip: expected 0 to 1, got 7.0'),
    ('augmentation.zoom=(0.001, 0.001)', '--set augmentation.zoom: expected 0.1 to 10'),
    ('min_depth_m=20', 'could not be exported: max_depth_m: 10 is not above min_depth_m 20'),
    ('min_depth_m=1e-4', 'could not be exported: min_depth_m: expected 0.001 to'),
    ('normalisation.mean=(0.5,)', '--set normalisation.mean: expected 3 numbers, got 1'),
    ('kinect.fx=1', 'could not be exported: reference: '),
    ("stages.coarse.trains=('corse',)",
     "trains 'corse', but the stacks of eigen are coarse, fine"),
    ('network.name=foo', "unknown network 'foo'"),
    ('network.name=alexnet', "a stage trains 'fine'"),
    ('augmentation.zoom=(1,)', r'--set augmentation.zoom: expected a list of 2, got \[1\]'),
    ("augmentation.zoom=('a', 'b')", r"augmentation.zoom\[0\]: expected float, got 'a'"),
    ('augmentation.zoom=(2, 1)', r'zoom is two numbers above 0, the smaller first, got \(2'),
    ('augmentation.gamma=(2, 1)', 'gamma is two numbers')])
def test_values_no_training_can_have_are_refused(setting, message):
    with pytest.raises(ValueError, match=message):
        overridden(recipes.RECIPES['eigen'], (setting,))


@pytest.mark.parametrize('recipe, settings, message', [
    ('eigen_modified', ['stochastic_depth=0.2'], 'is of an ImageNet stem, which eigen_modified'),
    ('eigen', ['mixstyle_probability=0.5'], 'is of an ImageNet stem, which eigen does not have'),
    ('alexnet', ['imagenet_stem=True'], 'imagenet_stem is of an ImageNet stem, which alexnet'),
    ('mobile', ['loss.mixture=0.5'], 'two modes, which mobile does not'),
    ('indoor', ['network.name=mobile_lite2'], 'two modes, which mobile_lite2 does not'),
    ('mobile', ['other_shapes=1'], 'other_shapes is of networks of several network.aspect_ratios'),
    ('outdoor', ['sky_m=5'], 'sky_m is 0 or at least max_depth_m, which is 80, got 5')])
def test_what_a_network_cannot_have_begins_no_run(folder, tmp_path, capsys, recipe, settings,
                                                  message):
    words = [word for setting in settings for word in ('--set', setting)]
    assert cli.main(['fit', recipe, '--data', f'mine={folder}', '--out', str(tmp_path / 'run'),
                     *words]) == 1
    error = capsys.readouterr().err
    assert message in error and error.count('error: ') == 1 and not (tmp_path / 'run').exists()
    overridden(recipes.RECIPES[recipe], settings)  # a run of before that has it goes on


@pytest.mark.parametrize('recipe, settings', [
    *((name, []) for name in recipes.RECIPES), ('mobile', ['sky_m=10']),
    ('indoor', ['network.name=mobile_lite2', 'loss.mixture=0.0']),
    ('mobile', ['other_shapes=1', 'network.aspect_ratios=(0.6,3.4)'])])
def test_what_a_network_can_have_begins(recipe, settings):
    assert recipe_to_begin(recipe, settings).name == recipe


@pytest.mark.parametrize('settings, told', [
    (['augmentation.zoom=(0.5,0.6)'], ['stages.1.augmentation.zoom=(0.5,0.6)']),
    (['augmentation.flip=0.0', 'augmentation.zoom=(0.5,0.6)', 'stages.1.augmentation.flip=0.5'],
     ['stages.1.augmentation.zoom=(0.5,0.6)']),
    (['augmentation.flip=0.5', 'batch_size=4', 'weights.nyu=2'], []),
    (['augmentation.flip=0.0', 'stages.1.epochs=0'], []),
    (['weights.nyu=2.0', 'stages.1.weights.nyu=3.0'], [])])
def test_a_stage_that_a_setting_does_not_reach_is_said(settings, told, recwarn):
    """The first stage of `indoor` has an augmentation of its own, with flip 0.5."""
    recipe_to_begin('indoor', settings)
    notes = [str(one.message) for one in recwarn if one.category is DataNote]
    assert [note.split('say --set ')[1] for note in notes] == [f'"{word}" too' for word in told]


def test_a_weight_that_a_stage_of_its_own_has_is_said(monkeypatch):
    plain = recipes.RECIPES['mobile']
    first = replace(plain.stages[0], weights=(('nyu', 3.0),))
    monkeypatch.setitem(recipes.RECIPES, 'mobile', replace(
        plain, stages=(first, *plain.stages[1:])))
    with pytest.warns(DataNote, match='weights.nyu=2.0 does not reach stage 1 of .mobile.'):
        recipe_to_begin('mobile', ['weights.nyu=2.0', 'weights.room=2.0'])


def test_what_is_changed_together_is_judged_together():
    recipe = overridden(recipes.RECIPES['eigen'], ('min_depth_m=20', 'max_depth_m=80'))
    assert (recipe.min_depth_m, recipe.max_depth_m) == (20.0, 80.0)


@pytest.mark.parametrize('name', recipes.RECIPES)
def test_every_value_of_a_recipe_is_within_its_limits(name):
    recipe = recipes.RECIPES[name]
    assert from_json(recipes.Recipe, json.dumps(asdict(recipe)), 'recipe') == recipe
    check_card(recipe)


def test_a_part_to_keep_still_must_be_there(folder, tmp_path):
    recipe = tiny(epochs=1)
    stage = replace(recipe.stages[0], frozen=('coarse.stam',))
    with pytest.raises(ValueError, match="no such part: did you mean 'coarse.stem'"):
        fit(replace(recipe, stages=(stage,)), *sources(folder), context(tmp_path))


@pytest.mark.thorough
def test_a_run_that_never_began_may_begin_anew(folder, tmp_path, capsys):
    (tmp_path / 'run.json').write_text('{}')
    words = ['fit', 'mobile', '--data', f'mine={folder}', '--out', str(tmp_path), '--workers', '0',
             '--set', 'imagenet_stem=False', '--set', 'batch_size=2']
    for stage in (1, 2, 3):
        words += ['--set', f'stages.{stage}.epochs=0']
    assert cli.main(words) == 0, capsys.readouterr().err


def test_a_run_is_not_overwritten(folder, tmp_path, capsys):
    (tmp_path / 'run.json').write_text('{}')
    (tmp_path / 'checkpoint.pt').write_bytes(b'')
    assert cli.main(['fit', 'mobile', '--data', f'mine={folder}', '--out', str(tmp_path)]) == 1
    assert 'holds a run already' in capsys.readouterr().err
