"""A recipe trained without a camera, measured on it: figures by hand, and a real small run."""

from dataclasses import asdict, replace
import json
import shutil
from types import SimpleNamespace

from model_helpers import write_untrained
import numpy as np
import pytest
from train_helpers import write_folder

from mono_depth_ros.model_card import DataUse
from mono_depth_ros.model_file import load_model, read_card, save_model
from train.__main__ import main
from train.cross_validation import folds
from train.cross_validation.figures import combined, Figures, measure, scale_error
from train.cross_validation.folds import (
    check_data,
    check_start,
    CrossValidationPlan,
    done_folds,
    Fold,
    run_folds,
)
from train.cross_validation.summary import as_markdown, summary
from train.data.data_sets import open_data
from train.evaluation.protocols import PROTOCOLS
from train.fitting.checkpoint import save_checkpoint
from train.fitting.run_folder import begin_run, read_run
from train.output_files import write_file
from train.recipes.camera_groups import (
    CameraGroup,
    CameraSet,
    CameraTable,
    INDOOR,
    OUTDOOR,
    TABLES,
)

SMALL = CameraTable(
    name='small', protocol='full', select='nyu', select_protocol='eigen-crop',
    always=(CameraSet(name='nyu', folder='nyu_folder'),),
    groups=(CameraGroup(name='desks', sets=(CameraSet(name='desk', cap=3, why='one view'),)),
            CameraGroup(name='rooms', sets=(CameraSet(name='room'), CameraSet(name='hall')))))
QUICK = ('--set=network.input_width=96', '--set=network.input_height=64',
         '--set=imagenet_stem=False', '--set=batch_size=2', '--set=stages.1.epochs=1',
         '--set=stages.2.epochs=0', '--set=stages.3.epochs=0')


@pytest.fixture
def plan(tmp_path):
    """The small table with data, and a training of seconds."""
    for name in ('nyu_folder', 'desk', 'room', 'hall'):
        write_folder(tmp_path / 'data' / name)
    return CrossValidationPlan(table=SMALL, root=tmp_path / 'data', folder=tmp_path / 'runs',
                               recipe='mobile', words=QUICK, capped=True, workers=0)


def figures(**changes):
    """Figures of one image, all right."""
    right = Figures(images=1, delta1=1.0, abs_rel=0.0, rmse_m=0.0, scale=1.0, scale_error=0.0)
    return replace(right, **changes)


def test_too_far_and_too_near_do_not_cancel():
    assert scale_error([2, 0.5]) == pytest.approx(1)
    assert scale_error([1.21, 1.0]) == pytest.approx(0.1)  # sqrt(1.21)
    both = combined([figures(scale=2.0, scale_error=1.0), figures(scale=0.5, scale_error=1.0)])
    assert (both.scale, both.scale_error) == pytest.approx((1, 1))
    assert both.promised is None  # nothing told it


def test_the_mean_promise_is_that_of_all_or_none(plan):
    """Figures of a version before have none: beside delta1 of all stood the promise of a few."""
    promised = [combined([figures(promised=0.5), figures(promised=last)]).promised
                for last in (0.7, None)]
    assert promised == [pytest.approx(0.6), None]
    for number, one in enumerate((figures(promised=0.5), figures())):
        told = asdict(one) if number == 0 else {
            name: value for name, value in asdict(one).items() if name != 'promised'}
        group = ('desks', 'rooms')[number]
        write_file(plan.folder / group / 'figures.json', json.dumps(
            {'left_out': [group], 'seed': 0, 'sets': {group: {'a': told}}}))
    rows = summary(done_folds(plan))
    assert [rows[name][0].promised for name in ('desks', 'rooms', 'mean')] == [0.5, None, None]
    assert '| mean | 2 | 1.000 |  | ' in as_markdown('x', SMALL, rows, [])


