"""The paper's experiment: its budget, its data, its statistics by hand, and a small real run."""

from argparse import Namespace
from dataclasses import replace
import json
import os
import shutil

import numpy as np
import pytest
from train_helpers import write_folder

from train.__main__ import main
from train.commands import table1
from train.comparison import experiment, experiment_page, experiment_runs, measured_run
from train.comparison.cost import Cost
from train.comparison.experiment import BENCHMARKS, CLAIMS, ENTRANTS
from train.comparison.experiment_data import prepare_data, scenes_of
from train.comparison.experiment_statistics import (
    conclusion,
    difference,
    Estimate,
    estimate,
    pooled_deviation,
    SeedDeviation,
    table_of,
)
from train.comparison.experiment_table import BASELINE, claim_told, table_text, TableRow
from train.comparison.kept_experiment import kept_experiment
from train.comparison.measured_run import roughness
from train.data.data_sets import open_data
from train.data.packing import pack
from train.evaluation.protocols import PROTOCOLS
from train.fitting.checkpoint import save_checkpoint
from train.fitting.run_folder import begin_run
from train.recipes.overrides import overridden
from train.recipes.recipe import recipe_called


@pytest.mark.parametrize('name', ENTRANTS)
def test_every_network_gets_the_same_epochs(name):
    entrant = ENTRANTS[name]
    for total in (3, 30, 100):
        recipe = overridden(recipe_called(entrant.recipe),
                            entrant.settings(entrant.epochs(total), entrant.rates[0]))
        epochs = [stage.epochs for stage in recipe.stages]
        assert sum(epochs) == total and all(epochs[:len(entrant.shares)])
        assert recipe.batch_size == 8


@pytest.mark.parametrize('gpu, settings, words', [
    (False, [], []), (True, [], ['batch_size=32']), (True, ['batch_size=4'], ['batch_size=4'])])
def test_a_gpu_takes_larger_batches_unless_told(gpu, settings, words):
    options = Namespace(quick=False, world='room', settings=settings, epochs=None, seeds=None,
                        images=None, networks=None, lanes=None, sweep_epochs=None)
    table1._fill_in(options, gpu)
    assert options.settings == words and options.sweep_epochs == options.epochs // 5


def test_too_few_epochs_for_all_stages_are_refused():
    assert ENTRANTS['eigen_modified3'].epochs(30) == [14, 8, 8]
    with pytest.raises(ValueError, match='eigen_modified3 is trained in 3 stages.*got 2'):
        ENTRANTS['eigen_modified3'].epochs(2)


@pytest.mark.parametrize('name', ENTRANTS)
def test_three_rates_are_tried_and_change_the_first_stage_alone(name):
    entrant = ENTRANTS[name]
    recipe = recipe_called(entrant.recipe)
    tried = [overridden(recipe, entrant.settings([1, *[0] * (len(recipe.stages) - 1)], rate))
             for rate in entrant.rates]
    firsts = {(one.stages[0].optimiser, one.stages[0].lr) for one in tried}
    assert len(firsts) == 3
    assert {one.stages[1:] for one in tried} == {
        tuple(replace(stage, epochs=0) for stage in recipe.stages[1:])}


@pytest.mark.parametrize('name', BENCHMARKS)
def test_every_network_of_a_benchmark_can_be_trained_there(name):
    benchmark = BENCHMARKS[name]
    for entrant in (ENTRANTS[one] for one in benchmark.entrants):
        recipe = overridden(recipe_called(entrant.recipe), [
            *benchmark.settings, *entrant.settings(entrant.epochs(30), entrant.rates[0])])
        assert recipe.max_depth_m == PROTOCOLS[benchmark.protocol].max_depth_m
        assert dict(recipe.weights) == ({'gta': 4.0} if name == 'street' else {})


def test_claims_name_networks_that_take_part():
    assert {name for claim in CLAIMS for name in (claim.first, claim.second)} <= set(ENTRANTS)


def test_scenes_are_runs_of_indices_and_folders():
    keys = ['0002', '0003', '0007', '0008', 'kitchen/0001', 'kitchen/0002', 'odd']
    assert scenes_of(keys) == ['0002', '0002', '0007', '0007', 'kitchen', 'kitchen', 'odd']


