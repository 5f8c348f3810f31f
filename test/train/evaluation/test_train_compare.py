"""`scripts/train compare`: the table, what it refuses, and its figures."""

from dataclasses import replace
import json
import re

import cv2
from model_helpers import write_untrained
import numpy as np
import pytest
import torch
from train_helpers import write_folder

from mono_depth_ros.estimator import DepthEstimate, DepthEstimator
from mono_depth_ros.model_file import read_card
from mono_depth_ros.networks.registry import build, default_spec
from mono_depth_ros.tools.presets import PRESETS
from mono_depth_ros.tools.wrap import wrap
from train.__main__ import main
from train.commands.compare import with_split
from train.comparison.comparison import difference, Entry, open_entries, Row, training_of
from train.comparison.comparison_figures import chosen_samples, stack_columns
from train.comparison.cost import Cost, cost_of_model
from train.data.data_sets import open_data
from train.data.samples.splits import MissingSplit
from train.evaluation.measurement import evaluate
from train.evaluation.protocols import PROTOCOLS
from train.fitting.checkpoint import save_checkpoint
from train.fitting.run_folder import begin_run, read_run

FULL = PROTOCOLS['full']


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return write_folder(tmp_path_factory.mktemp('data') / 'set')


def write_run(folder, data, recipe='mobile_staged', stage=4, settings=()):
    """The folder of a run as `fit` leaves it at the end, its weights drawn by chance."""
    begin_run(folder, recipe, settings, (f'mine={data}',))
    torch.manual_seed(0)
    network = build(default_spec('mobile'))
    for weight in network.parameters():
        if weight.ndim > 1 and not weight.any():
            torch.nn.init.normal_(weight, std=0.5)
    save_checkpoint(folder, {'stage': stage, 'step': 0, 'ema': network.state_dict()})
    return folder


@pytest.fixture(scope='module')
def run(folder, tmp_path_factory):
    return write_run(tmp_path_factory.mktemp('runs') / 'staged_run', folder)


@pytest.fixture(scope='module')
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp('models') / 'drawn.safetensors'
    write_untrained(path, 'mobile')
    return path


def cells(out):
    return [[cell.strip() for cell in line.strip('|').split('|')]
            for line in out.splitlines() if line.startswith('|')]


@pytest.mark.thorough
def test_run_and_model_are_measured_side_by_side(run, model, tmp_path, capsys):
    """The run, not exported, on the data it was made with; its weights are the model's."""
    figures = tmp_path / 'new' / 'figures.json'
    assert main(['compare', str(run), str(model), '--protocol', 'full', '--json', str(figures),
                 '--device', 'cpu']) == 0
    out = capsys.readouterr().out
    head, _, first, second = cells(out)
    assert len(head) == len(first) == len(second) == 10
    assert first[:4] == ['staged_run', 'mobile 256x192', 'staged', '198']  # 33 epochs of 6
    assert second[:4] == ['drawn', 'mobile 256x192', '-', '-']
    assert first[4:9] == second[4:9] and first[7:9] == ['5.10 M', '1.03 G']
    assert 'mine val, 2 images, protocol full' in out and 'interleaved, median, on ' in out
    assert '; truth known for 98.4 % of the counted window' in out  # 63 of 64 columns
    assert 'drawn +0.000 (+0.000 to +0.000)' in out
    assert 'Not trained on the same images as staged_run: drawn.' in out
    rows = json.loads(figures.read_text())
    assert [row['model'] for row in rows] == ['staged_run', 'drawn']
    assert len(rows[0]['images']) == 2 and rows[0]['ms']['cpu'] > 0
    low, high = rows[0]['intervals']['rmse_m']
    assert low <= rows[0]['mean']['rmse_m'] <= high
    assert rows[0]['truth_known'] == pytest.approx(63 / 64)


def test_entries_of_one_name_go_by_their_words(model, tmp_path):
    for name in ('a', 'b'):
        (tmp_path / name).mkdir()
        (tmp_path / name / model.name).write_bytes(model.read_bytes())
    words = [str(tmp_path / name / model.name) for name in ('a', 'b')]
    assert [entry.name for entry in open_entries(words, tmp_path, 'cpu')] == words
    assert [entry.name for entry in open_entries(words[:1], tmp_path, 'cpu')] == ['drawn']