def test_a_set_has_the_median_of_its_images(tmp_path):
    # Depths come out 1.1, 1.1, 1.2, 1.2, 1.3 and 4 times too far: the median is 1.2.
    source = open_data(f'x={write_folder(tmp_path / "x")}', 'train')
    factors = iter((1.1, 1.1, 1.2, 1.2, 1.3, 4.0))
    confidences = iter((0.1, 0.2, 0.3, 0.4, 0.5, 0.6))
    predictor = SimpleNamespace(estimate=lambda rgb, camera: SimpleNamespace(
        clipped=np.nan_to_num(next(truths) * next(factors), nan=1),
        confidence=np.full(rgb.shape[:2], next(confidences), np.float32)))
    truths = (source[i].depth for i in range(6))
    found = measure(predictor, source, PROTOCOLS['full'], steps=True)
    assert found.images == 6
    assert found.scale == pytest.approx(1.2)
    assert found.scale_error == pytest.approx(0.2)
    assert (found.delta1, found.promised) == pytest.approx((4 / 6, 0.35))
    assert found.step_kept is None  # a ramp has no steps


def test_every_set_stands_in_one_group_of_one_table():
    names = [one.name for table in TABLES.values()
             for group in table.groups for one in group.sets]
    assert len(names) == len(set(names)) == 29
    assert all(bool(one.cap) == bool(one.why) for table in (INDOOR, OUTDOOR)
               for group in table.groups for one in group.sets)


def test_a_fold_learns_from_all_but_what_it_leaves_out(plan):
    command = plan.fit_command(Fold(left_out=('desks',), seed=7))
    data = {command[i + 1].partition('=')[0] for i, word in enumerate(command) if word == '--data'}
    assert data == {'nyu', 'room', 'hall'}
    assert '--set=caps=()' in command and '--set=seed=7' in command
    kept = plan.fit_command(Fold(left_out=('rooms',), seed=0))
    assert "--set=caps=(('desk', 3),)" in kept
    with pytest.raises(ValueError, match="no group of cameras 'lofts'.*desks, rooms"):
        check_data(plan, [Fold(left_out=('lofts',), seed=0)])


def test_missing_data_are_told_before_anything_is_trained(plan):
    with pytest.raises(OSError, match='attic'):
        check_data(replace(plan, root=plan.root / 'attic'), [])


@pytest.mark.parametrize('learned, left_out, refused', [
    ('room', ('rooms',), 'room'), ('room', ('desks',), ''), ('desk', ('rooms', 'desks'), 'desk')])
def test_a_start_that_learned_what_is_measured_by_is_refused(
        plan, tmp_path, monkeypatch, capsys, learned, left_out, refused):
    model = tmp_path / 'start.safetensors'
    write_untrained(model, 'mobile')
    network, card = load_model(model)
    use = DataUse(name=learned, frames=6, keys_sha256='0' * 64, terms='')
    save_model(model, network, replace(
        card, provenance=replace(card.provenance, data=(use,))))
    folds = [Fold(left_out=left_out, seed=0)]
    if not refused:
        check_start(plan, folds, read_card(model))
        return
    monkeypatch.setitem(TABLES, 'small', SMALL)
    assert main(['leave-one-out', 'mobile', '--cameras', 'small', '--root', str(plan.root),
                 '--out', str(plan.folder), '--leave', ','.join(left_out), '--start',
                 str(model)]) == 1
    assert f'learned from {refused}, which fold {folds[0].name}' in capsys.readouterr().err
    assert not plan.folder.exists()


@pytest.mark.thorough
def test_folds_are_trained_measured_and_not_again(plan, monkeypatch, capsys):
    monkeypatch.setitem(TABLES, 'small', SMALL)
    words = ['leave-one-out', 'mobile', '--cameras', 'small', '--root', str(plan.root), '--out',
             str(plan.folder), '--leave', 'desks', 'desks,rooms', '--capped', '--jobs', '2',
             '--workers', '0']
    assert main([*words, *QUICK]) == 0
    one_out, both_out = asked = [
        Fold(left_out=('desks',), seed=0), Fold(left_out=('desks', 'rooms'), seed=0)]
    both = done_folds(plan)[both_out]
    assert set(both) == {'desks', 'rooms', 'select'}
    assert both['rooms'].images == 12 and both['select'].images == 2
    run = json.loads((plan.run_folder(both_out) / 'run.json').read_text())
    assert [spec.partition('=')[0] for spec in run['data']] == ['nyu']
    assert '2 of 2 folds done' in (plan.folder / 'leave_one_out.md').read_text()
    assert len(json.loads((plan.folder / 'leave_one_out.json').read_text())['mean']) == 1
    written = plan.result_file(one_out).stat().st_mtime_ns
    assert list(run_folds(plan, asked, jobs=1)) == asked
    assert plan.result_file(one_out).stat().st_mtime_ns == written
    assert plan.fit_command(one_out)[-1] == '--resume'
    assert main([*words, '--set=lr=1']) == 1
    assert 'another plan' in capsys.readouterr().err
    model = plan.folder / one_out.name / 'desks-0.safetensors'
    assert [row.data for row in read_card(model).metrics] == ['nyu']
    assert main(['cameras', str(model), '--cameras', 'small', '--root', str(plan.root),
                 '--group', 'rooms', '--json', str(plan.folder / 'one.json')]) == 0
    one = json.loads((plan.folder / 'one.json').read_text())
    assert one['rooms'][0]['images'] == 12 and one['select'][0]['images'] == 2