def test_sweeps_see_training_scenes_alone(tmp_path):
    """Six training images 0 to 5 of one run, then 20 and 21: one of the two scenes is val."""
    folder = write_folder(tmp_path / 'set')
    for key in ('0020', '0021'):
        for kind in ('rgb', 'depth'):
            (folder / kind / f'{key}.png').write_bytes(
                (folder / kind / '0000.png').read_bytes())
    (folder / 'train.txt').write_text('\n'.join(
        [f'{i:04d}' for i in range(6)] + ['0020', '0021']))
    (whole,), (tuning,) = prepare_data([f'x={folder}'], tmp_path / 'packs')
    assert [len(open_data(whole, split)) for split in ('train', 'val')] == [8, 2]
    train, val = (open_data(tuning, split).keys for split in ('train', 'val'))
    assert sorted([*train, *val]) == open_data(whole, 'train').keys
    assert set(val) in ({f'{i:04d}' for i in range(6)}, {'0020', '0021'})
    np.testing.assert_array_equal(open_data(tuning, 'train')[0].rgb, open_data(
        whole, 'train')[open_data(whole, 'train').keys.index(train[0])].rgb)
    (few,), _ = prepare_data([f'x={folder}'], tmp_path / 'few', most=2)
    assert open_data(few, 'train').keys == ['0000', '0021']


@pytest.mark.parametrize('link', [os.link, None])
def test_a_pack_that_is_made_anew_is_taken_anew(tmp_path, monkeypatch, link):
    """With the index of the new one the images of the old one were cut to pieces."""
    def no_link(*_):
        raise OSError
    monkeypatch.setattr('train.comparison.experiment_data.os.link', link or no_link)
    packed, out = tmp_path / 'x', tmp_path / 'packs'
    for width in (64, 32):
        shutil.rmtree(packed, ignore_errors=True)
        pack(f'x={write_folder(tmp_path / str(width))}', packed, width)
        (whole,), _ = prepare_data([f'x={packed}'], out)
    found, expected = open_data(whole, 'train')[5], open_data(f'x={packed}', 'train')[5]
    np.testing.assert_array_equal(found.rgb, expected.rgb)
    before = (out / 'x' / 'rgb.bin').stat()
    prepare_data([f'x={packed}'], out)
    assert (out / 'x' / 'rgb.bin').stat().st_ino == before.st_ino


def test_a_disk_without_links_copies_pixels_once(tmp_path, monkeypatch):
    """With every call, as the pack that was gone on with had been cut to the size it had."""
    def no_link(*_):
        raise OSError
    monkeypatch.setattr('train.comparison.experiment_data.os.link', no_link)
    data, copies = f'x={write_folder(tmp_path / "set")}', []
    for _ in range(2):
        prepare_data([data], tmp_path / 'packs')
        copies.append((tmp_path / 'packs' / 'x' / 'rgb.bin').stat().st_mtime_ns)
    assert copies[0] == copies[1]


@pytest.mark.parametrize('word, told', [
    ('seed=1', 'seed=0'), ('stages.1.lr=1e-3', 'stages.1.lr=1e-4'),
    ('stages.coarse.epochs=5', 'stages.1.epochs=20')])
def test_what_the_experiment_varies_is_not_set_for_all(tmp_path, capsys, word, told):
    """All trainings were of one seed, or all rates of a sweep one rate."""
    assert main(['table1', '--data', f'x={tmp_path}', '--out', str(tmp_path / 'out'), '--networks',
                 'eigen', '--epochs', '30', '--device', 'cpu', '--set', word]) == 1
    assert f'{told} is set by this command itself, and --set {word}' in capsys.readouterr().err


def test_an_experiment_that_was_moved_goes_on(tmp_path):
    """Its packs move with it: a run went on looking for them where it began."""
    entrant = ENTRANTS['eigen']
    data = f'x={write_folder(tmp_path / "old" / "packs" / "x")}'
    one = experiment_runs.Experiment(
        folder=tmp_path / 'old', results=tmp_path / 'kept', benchmark=BENCHMARKS['room'],
        entrants=(entrant,), data=(data,), tuning=(data,), epochs=30, sweep_epochs=3, seeds=1,
        device='cpu')
    for folder in (one.run_folder(entrant, 0), one.trial_folder(entrant, 0)):
        begin_run(folder, 'eigen', (), (data,))
        save_checkpoint(folder, {'stage': 0})
    new = one.folder.rename(tmp_path / 'new')
    data = f'x={new / "packs" / "x"}'
    moved = replace(one, folder=new, data=(data,), tuning=(data,))
    for settings in (one.run_folder(entrant, 0), one.trial_folder(entrant, 0)):
        there = new / settings.relative_to(one.folder)
        command = experiment_runs._fit(moved, entrant, there, moved.data, ())
        assert command[-3:] == ['--data', data, '--resume']


