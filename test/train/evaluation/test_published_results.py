"""The paper's table as the docs print it, against what was found of each training."""

import json
from pathlib import Path
import re

import numpy as np
import pytest

from mono_depth_ros.model_card import card_from_json
from train.commands.table1 import PAGE, REPORT_PAGE
from train.comparison.experiment import BENCHMARKS, ENTRANTS
from train.comparison.experiment_page import page_text
from train.comparison.experiment_statistics import estimate, table_of
from train.comparison.kept_experiment import kept_experiment

DOCS = Path(__file__).parents[3] / 'docs'
KEPT = DOCS / 'table1'
BASELINE = 'mean_depth_map'
WORDS = (DOCS / 'results.md').read_text()
NUMBER = re.compile(r'[-+]?[0-9]+(?:[.][0-9]+)?')
INTERVAL = re.compile(rf'{NUMBER.pattern} \({NUMBER.pattern} to {NUMBER.pattern}\)')


def kept(world):
    """Figures of every training that is kept, by network."""
    found = {}
    for path in sorted((KEPT / world / 'figures' / 'val').glob('*.json')):
        name, _, _ = path.stem.rpartition('-s')
        found.setdefault(name or path.stem, []).append(json.loads(path.read_text()))
    return found


def printed(name):
    """Cells of the rows of docs/results.md that begin with a network's name."""
    said = BASELINE.replace('_', ' ') if name == BASELINE else f'`{name}`'
    return [[cell.strip() for cell in line.strip('|').split('|')]
            for line in WORDS.splitlines() if re.match(rf'\| {re.escape(said)}[ ,|]', line)]


@pytest.mark.parametrize('name', sorted(kept('room')))
def test_a_row_of_the_table_is_what_was_found(name):
    seeds = kept('room')[name]
    found = {error: estimate(table_of(seeds, error))
             for error in ('delta1', 'abs_rel', 'rmse_m', 'silog', 'roughness')}
    delta1, abs_rel = (f'{one.mean:.3f} ({one.low:.3f} to {one.high:.3f})'
                       for one in (found['delta1'], found['abs_rel']))
    trainings = '' if name == BASELINE else str(len(seeds))
    expected = [trainings, delta1, abs_rel, f'{found["rmse_m"].mean:.3f}',
                f'{found["silog"].mean:.3f}', f'{found["roughness"].mean:.4f}']
    assert expected in [cells[1:7] for cells in printed(name)], expected


@pytest.mark.parametrize('world', BENCHMARKS)
def test_what_is_kept_is_whole_and_of_one_plan(world):
    figures = kept(world)
    base, = figures.pop(BASELINE)
    plan = json.loads((KEPT / world / 'plan.json').read_text())
    assert plan['world'] == world and set(figures) <= set(BENCHMARKS[world].entrants)
    for name, seeds in figures.items():
        for number in range(len(ENTRANTS[name].rates)):
            assert (KEPT / world / 'scores' / f'{name}-{number}.json').is_file()
        for seed in seeds:
            assert set(seed) == set(base)
    for path in (KEPT / world / 'cards').iterdir():
        card = card_from_json(path.read_text())
        assert card.provenance.git_tree == 'clean'
        assert [use.keys_sha256 for use in card.provenance.data] == [
            keys[0] for keys in plan['data'].values()]


@pytest.mark.parametrize('world', BENCHMARKS)
def test_the_page_is_what_the_command_makes_of_it(world):
    """But for what resampling by another NumPy may change in the last digit."""
    made = page_text(kept_experiment(KEPT / world, KEPT / world, (), 'cpu'), 'val', timed=False)
    kept_page = (KEPT / world / PAGE).read_text()
    assert NUMBER.sub('#', made) == NUMBER.sub('#', kept_page)
    numbers = [list(map(float, NUMBER.findall(text))) for text in (made, kept_page)]
    np.testing.assert_allclose(*numbers, rtol=0.01, atol=2e-3)


def test_no_interval_of_the_rooms_is_printed_that_no_command_made():
    start, end = map(WORDS.index, ("## The paper's experiment", '**Outdoors (section V-C)**'))
    pages = ''.join((KEPT / 'room' / page).read_text() for page in (PAGE, REPORT_PAGE))
    printed_here = INTERVAL.findall(WORDS[start:end])
    assert len(printed_here) > 80
    assert not [one for one in printed_here if one not in pages]