def test_the_confidence_of_a_fold_is_calibrated_as_that_of_an_exported_model(plan, monkeypatch):
    """`promised` was that of the training, which promises too much and knows no strange image."""
    fold, held_out = Fold(left_out=('desks',), seed=0), []
    monkeypatch.setattr(folds, 'measure_model', lambda *_: {})
    monkeypatch.setattr(folds, 'export_run', lambda run, model, sources: held_out.extend(sources))
    folds.measure_fold(plan, fold)
    assert [(source.name, len(source)) for source in held_out] == [('nyu', 2)]


def test_cameras_of_a_group_need_the_sets_of_that_group_alone(plan, tmp_path, monkeypatch, capsys):
    """It measured them, and then ended because the selection set was not there."""
    monkeypatch.setitem(TABLES, 'small', SMALL)
    write_untrained(tmp_path / 'drawn.safetensors', 'mobile')
    for name in ('nyu_folder', 'desk'):
        shutil.rmtree(plan.root / name)
    words = ['cameras', str(tmp_path / 'drawn.safetensors'), '--cameras', 'small', '--root',
             str(plan.root), '--json', str(tmp_path / 'found.json')]
    assert main([*words, '--group', 'rooms']) == 0
    page = capsys.readouterr().out
    assert '| rooms | 12 |' in page and 'select' not in page
    assert set(json.loads((tmp_path / 'found.json').read_text())) == {'rooms', 'mean'}
    for more, missing in (([], 'desk'), (['--group', 'rooms', 'desks'], 'desk')):
        assert main([*words, *more]) == 1
        told = capsys.readouterr().err
        assert f'no file or folder {plan.root / missing}' in told and 'measure' not in told


def write_figures(plan, fold, **groups):
    """A fold that is done, with the delta1 of a set of each group."""
    write_file(plan.result_file(fold), json.dumps({
        'left_out': fold.left_out, 'seed': fold.seed,
        'sets': {name: {'a': asdict(figures(delta1=delta1))} for name, delta1 in groups.items()}}))


def test_the_page_is_of_all_folds_of_its_folder(plan, monkeypatch, capsys):
    """A command that left out other groups took the rows of the one before from page and JSON."""
    monkeypatch.setitem(TABLES, 'small', SMALL)
    write_figures(plan, Fold(left_out=('rooms',), seed=0), rooms=0.4)
    write_figures(plan, Fold(left_out=('desks',), seed=0), desks=0.6)
    assert main(['leave-one-out', 'mobile', '--cameras', 'small', '--root', str(plan.root),
                 '--out', str(plan.folder), '--leave', 'desks', *QUICK]) == 0
    written = json.loads((plan.folder / 'leave_one_out.json').read_text())
    assert {name: one[0]['delta1'] for name, one in written.items()} == pytest.approx(
        {'desks': 0.6, 'rooms': 0.4, 'mean': 0.5})
    page = (plan.folder / 'leave_one_out.md').read_text()
    assert '1 of 1 folds done, all known: desks-0, rooms-0.' in page
    assert page.strip() in capsys.readouterr().out