def test_data_without_a_val_split_has_the_frames_of_the_public_split_held_out(tmp_path):
    folder = write_folder(tmp_path / 'set')
    (folder / 'val.txt').unlink()
    (whole,), _ = prepare_data([f'x={folder}'], tmp_path / 'packs')
    held_out, learned = (open_data(whole, split).keys for split in ('val', 'train'))
    assert len(held_out) == 1 and len(learned) == 5 and not set(held_out) & set(learned)


def images(*values, roughness=0.0):
    """Figures of images called a, b, c ... with those delta1, an AbsRel of 1 - delta1."""
    return {f'x/{chr(97 + i)}': {'delta1': v, 'abs_rel': 1 - v, 'rmse_m': v, 'silog': v,
                                 'roughness': roughness} for i, v in enumerate(values)}


def test_a_mean_is_that_of_seeds_and_images():
    errors = table_of([images(0.2, 0.4), images(0.4, 0.6)], 'delta1')
    found = estimate(errors)
    assert found.mean == pytest.approx(0.4)
    assert found.seeds == pytest.approx((0.3, 0.5))
    assert (found.low, found.high) == pytest.approx((0.3, 0.5))  # one image twice, the means
    with pytest.raises(ValueError, match='different images'):
        table_of([images(0.2, 0.4), images(0.2)], 'delta1')


def test_differences_are_paired_by_image_and_know_of_the_seeds():
    """Every image is better by 0.1 whatever it is: no image changes that, another seed does."""
    rng = np.random.default_rng(0)
    base = rng.uniform(0, 1, (1, 50))
    found = difference(base + 0.1, base)
    assert (found.mean, found.low, found.high) == pytest.approx((0.1, 0.1, 0.1))
    of_seeds = SeedDeviation(deviation=0.2, degrees=8)  # t is 2.306
    seeds = difference(np.concatenate([base - 0.1, base + 0.3]), base, of_seeds)
    assert seeds.mean == pytest.approx(0.1)
    assert seeds.high - 0.1 == pytest.approx(2.306 * 0.2 * 1.5 ** 0.5, rel=0.1)
    turned = difference(base, np.concatenate([base - 0.1, base + 0.3]), of_seeds)
    assert (turned.low, turned.high) == pytest.approx((-seeds.high, -seeds.low), abs=1e-3)
    fixed = difference(base + 0.1, base, of_seeds, second_learned=False)
    assert fixed.high - 0.1 == pytest.approx(2.306 * 0.2, rel=0.1)


def test_the_deviation_of_trainings_is_pooled_over_networks():
    def network(*means):
        return np.array([[mean - 0.1, mean + 0.1] for mean in means])
    found = pooled_deviation([network(0.4, 0.6), network(0.5), network(0.1, 0.2, 0.3)])
    assert found.degrees == 3
    assert found.deviation == pytest.approx(((0.02 + 0.02) / 3) ** 0.5)
    assert pooled_deviation([network(0.4), network(0.6)]) is None


def test_networks_that_do_not_differ_are_seldom_told_apart():
    """Two trainings each of five alike networks, whose trainings differ as much as images make."""
    rng = np.random.default_rng(0)
    wrong, tables = 0, 400
    for _ in range(tables):
        image_N = rng.normal(0, 0.1, 40)
        networks = [image_N + rng.normal(0, 0.05, (2, 1)) + rng.normal(0, 0.1, (2, 40))
                    for _ in range(5)]
        found = difference(networks[0], networks[1], pooled_deviation(networks))
        wrong += not found.low <= 0 <= found.high
    assert 0.02 < wrong / tables < 0.08  # 5 % of 400, give or take


KNOWN = SeedDeviation(deviation=0.01, degrees=2)


@pytest.mark.parametrize('low, high, rises, margin, of_seeds, told', [
    (0.01, 0.03, True, 0.0, KNOWN, 'holds'), (-0.03, -0.01, True, 0.0, KNOWN, 'does not hold'),
    (-0.03, 0.01, True, 0.0, KNOWN, 'cannot be told'), (-0.03, -0.01, False, 0.0, KNOWN, 'holds'),
    (0.01, 0.03, False, 0.0, KNOWN, 'does not hold'), (-0.009, 0.01, True, -0.01, KNOWN, 'holds'),
    (0.01, 0.03, True, 0.0, None, 'cannot be told from one training each')])