@pytest.mark.thorough
def test_a_wrapped_graph_is_measured_beside_ours(model, folder, tmp_path, capsys):
    graph_helpers = pytest.importorskip('graph_helpers')
    weights = graph_helpers.constant('weights', np.ones((2, 3), np.float32))
    wrap(graph_helpers.channel_graph(tmp_path / 'g.onnx', constants=[weights]), PRESETS['metres'],
         {}, tmp_path / 'w.onnx')
    words = ['compare', str(model), str(tmp_path / 'w.onnx'), '--data', f'mine={folder}',
             '--protocol', 'full', '--device', 'cpu', '--figure', str(tmp_path / 'figure.png')]
    assert main(words) == 0
    *_, wrapped = cells(capsys.readouterr().out)
    assert wrapped[:4] == ['w', 'onnx 320x240', '-', '-'] and wrapped[7:9] == ['0.00 M', '-']
    assert cost_of_model(tmp_path / 'w.onnx', read_card(tmp_path / 'w.onnx')).parameters == 6
    assert main([*words, '--stacks']) == 1
    assert 'w is an ONNX graph, which has no stacks' in capsys.readouterr().err
    assert main(['fit', 'mobile', '--data', f'mine={folder}', '--start',
                 str(tmp_path / 'w.onnx'), '--out', str(tmp_path / 'run')]) == 1
    assert 'is an ONNX graph, which can run but not learn' in capsys.readouterr().err


@pytest.mark.thorough
def test_figure_and_order(run, model, folder, tmp_path, capsys):
    """Two images of 64x48 in a row of image, truth and the two stacks of each of two models."""
    path = tmp_path / 'figure.png'
    assert main(['compare', str(model), str(run), '--data', f'mine={folder}', '--protocol',
                 'full', '--figure', str(path), '--stacks', '--sort', 'abs_rel',
                 '--device', 'cpu']) == 0
    assert f'figure: {path}' in capsys.readouterr().out
    picture = cv2.imread(str(path))
    assert picture.shape[1] == pytest.approx((6 * 2.5 + 0.85) * 110, abs=1)
    assert picture.shape[0] == pytest.approx((2 * 2.5 * 0.75 * 1.03 + 0.95) * 110, abs=1)
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 200


def test_stacks_end_in_what_the_model_predicts(model, folder):
    estimator = DepthEstimator.load(model, 'cpu')
    sample = open_data(f'mine={folder}', 'val')[0]
    columns = stack_columns(Entry(name='m', run=None, estimator=estimator), [sample], 'm\nd')
    assert [column.heading for column in columns] == ['m, coarse\n ', 'm, fine\nd']
    predicted = estimator.estimate(sample.rgb, sample.camera).depth
    np.testing.assert_allclose(columns[1].depths[0], predicted, rtol=1e-3)
    assert np.abs(columns[0].depths[0] / predicted - 1).mean() > 0.01


class Scaled:
    """Depth of the ramp, too far, the less the later the image: errors fall with the key."""

    def __init__(self, step=0.1):
        self.step, self.images = step, 0

    def estimate(self, rgb_HW3, camera=None):
        self.images += 1
        factor = 1.2 + self.step * (6 - self.images)
        depth = factor * (250 - rgb_HW3[..., 0].astype(np.float32)) / 60
        return DepthEstimate(depth=np.maximum(depth, 0.1), camera=camera, network_ms=0)


def test_images_of_the_figure_are_evenly_spaced_by_error(folder):
    source = open_data(f'mine={folder}', 'train')
    report = evaluate(Scaled(), source, 'train', FULL)
    samples = chosen_samples(report, source, FULL, 3)
    assert [sample.name for sample in samples] == ['mine/0005', 'mine/0003', 'mine/0000']
    assert len(chosen_samples(report, source, FULL, 50)) == 6


def test_differences_are_paired(folder):
    source = open_data(f'mine={folder}', 'train')
    first, second = (Row(entry=Entry(name='m', run=None, estimator=estimator),
                         report=evaluate(estimator, source, 'train', FULL),
                         cost=Cost(parameters=1, multiply_adds=1), ms={})
                     for estimator in (Scaled(0.1), Scaled(0.02)))
    value, low, high = difference(second, first, FULL)
    assert value == second.report.mean.delta1 - first.report.mean.delta1 > 0
    assert low <= value <= high
    assert difference(first, first, FULL) == (0, 0, 0)


