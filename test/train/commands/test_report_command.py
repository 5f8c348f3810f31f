"""The report split is measured by one command, which counts its uses."""

from dataclasses import replace
import json

from model_helpers import write_untrained
import pytest
from train_helpers import write_folder, write_pair

from mono_depth_ros.model_card import DataUse
from mono_depth_ros.model_file import load_model, save_model
from train.__main__ import main
from train.commands.report import not_known_as_others
from train.data.data_sets import data_use, open_data


def test_data_of_nyu_is_known_to_be_others_by_its_list_alone(tmp_path):
    folder = write_folder(tmp_path / 'data')
    spec = f'nyu={folder}'
    labelled = data_use(open_data(spec, 'train'))
    videos = replace(labelled, name='nyu_fast', keys_sha256='0' * 64)
    other = DataUse(name='office', frames=3, keys_sha256='1' * 64, terms='')
    card = write_untrained(tmp_path / 'm.safetensors')

    def of(*uses):
        return replace(card, provenance=replace(card.provenance, data=uses))
    assert not_known_as_others(of(labelled, other), spec) == []
    assert not_known_as_others(of(labelled, videos, other), spec) == ['nyu_fast']
    assert not_known_as_others(of(other), 'nyu=/no/such/folder') == []


@pytest.mark.thorough
def test_a_model_that_not_known_as_others_the_scenes_is_noted(tmp_path, capsys):
    folder = write_folder(tmp_path / 'data')
    write_pair(folder, '0043', seed=1)
    (folder / 'train.txt').write_text('0042\n0043\n')
    write_pair(folder, '0042', seed=1)
    model, uses = tmp_path / 'm.safetensors', tmp_path / 'uses.jsonl'
    card = write_untrained(model)
    network, _ = load_model(model)
    save_model(model, network, replace(card, provenance=replace(card.provenance, data=(
        DataUse(name='nyu', frames=47584, keys_sha256='0' * 64, terms=''),))))
    assert main(['report', str(model), '--data', f'nyu={folder}', '--device', 'cpu', '--uses',
                 str(uses)]) == 0
    told = capsys.readouterr().err
    assert 'm learned from nyu, by another list than that of the training part of' in told
    assert json.loads(uses.read_text())['not_known_as_others'] == ['nyu']


@pytest.mark.thorough
def test_every_use_is_noted_and_told(tmp_path, capsys):
    folder = write_folder(tmp_path / 'data')
    for key in ('0042', '0043', '0044'):
        write_pair(folder, key, seed=1)
    (folder / 'train.txt').write_text('0042\n0043\n0044\n')
    model, uses = tmp_path / 'm.safetensors', tmp_path / 'uses.jsonl'
    write_untrained(model)
    words = ['report', str(model), '--data', f'nyu={folder}', '--device', 'cpu', '--uses',
             str(uses)]
    assert main(words) == main(words) == 0
    told = capsys.readouterr().out
    assert 'used 1 time,' in told and 'used 2 times' in told
    lines = [json.loads(line) for line in uses.read_text().splitlines()]
    assert [line['use'] for line in lines] == [1, 2]
    assert lines[0]['images'] == 2  # 43 and 44
    assert lines[0]['sha256'] == lines[1]['sha256']
    assert main(['report', str(model), '--data', f'x={folder}', '--uses', str(uses)]) == 1
    assert len(uses.read_text().splitlines()) == 2