def test_a_conclusion_is_what_the_interval_says(low, high, rises, margin, of_seeds, told):
    found = Estimate(mean=(low + high) / 2, low=low, high=high)
    assert conclusion(found, rises, margin, of_seeds) == told


def row(name, *seeds, parameters=1):
    cost = Cost(parameters=parameters, multiply_adds=10 ** 9)
    return TableRow(name=name, seeds=seeds, cost=cost,
                    ms={'cpu': 1.5}, trained=('staged', 30))


def test_claims_follow_from_the_rows():
    ours = row('eigen_modified', images(0.6, 0.7), images(0.6, 0.72), parameters=50)
    theirs = row('eigen', images(0.5, 0.5), images(0.5, 0.5), parameters=70)
    told = {claim.text: claim_told(claim, {row.name: row for row in (ours, theirs)})[0]
            for claim in CLAIMS
            if (claim.first, claim.second) == ('eigen_modified', 'eigen')}
    assert list(told.values()) == ['holds', 'holds', 'holds', 'cannot be told']
    base = TableRow(name=BASELINE, seeds=[images(0.4, 0.4)])
    text = table_text('A title', [base, ours, theirs])
    lines: dict[str, list[str]] = {}
    for line in text.splitlines():
        lines.setdefault(line.split(' | ')[0], []).append(line)
    figures, less = lines['| eigen_modified']
    assert '0.655 (0.600 to 0.710)' in figures and '0.650 to 0.660' in figures
    assert '0.901 / 0.088 / 0.092 %' in figures
    # One image twice: 0.2 or 0.31. Two trainings, deviation 0.005: of t beyond 1.89 is a tenth.
    assert '| +0.255 (+0.192 to +0.317) | -0.255 (-0.317 to -0.193) |' in less
    baseline, = lines[f'| {BASELINE}']
    assert baseline.endswith('| - | - | - | - |')
    assert 'than AlexNet' not in text and 'fewer parameters than Eigen: **holds**' in text


def test_a_row_of_one_data_set():
    both = {**images(0.5), 'y/a': images(0.1)['x/a']}
    assert row('eigen', both).on('y').seeds == [{'y/a': both['y/a']}]


def test_roughness_of_a_plane_and_of_a_step():
    """A step of log 2 between two columns of 80: two second differences of it in 78."""
    assert roughness(np.full((120, 160), 3, np.float32)) == 0
    step = np.full((120, 160), 2, np.float32)
    step[:, 80:] = 4
    assert roughness(step) == pytest.approx(2 * np.log(2) / 78 / 2, rel=1e-4)


def in_this_process(tasks, lanes):
    """As `run_tasks`, without the seconds that a process takes to start."""
    for task in tasks:
        _, _, module, *words = task.command()
        assert {'train': main, 'train.comparison.measured_run': measured_run.main}[module](
            words) == 0
        yield task


SMALL = ('--set', 'network.input_width=96', '--set', 'network.input_height=64', '--set',
         'imagenet_stem=False', '--set', 'batch_size=2')


