"""Images that cannot be read or have no depth: left out, counted, named; no training ends."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from train_helpers import tiny, write_folder

from mono_depth_ros.estimator import DepthEstimate
from mono_depth_ros.letterbox import input_size
from mono_depth_ros.networks.registry import build
from train.__main__ import main
from train.data.data_sets import open_data
from train.data.readable_samples import first_readable
from train.data.samples.data_notes import DataNote
from train.evaluation.baseline import MeanDepthMap
from train.evaluation.measurement import evaluate
from train.evaluation.protocols import PROTOCOLS
from train.fitting.batch_shapes import batch_shapes
from train.fitting.device_store import load_store
from train.fitting.distributed import ProcessGroup
from train.fitting.run_log import ENOUGH_VIEWS, UnknownDepth
from train.fitting.stage_run import RunContext
from train.fitting.training_loop import fit
from train.fitting.validation import Validation
from train.fitting.views import PlainViews, TrainingViews
from train.recipes.recipe import RECIPES


@pytest.fixture
def folder(tmp_path):
    """Six training images: one without depth, one broken; one of two held-out ones broken."""
    folder = write_folder(tmp_path / 'set')
    cv2.imwrite(str(folder / 'depth' / '0001.png'), np.zeros((48, 64), np.uint16))
    (folder / 'rgb' / '0002.png').write_bytes(b'no picture')
    (folder / 'depth' / '0007.png').write_bytes(b'no depth')
    return folder


def sources(folder, split='train'):
    return [open_data(f'mine={folder}', split)]


@pytest.mark.thorough
def test_one_sample_does_not_end_a_run(folder, tmp_path, capsys):
    """Batches of one image: some have nothing to learn from at all."""
    recipe = replace(tiny(epochs=1), batch_size=1)
    context = RunContext(folder=tmp_path, device='cpu', workers=0)
    summary = fit(recipe, sources(folder), sources(folder, 'val'), context)
    assert summary.images == 6 and summary.unknown.problems.total() == 2
    said = capsys.readouterr().err
    assert 'not learned from: mine/0001 shows no known depth' in said
    assert 'not learned from: mine/0002 cannot be read: ' in said
    assert '2 of 6 views were not learned from: mine/000' in summary.text()
    assert np.isfinite(summary.losses).all() and 0 <= summary.validation['fine_delta1'] <= 1


def test_a_view_without_depth_is_told_by_its_sample(folder):
    views = TrainingViews(sources(folder), tiny(), 0)
    assert [views[0, i].problem.partition(' ')[0] for i in range(4)] == [
        '', 'mine/0001', 'mine/0002', '']
    broken = views[0, 2]
    assert broken.image.shape == (3, 64, 96) and broken.log_truth.isnan().all()


def test_validation_counts_only_images_it_could_compare(folder):
    """The broken one is no image with delta1 0."""
    recipe = tiny()
    torch.manual_seed(0)
    network = build(recipe.network).eval()
    both = Validation(sources(folder, 'val'), recipe, 0).validate(network)
    views = PlainViews(sources(folder, 'val'), recipe)
    assert [bool(views[i].problem) for i in range(2)] == [False, True]
    (folder / 'val.txt').write_text('0006\n')
    alone = Validation(sources(folder, 'val'), recipe, 0).validate(network)
    assert both == pytest.approx(alone) and both['fine_abs_rel'] > 0


def test_a_broken_held_out_image_is_named_once(folder, capsys):
    recipe = tiny()
    validation = Validation(sources(folder, 'val'), recipe, 0)
    network = build(recipe.network).eval()
    for _ in range(2):
        validation.validate(network)
    assert capsys.readouterr().err.count('not validated on: mine/0007 cannot be read: ') == 1


def test_a_broken_first_image_is_not_what_a_set_is_judged_by(folder):
    (folder / 'rgb' / '0000.png').write_bytes(b'no picture')
    source = sources(folder)[0]
    assert batch_shapes([source], RECIPES['finetune']).sizes == (input_size(
        64, 48, RECIPES['finetune'].network),)
    assert first_readable(source).name == 'mine/0001'
    for path in (folder / 'rgb').iterdir():
        path.write_bytes(b'no picture')
    with pytest.raises(ValueError, match='none of the 6 images of mine can be read, the first: '):
        batch_shapes([source], RECIPES['finetune'])
    with pytest.raises(ValueError, match='none of the 6 images can be read, the first: mine/0000'):
        load_store([source], 'cpu')


def test_a_baseline_of_images_without_depth_is_refused(folder):
    """Its map of NaN was told as a fault of the first image that was measured."""
    for path in (folder / 'depth').iterdir():
        cv2.imwrite(str(path), np.zeros((48, 64), np.uint16))
    with pytest.raises(ValueError, match='^no mean depth map: no training image of mine has'):
        MeanDepthMap(sources(folder))


class Two:
    """Predicts 2 m everywhere."""

    def estimate(self, rgb_HW3, camera=None):
        return DepthEstimate(depth=np.full((48, 64), 2, np.float32), camera=camera, network_ms=0)


def test_a_broken_image_does_not_end_a_measurement(folder):
    source = sources(folder)[0]
    with pytest.warns(DataNote, match='1 of 6 images cannot be used, the first: mine/0002 cannot'):
        report = evaluate(Two(), source, 'train', PROTOCOLS['full'])
    assert len(report.images) == 4 and report.blank == ('mine/0001',)
    assert report.unreadable == ('mine/0002',)
    for number in (0, 3, 4):
        (folder / 'rgb' / f'{number:04d}.png').write_bytes(b'no picture')
    with pytest.raises(ValueError, match='4 of 6 images cannot be used, the first: mine/0000'):
        evaluate(Two(), source, 'train', PROTOCOLS['full'])


def test_too_many_unusable_views_stop_a_training():
    unknown = UnknownDepth()
    assert unknown.add(['mine/a shows no known depth', '']) == ['mine/a shows no known depth']
    assert unknown.add(['mine/a shows no known depth', '']) == []
    for _ in range(ENOUGH_VIEWS // 2 - 2):
        unknown.add(['mine/a shows no known depth', ''])
    with pytest.raises(ValueError, match='were not learned from: mine/a .*More than 50% is'):
        unknown.add(['mine/b cannot be read'])


@pytest.mark.thorough
@pytest.mark.parametrize('epochs', [1, 30])
def test_a_set_without_any_depth_is_refused_with_its_name(tmp_path, epochs):
    """One epoch of six images too, which ended as done with the weights it began with."""
    folder = write_folder(tmp_path / 'set')
    for path in (folder / 'depth').iterdir():
        cv2.imwrite(str(path), np.zeros((48, 64), np.uint16))
    recipe = replace(tiny(epochs=epochs), batch_size=6)
    with pytest.raises(ValueError, match='6 of 6 views were not learned from: mine/'):
        fit(recipe, sources(folder), [], RunContext(folder=tmp_path, device='cpu', workers=0))
    assert not list(tmp_path.glob('checkpoint*'))


@pytest.mark.thorough
def test_the_share_is_that_of_all_processes(folder, tmp_path, monkeypatch):
    """Four of the six views here are of no use: alone too many, not beside four good ones."""
    for name in ('0003', '0004'):
        cv2.imwrite(str(folder / 'depth' / f'{name}.png'), np.zeros((48, 64), np.uint16))
    context = RunContext(folder=tmp_path, device='cpu', workers=0)
    recipe = replace(tiny(epochs=1), batch_size=6)
    with pytest.raises(ValueError, match='4 of 6 views were not learned from: mine/'):
        fit(recipe, sources(folder), [], context)
    monkeypatch.setattr(ProcessGroup, 'total', lambda group, tensor: (
        tensor + torch.tensor([0, 4, 0]) if tensor.shape == (3,) else tensor))
    fit(recipe, sources(folder), [], context)


WORDS = [word for setting in (
    'stages.coarse.epochs=0', 'stages.fine.epochs=1', 'stages.3.epochs=0', 'stages.4.epochs=0',
    'batch_size=2', 'imagenet_stem=False', 'network.input_height=64', 'network.input_width=96')
    for word in ('--set', setting)] + ['--workers', '0', '--device', 'cpu']


@pytest.mark.thorough
def test_a_set_without_val_trains_and_is_exported(tmp_path, capsys):
    folder = write_folder(tmp_path / 'bare')
    (folder / 'val.txt').unlink()
    out, model = tmp_path / 'run', tmp_path / 'bare.safetensors'
    assert main(['fit', 'mobile_staged', '--data', f'bare={folder}', '--out', str(out),
                 *WORDS]) == 0
    assert main(['export', str(out), str(model)]) == 0, capsys.readouterr().err
    assert model.exists() and 'is written without metrics' in capsys.readouterr().err


@pytest.mark.thorough
def test_a_set_that_grew_is_refused_by_resume_and_export(tmp_path, capsys):
    """Else the schedule would end in "Tried to step 5 times", and a card would lie."""
    folder, out = write_folder(tmp_path / 'set'), tmp_path / 'run'
    assert main(['fit', 'mobile_staged', '--data', f'mine={folder}', '--out', str(out),
                 *WORDS]) == 0
    (folder / 'train.txt').write_text('0000\n0001\n0002\n0003\n0004\n0005\n0006\n')
    capsys.readouterr()
    for words in (['fit', 'mobile_staged', '--out', str(out), '--resume', *WORDS[-4:]],
                  ['export', str(out), str(tmp_path / 'x.safetensors')]):
        assert main(words) == 1
        assert ("data set 'mine' has 7 training images, this run began with 6 others"
                in capsys.readouterr().err)
