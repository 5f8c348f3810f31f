"""`train export`: sets without a held-out part, and what a card says of all it learned from."""

from dataclasses import replace

from model_helpers import plain_card, write_untrained
import pytest
import torch
from train_helpers import write_folder

from mono_depth_ros.model_card import DataUse
from mono_depth_ros.model_file import load_model, read_card, save_model
from mono_depth_ros.networks.registry import build, default_spec
from train.__main__ import main
from train.data.data_sets import data_use, open_data
from train.evaluation.learned_images import learned_images
from train.evaluation.measurement import evaluate
from train.export import model_export
from train.export.model_export import licence_of
from train.fitting.checkpoint import save_checkpoint
from train.fitting.run_folder import begin_run

pytestmark = pytest.mark.thorough


def finished_run(path, data, settings=(), **options):
    """The folder of a run as `fit` leaves it at the end."""
    begin_run(path, 'mobile', settings, tuple(data), **options)
    torch.manual_seed(0)
    save_checkpoint(path, {'stage': 9, 'step': 0,
                           'ema': build(default_spec('mobile')).state_dict()})
    return path


def export(run, path):
    return main(['export', str(run), str(path), '--protocol', 'full'])


def test_a_checkpoint_of_another_network_is_named(folder, tmp_path, capsys):
    run = finished_run(tmp_path / 'run', [f'mine={folder}'])
    save_checkpoint(run, {'stage': 9, 'step': 0, 'ema': {'coarse.a': torch.ones(1)}})
    assert export(run, tmp_path / 'm.safetensors') == 1
    told, = capsys.readouterr().err.strip().splitlines()[-1:]
    assert f'error: {run}/checkpoint.pt does not fit the network' in told


@pytest.mark.parametrize('place', ['/proc/x', 'file'])
def test_a_model_that_cannot_be_written_is_named(tmp_path, monkeypatch, place):
    (tmp_path / 'file').write_text('')
    monkeypatch.setattr(model_export, 'graph_of', lambda spec: None)
    path, network = tmp_path / place / 'm.safetensors', build(default_spec('mobile'))
    with pytest.raises(OSError, match=f'^cannot write {path}: (No such|File exists)'):
        model_export.write(path, network, plain_card())


def test_a_set_without_val_can_be_exported(folder, tmp_path, capsys):
    (folder / 'val.txt').unlink()
    model = tmp_path / 'm.safetensors'
    assert export(finished_run(tmp_path / 'run', [f'mine={folder}']), model) == 0
    assert 'no data set of this run has a split val' in capsys.readouterr().err
    card = read_card(model)
    assert card.metrics == () and [use.frames for use in card.provenance.data] == [6]


def test_one_set_with_val_is_enough_to_measure(folder, tmp_path):
    other = write_folder(tmp_path / 'other')
    (other / 'val.txt').unlink()
    model = tmp_path / 'm.safetensors'
    assert export(finished_run(tmp_path / 'run', [f'a={other}', f'b={folder}']), model) == 0
    assert [metrics.data for metrics in read_card(model).metrics] == ['b']


def test_a_model_has_its_name_only_once_it_is_measured(folder, tmp_path, monkeypatch):
    """Whoever copies the file while it is measured would have a card without figures."""
    model, there = tmp_path / 'm.safetensors', []

    def measure(*arguments):
        there.append(model.exists())
        return evaluate(*arguments)
    monkeypatch.setattr(model_export, 'evaluate', measure)
    run = finished_run(tmp_path / 'run', [f'mine={folder}'])
    assert export(run, model) == 0 and there == [False]
    card = read_card(model)
    assert card.name == 'm' and len(card.metrics) == 1
    assert [path.name for path in tmp_path.glob('*.safetensors*')] == ['m.safetensors']


def test_a_broken_val_is_not_taken_for_a_missing_one(folder, tmp_path, capsys):
    run = finished_run(tmp_path / 'run', [f'mine={folder}'])
    (folder / 'cameras.jsonl').write_text('{}\n')
    assert export(run, tmp_path / 'm.safetensors') == 1
    assert 'cameras.jsonl, line 1 is no camera' in capsys.readouterr().err