@pytest.mark.thorough
def test_a_small_run_is_swept_trained_measured_and_goes_on(tmp_path, monkeypatch, capsys):
    """One network of two rates; then a second training, for which nothing is swept again."""
    monkeypatch.setattr(experiment_runs, 'run_tasks', in_this_process)
    monkeypatch.setitem(ENTRANTS, 'mobile', replace(
        ENTRANTS['mobile'], rates=experiment.MOBILE_RATES[:2]))
    folder = write_folder(tmp_path / 'set')
    out = tmp_path / 'out'
    words = ['table1', '--data', f'x={folder}', '--out', str(out), '--networks', 'mobile',
             '--epochs', '2', '--lanes', '2', '--device', 'cpu', *SMALL]
    assert main([*words, '--seeds', '1']) == 0
    text = (out / 'table1.md').read_text()
    assert '| mobile | joint | 12 | 1 |' in text and f'| {BASELINE} |' in text
    assert '**' in text and 'AdamW' in text
    swept = (out / 'scores' / 'mobile-0.json').stat().st_mtime_ns
    assert not list(out.rglob('checkpoint.pt'))
    capsys.readouterr()
    assert main([*words, '--seeds', '2']) == 0
    assert 'mobile seed 1: delta1' in capsys.readouterr().out
    assert (out / 'scores' / 'mobile-0.json').stat().st_mtime_ns == swept
    assert '| mobile | joint | 12 | 2 |' in (out / 'table1.md').read_text()
    seeds = [json.loads(path.read_text()) for path in sorted(
        (out / 'figures' / 'val').glob('mobile-*.json'))]
    assert len(seeds) == 2 and seeds[0] != seeds[1] and set(seeds[0]) == {'x/0006', 'x/0007'}
    assert main([*words, '--seeds', '2', '--epochs', '3']) == 1
    assert 'made by another plan' in capsys.readouterr().err

    # Another machine, to which only what is known of the trainings has come.
    kept, there = tmp_path / 'kept', tmp_path / 'other machine'
    kept.mkdir()
    for name in ('cards', 'figures', 'scores', 'plan.json'):
        (out / name).rename(kept / name)
    folder.rename(tmp_path / 'there')
    words = ['table1', '--data', f'x={tmp_path / "there"}', '--out', str(there), *words[5:],
             '--results', str(kept), '--seeds', '3']
    assert main(words) == 0
    told = capsys.readouterr().out
    assert 'mobile seed 2: delta1' in told and '| mobile | joint | 12 | 3 |' in told
    assert 'seed 1: delta1' not in told and 'sweep mobile' not in told
    assert len(list((kept / 'cards').iterdir())) == 3
    (tmp_path / 'there').rename(folder)

    # Its table, where neither data nor models are.
    page = (kept / 'table1.md').read_text()
    assert 'on nyu' not in page and '(95 %)' in page and '| ms cpu |' in page
    (kept / 'table1.md').unlink()
    assert main(['table1', '--kept', '--results', str(kept), '--out', str(tmp_path / 'no')]) == 0
    assert capsys.readouterr().out.strip() == page.strip() == (
        kept / 'table1.md').read_text().strip()
    folder.rename(tmp_path / 'there')
    assert [path.name for path in (there / 'models').iterdir()] == ['mobile-s2.safetensors']
    assert main([*words, '--report']) == 1
    assert ('not here to be measured: mobile-s0.safetensors, mobile-s1.safetensors; give'
            in capsys.readouterr().err)


def test_figures_without_their_card_are_of_no_training(tmp_path):
    """They cannot tell how it was made, so it is made again."""
    entrant = ENTRANTS['eigen']
    one = experiment_runs.Experiment(
        folder=tmp_path, results=tmp_path / 'kept', benchmark=experiment.BENCHMARKS['room'],
        entrants=(entrant,), data=('x=a',), tuning=('x=b',), epochs=30, sweep_epochs=3, seeds=2)
    for seed in (0, 1):
        one.figures_file(entrant, seed).parent.mkdir(parents=True, exist_ok=True)
        one.figures_file(entrant, seed).write_text('{}')
    one.card_file(entrant, 1).parent.mkdir()
    one.card_file(entrant, 1).write_text('{}')
    assert one.trainings() == [(entrant, 1)]


def test_the_best_rate_of_the_sweep_is_taken(tmp_path):
    entrant = ENTRANTS['eigen']
    one = experiment_runs.Experiment(
        folder=tmp_path, results=tmp_path / 'kept', benchmark=experiment.BENCHMARKS['room'],
        entrants=(entrant,), data=('x=a',), tuning=('x=b',), epochs=30, sweep_epochs=3, seeds=1,
        words=('amp=bf16',))
    for number, abs_rel in enumerate((0.4, 0.3, 0.5)):
        score = one.score_file(entrant, number)
        score.parent.mkdir(parents=True, exist_ok=True)
        score.write_text(json.dumps({'abs_rel': abs_rel}))
    task, measuring = experiment_runs._tasks(one)
    assert measuring.needs == (task.name,)
    command = ' '.join(task.command())
    assert 'fit eigen ' in command and '--set=stages.1.lr=3e-4' in command
    assert '--set=stages.1.epochs=20 --set=stages.2.epochs=10' in command
    assert '--data x=a' in command and command.endswith('--set=seed=0 --set=amp=bf16')


@pytest.mark.parametrize('rows, score', [
    ([(1, 0.4), (2, 0.3)], 0.3), ([(1, 0.4)], None), ([(1, 0.4), (2, None)], None), ([], None)])
