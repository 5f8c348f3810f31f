"""The report split is measured by one command, which counts its uses."""

import json

from model_helpers import write_untrained
import pytest
from train_helpers import write_folder, write_pair

from train.__main__ import main


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
    assert 'used 1 times' in told and 'used 2 times' in told
    lines = [json.loads(line) for line in uses.read_text().splitlines()]
    assert [line['use'] for line in lines] == [1, 2]
    assert lines[0]['images'] == 2  # 43 and 44
    assert lines[0]['sha256'] == lines[1]['sha256']
    assert main(['report', str(model), '--data', f'x={folder}', '--uses', str(uses)]) == 1
    assert len(uses.read_text().splitlines()) == 2