def test_terms_of_data_are_told_once_whatever_began_with_them(tmp_path):
    """A model's own terms beside them only where somebody gave it others."""
    began = tmp_path / 'began.safetensors'
    write_untrained(began, 'mobile')
    network, card = load_model(began)
    own = DataUse(name='rooms', frames=1, keys_sha256='0' * 64, terms='for friends only')
    of_its_data = licence_of([own], '', None)
    for licence, told in ((of_its_data, ''), ('Ours, CC0.', '; model began (Ours, CC0)')):
        save_model(began, network, replace(card, weights_licence=licence, provenance=replace(
            card.provenance, data=(own,))))
        assert licence_of([own], str(began), read_card(began)) == (
            f'Weights on the terms of what they learned from: for friends only{told}.')


def test_a_card_names_what_the_model_it_began_with_learned_from(folder, tmp_path):
    """Or the images, and their terms, would be forgotten by fine-tuning."""
    began = tmp_path / 'began.safetensors'
    write_untrained(began, 'mobile')
    network, card = load_model(began)
    elsewhere = write_folder(tmp_path / 'elsewhere')
    (elsewhere / 'train.txt').write_text('0001\n0002\n')
    first = replace(data_use(open_data(f'first={elsewhere}', 'train')), terms='for friends only')
    assert isinstance(first, DataUse)
    save_model(began, network, replace(card, provenance=replace(card.provenance, data=(first,))))
    model = tmp_path / 'm.safetensors'
    run = finished_run(tmp_path / 'run', [f'mine={folder}'], start=str(began))
    write_untrained(began, 'mobile')  # another one by then, which learned from nothing
    assert export(run, model) == 0
    card = read_card(model)
    assert [use.name for use in card.provenance.data] == ['mine', 'first']
    assert 'for friends only' in card.weights_licence
    assert learned_images(card, open_data(f'first={elsewhere}', 'train')) == 2


def test_sets_of_equal_keys_are_both_named_with_their_terms(folder, tmp_path):
    """The second, and that it may not be used, was forgotten."""
    other = write_folder(tmp_path / 'other')
    (folder / 'terms.txt').write_text('CC BY 4.0')
    (other / 'terms.txt').write_text('no commercial use')
    model = tmp_path / 'm.safetensors'
    assert export(finished_run(tmp_path / 'run', [f'a={folder}', f'b={other}']), model) == 0
    card = read_card(model)
    assert [use.name for use in card.provenance.data] == ['a', 'b']
    assert card.weights_licence == ('Weights on the terms of what they learned from: CC BY 4.0; '
                                    'no commercial use.')


def test_a_broken_held_out_image_does_not_cost_the_model(folder, tmp_path, capsys):
    (folder / 'rgb' / '0007.png').write_bytes(b'no picture')
    model = tmp_path / 'm.safetensors'
    assert export(finished_run(tmp_path / 'run', [f'mine={folder}']), model) == 0
    assert '1 of 2 images cannot be used, the first: mine/0007 cannot' in capsys.readouterr().err
    assert [metrics.frames for metrics in read_card(model).metrics] == [1]


def test_data_that_was_moved_can_be_named(folder, tmp_path, capsys):
    run, model = finished_run(tmp_path / 'run', [f'mine={folder}']), tmp_path / 'm.safetensors'
    folder.rename(tmp_path / 'moved')
    assert export(run, model) == 1
    assert 'say where it lies now by --data mine=DIR' in capsys.readouterr().err
    words = ['export', str(run), str(model), '--protocol', 'full', '--data']
    assert main([*words, f'other={tmp_path / "moved"}']) == 1
    assert 'this run learns from mine: --data NAME=DIR can only say' in capsys.readouterr().err
    assert main([*words, f'mine={tmp_path / "moved"}']) == 0
    assert read_card(model).metrics[0].frames == 2


@pytest.mark.parametrize('name, settings, protocol', [
    ('mine', (), 'full'), ('nyu', (), 'eigen-crop'), ('mine', ('max_depth_m=80',), 'outdoor')])
def test_a_run_is_measured_as_its_data_and_range_ask(folder, tmp_path, name, settings, protocol):
    run, model = tmp_path / 'run', tmp_path / 'm.safetensors'
    finished_run(run, [f'{name}={folder}'], settings)
    assert main(['export', str(run), str(model)]) == 0
    assert read_card(model).metrics[0].protocol == protocol