@pytest.mark.parametrize('recipe, expected', [
    ('mobile stages.coarse+fine.epochs=3', 'joint'), ('mobile_staged', 'staged'),
    ('resnet18', 'one scale'), ('no_more_there', '-'),
    ('mobile augmentation.brightness=(0.5, 2.0) batch_size=4', 'joint'),
    ('mobile_staged stages.fine.epochs=0', 'coarse alone'),
    ('mobile_staged stages.coarse.epochs=0', 'fine alone')])
def test_stages_follow_from_the_recipe(model, recipe, expected):
    card = read_card(model)
    spec = default_spec('resnet18' if recipe == 'resnet18' else 'mobile')
    card = replace(card, network=spec,
                   reference=card.reference.resized(spec.input_width, spec.input_height),
                   provenance=replace(card.provenance, recipe=recipe, steps=10))
    stages, images = training_of(card)
    assert stages == expected
    batch = 4 if 'batch_size=4' in recipe else 8
    assert images == (None if expected == '-' else 10 * batch)


@pytest.mark.thorough
def test_a_run_whose_data_was_moved_is_measured_where_it_lies_now(tmp_path, capsys):
    """`compare` asked for the --data that it had been given. Not of data that is not gone."""
    there = write_folder(tmp_path / 'there')
    run = write_run(tmp_path / 'run', there)
    there.rename(tmp_path / 'now')
    words = ['--data', f'mine={tmp_path / "now"}', '--protocol', 'full', '--device', 'cpu']
    assert main(['compare', str(run), *words]) == 0
    assert 'mine val, 2 images' in capsys.readouterr().out
    (tmp_path / 'now' / 'val.txt').write_text('0001\n0006\n')
    assert 'run learned from 1 of the 2 images' in refused(capsys, run, *words)
    write_folder(there)
    assert read_run(run).found((f'mine={tmp_path / "now"}',)) == read_run(run)


def refused(capsys, *words):
    assert main(['compare', *map(str, words)]) == 1
    lines = capsys.readouterr().err.strip().splitlines()
    errors = [line for line in lines if not line.startswith('note: ')]
    assert len(errors) == 1
    return errors[0]


def test_what_cannot_be_compared_is_said_before_anything_is_measured(run, model, folder, tmp_path,
                                                                     capsys):
    other = write_run(tmp_path / 'other', write_folder(tmp_path / 'set'))
    assert re.search(r'staged_run was made with mine=.* and .*other with mine=.*do not compare; '
                     'give --data', refused(capsys, run, other))
    assert 'give --data NAME=DIR' in refused(capsys, model)
    assert "no model file 'nothing'" in refused(capsys, 'nothing', model)
    assert 'holds no run' in refused(capsys, tmp_path)
    assert 'ends in .png, .pdf or .svg' in refused(capsys, run, '--figure', 'x.gif')
    half = write_run(tmp_path / 'half', folder, stage=1)
    assert ('half is not finished: stage 2 of 4; continue it with `scripts/train fit '
            'mobile_staged') in refused(capsys, half)


def test_a_data_set_without_the_split_is_left_out(folder, tmp_path, capsys):
    """Such as one that is only ever trained on; without any there is nothing to measure."""
    other = write_folder(tmp_path / 'set')
    (other / 'val.txt').unlink()
    opened = with_split((f'a={other}', f'b={folder}'), 'val')
    assert list(opened) == [f'b={folder}'] and len(opened[f'b={folder}']) == 2
    assert re.search('left out: .*val.txt is missing', capsys.readouterr().err)
    assert 'val.txt is missing' in refused(capsys, 'indoor', '--data', f'a={other}', '--data',
                                           f'b={folder}')
    with pytest.raises(MissingSplit, match='val.txt is missing'):
        with_split((f'a={other}',), 'val')


@pytest.mark.thorough
def test_learned_images_are_no_test(run, folder, tmp_path, capsys):
    """The same folder, with one provenance image put into val."""
    data = write_folder(tmp_path / 'set')
    learner = write_run(tmp_path / 'learner', data)
    (data / 'val.txt').write_text('0001\n0006\n')
    assert 'learner learned from 1 of the 2 images' in refused(capsys, learner)
    exported = tmp_path / 'learner.safetensors'
    assert main(['export', str(learner), str(exported), '--protocol', 'full']) == 0
    (data / 'val.txt').write_text((data / 'train.txt').read_text())
    capsys.readouterr()
    assert 'learner learned from 6 of the 6 images' in refused(
        capsys, exported, '--data', f'mine={data}')