def test_a_rate_is_judged_by_its_last_epoch(tmp_path, rows, score):
    entrant = ENTRANTS['eigen']
    one = experiment_runs.Experiment(
        folder=tmp_path, results=tmp_path / 'kept', benchmark=experiment.BENCHMARKS['room'],
        entrants=(entrant,), data=('x=a',), tuning=('x=b',), epochs=10, sweep_epochs=2, seeds=1)
    trial = one.trial_folder(entrant, 0)
    trial.mkdir(parents=True)
    (trial / 'checkpoint.pt').write_bytes(b'')
    if rows:
        (trial / 'history.jsonl').write_text(''.join(json.dumps(
            {'stage': 0, 'epoch': epoch} | ({'coarse_delta1': 0.5, 'coarse_abs_rel': abs_rel}
                                            if abs_rel else {})) + '\n'
            for epoch, abs_rel in rows))
    if score:
        assert 'AbsRel 0.3000' in experiment_runs._keep_score(one, entrant, 0)
    else:
        with pytest.raises(ValueError, match='does not tell how epoch 2, the last .*: remove'):
            experiment_runs._keep_score(one, entrant, 0)
    assert experiment_runs.sweep_scores(one, entrant)[0] == score
    assert (trial / 'checkpoint.pt').is_file() == (score is None)


@pytest.mark.parametrize('words, told', [
    (['--data', 'y=a'], 'is of x: give --data of these, or none'),
    (['--seeds', '2'], '--kept trains nothing and shows all that is known: leave out --seeds'),
    (['--set', 'amp=bf16'], 'leave out --set'),
    (['--world', 'street'], 'leave out --world'), (['--report'], 'give --data NAME=DIR'),
    ([], 'knows of no training yet')])
def test_what_is_kept_is_shown_as_it_is(tmp_path, capsys, words, told):
    (tmp_path / 'plan.json').write_text(json.dumps({
        'world': 'room', 'epochs': 2, 'sweep_epochs': 1, 'words': [], 'data': {'x': []}}))
    assert main(['table1', '--kept', '--results', str(tmp_path), *words]) == 1
    assert told in capsys.readouterr().err


def test_trainings_end_in_any_order(tmp_path):
    """The second seed before the first, of a network in the middle."""
    (tmp_path / 'plan.json').write_text(json.dumps({
        'world': 'room', 'epochs': 2, 'sweep_epochs': 1, 'words': [], 'data': {'x': []}}))
    for kind in ('cards', 'figures/val'):
        (tmp_path / kind).mkdir(parents=True)
        (tmp_path / kind / 'alexnet-s1.json').write_text('{}')
    found = kept_experiment(tmp_path, tmp_path, (), 'cpu')
    assert found.trainings() == [(ENTRANTS['alexnet'], 1)]


def test_a_folder_without_a_plan_is_no_results(tmp_path, capsys):
    assert main(['table1', '--kept', '--results', str(tmp_path)]) == 1
    assert 'holds no plan.json' in capsys.readouterr().err


def test_times_are_of_one_run(tmp_path, monkeypatch):
    """A network that is not here keeps the time it had beside the others; none is timed then."""
    monkeypatch.setattr(experiment_page, 'load_estimator', lambda path, device: path.stem)
    monkeypatch.setattr(experiment_page, 'ms_by_device', lambda estimators, samples, device: {
        'cpu': [float(len(name)) for name in estimators]})
    monkeypatch.setattr(experiment_page, 'open_data', lambda spec, split: [0])
    entrants = ENTRANTS['eigen'], ENTRANTS['mobile']
    one = experiment_runs.Experiment(
        folder=tmp_path, results=tmp_path / 'kept', benchmark=experiment.BENCHMARKS['room'],
        entrants=entrants, data=('x=a',), tuning=(), epochs=30, sweep_epochs=3, seeds=2,
        device='cpu')
    for entrant, seed in ((entrants[0], 0), (entrants[0], 1), (entrants[1], 0)):
        for file in (one.figures_file(entrant, seed), one.card_file(entrant, seed),
                     one.model_file(entrant, seed)):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text('{}')
    assert experiment_page._times(one, timed=False).ms == {}
    found = {'eigen': {'cpu': 8.0}, 'mobile': {'cpu': 9.0}}  # names of the first trainings' files
    assert experiment_page._times(one, timed=True).ms == found
    one.model_file(entrants[1], 0).unlink()
    one.model_file(entrants[0], 0).unlink()
    assert experiment_page._times(one, timed=True).ms == found
    (one.results / experiment_page.TIMES).unlink()
    assert experiment_page._times(one, timed=True).ms == {'eigen': {'cpu': 8.0}}