def test_a_seed_for_all_trainings_is_refused(plan, monkeypatch, capsys):
    """Three trainings of one seed were the same three times, without a spread."""
    monkeypatch.setitem(TABLES, 'small', SMALL)
    words = ['leave-one-out', 'mobile', '--cameras', 'small', '--root', str(plan.root), '--out',
             str(plan.folder), '--set=seed=3']
    assert main([*words, '--seeds', '3', '4']) == 1
    assert 'seed=4 is set by this command itself, and --set seed=3 would' in (
        capsys.readouterr().err)
    assert not plan.folder.exists()


def test_a_fold_goes_on_where_its_data_lies_now(plan):
    """Its run learned from no hall, as one of a table before; that is not named to it."""
    fold = Fold(left_out=('desks',), seed=0)
    begin_run(plan.run_folder(fold), 'mobile', QUICK, tuple(
        f'{name}={plan.root / place}' for name, place in (('nyu', 'nyu_folder'), ('room',) * 2)))
    save_checkpoint(plan.run_folder(fold), {'stage': 0})
    moved = plan.root.rename(plan.root.with_name('elsewhere'))
    command = replace(plan, root=moved).fit_command(fold)
    assert command[-5:] == ['--data', f'nyu={moved / "nyu_folder"}', '--data',
                            f'room={moved / "room"}', '--resume']
    run = read_run(plan.run_folder(fold)).moved(command[-4:-1:2])
    assert [len(source) for source in run.sources('train')] == [6, 6]


@pytest.mark.thorough
def test_fit_learns_from_every_set_of_a_table(plan, monkeypatch):
    monkeypatch.setitem(TABLES, 'small', SMALL)
    run = plan.folder / 'whole'
    words = ['fit', 'mobile', '--cameras', 'small', '--root', str(plan.root), '--capped',
             '--out', str(run), '--workers', '0', *QUICK]
    assert main(words) == 0
    kept = json.loads((run / 'run.json').read_text())
    names = [spec.partition('=')[0] for spec in kept['data']]
    assert names == ['nyu', 'desk', 'room', 'hall']
    assert kept['settings'][0] == "caps=(('desk', 3),)"


@pytest.mark.thorough
def test_a_training_that_fails_is_told_with_its_log(plan):
    wrong = replace(plan, words=('--set', 'batch_size=0'))
    with pytest.raises(ValueError, match='desks-0 ended with 1.*batch_size.*log.txt'):
        list(run_folds(wrong, [Fold(left_out=('desks',), seed=0)], jobs=1))


def test_a_group_that_several_folds_leave_out_has_their_mean():
    """Alone it is easier than with all that is like it: the last of the two was told for both."""
    rows = summary({Fold(left_out=('desks',), seed=0): {'desks': figures(delta1=0.8)},
                    Fold(left_out=('desks', 'rooms'), seed=0): {
                        'desks': figures(delta1=0.4), 'rooms': figures(delta1=0.2)}})
    assert {name: [one.delta1 for one in found] for name, found in rows.items()} == {
        'desks': [pytest.approx(0.6)], 'rooms': [0.2], 'mean': [pytest.approx(0.4)]}
    assert rows['desks'][0].images == 1 and rows['mean'][0].images == 2


def test_a_page_tells_groups_their_mean_and_the_selection_set():
    results = {Fold(left_out=('desks',), seed=seed): {
        'desks': figures(delta1=0.4 + seed / 10, scale=1.5, scale_error=0.5),
        'select': figures(delta1=0.7, step_kept=0.2)} for seed in (0, 1)}
    results |= {Fold(left_out=('rooms',), seed=seed): {
        'rooms': figures(delta1=0.6 + seed / 10), 'select': figures(delta1=0.9)}
        for seed in (0, 1)}
    rows = summary(results)
    assert list(rows) == ['desks', 'rooms', 'mean', 'select']
    assert [one.delta1 for one in rows['mean']] == pytest.approx([0.5, 0.6])
    assert rows['mean'][0].scale_error == pytest.approx(1.5 ** 0.5 - 1)
    assert [one.delta1 for one in rows['select']] == pytest.approx([0.8, 0.8])
    page = as_markdown('A title', SMALL, rows, ['A note.'])
    assert '| mean | 2 | 0.550 (0.500 to 0.600) |' in page
    assert 'A note.' in page and 'protocol `full`' in page and 'protocol `eigen-crop`' in page
