"""The page of the experiment: its tables, its claims, and how all was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
import json
from pathlib import Path

from train.comparison.comparison import training_of
from train.comparison.cost import cost_of, machine, ms_by_device
from train.comparison.experiment import Entrant
from train.comparison.experiment_runs import Experiment, sweep_scores
from train.comparison.experiment_table import BASELINE, sweep_text, table_text, TableRow
from train.comparison.measured_run import figures_of, figures_text
from train.data.data_sets import open_data
from train.evaluation.baseline import MeanDepthMap
from train.evaluation.measurement import load_estimator
from train.evaluation.protocols import PROTOCOLS
from train.output_files import write_file
from train.recipes.overrides import overridden
from train.recipes.recipe import recipe_called

TIMES = 'times.json'


@dataclass(frozen=True, kw_only=True)
class Times:
    """Milliseconds of networks by device, of one run on a machine."""

    date: str = ''
    machine: str = ''
    ms: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def page_text(experiment: Experiment, split: str, timed: bool) -> str:
    """A table and its claims for every data set, then how all was made."""
    times = _times(experiment, timed)
    rows = _rows(experiment, split, times)
    names = [spec.partition('=')[0] for spec in experiment.data]
    budget = f'{split}, {experiment.epochs} epochs each'
    tables = [table_text(f"The paper's networks on {name} {budget}",
                         [row.on(name) for row in rows]) for name in names]
    return '\n'.join([*tables, *_notes(experiment, rows, times)]) + '\n'


def _rows(experiment: Experiment, split: str, times: Times) -> list[TableRow]:
    """The baseline, and every network with the seeds that are measured on `split`."""
    base = json.loads(baseline_file(experiment, split, experiment.data).read_text())
    rows = [TableRow(name=BASELINE, seeds=[base])]
    for entrant, seeds in _done(experiment, split).items():
        card = experiment.card(entrant, seeds[0])
        rows.append(TableRow(
            name=entrant.name, trained=training_of(card), cost=cost_of(card.network),
            ms=times.ms.get(entrant.name),
            seeds=[json.loads(experiment.figures_file(entrant, seed, split).read_text())
                   for seed in seeds]))
    return rows


def _done(experiment: Experiment, split: str) -> dict[Entrant, list[int]]:
    """The seeds of every network that are measured on `split`."""
    done: dict[Entrant, list[int]] = {entrant: [] for entrant in experiment.entrants}
    for entrant, seed in experiment.trainings():
        if experiment.figures_file(entrant, seed, split).is_file():
            done[entrant].append(seed)
    return {entrant: seeds for entrant, seeds in done.items() if seeds}


def baseline_file(experiment: Experiment, split: str, data: Sequence[str]) -> Path:
    """The figures of the mean depth map of the training images, measured when first asked for."""
    path = experiment.results / 'figures' / split / 'mean_depth_map.json'
    if not path.is_file():
        mean_map = MeanDepthMap([open_data(spec, 'train') for spec in experiment.data])
        figures = figures_of(mean_map, [open_data(spec, split) for spec in data], split,
                             PROTOCOLS[experiment.benchmark.protocol])
        write_file(path, figures_text(figures))
    return path


def _times(experiment: Experiment, timed: bool) -> Times:
    """Times of the networks: those that are kept; measured anew where all of them are here.

    A network that is not here to be timed again in the same run would lose its time.
    """
    path = experiment.results / TIMES
    kept = Times(**json.loads(path.read_text())) if path.is_file() else Times()
    # Of several trainings the first that is here, which is put last and stays.
    models = {entrant.name: model for entrant, seed in reversed(experiment.trainings())
              if (model := experiment.model_file(entrant, seed)).is_file()}
    if not timed or not models or not set(kept.ms) <= set(models):
        return kept
    taken = ms_by_device([load_estimator(model, experiment.device) for model in models.values()],
                         open_data(experiment.data[0], 'val'), experiment.device)
    times = Times(date=f'{datetime.now(timezone.utc):%Y-%m-%d}',
                  machine=machine(experiment.device), ms={
                      name: {place: round(ms[number], 2) for place, ms in taken.items()}
                      for number, name in enumerate(models)})
    write_file(path, json.dumps(asdict(times), indent=1) + '\n')
    return times


def _notes(experiment: Experiment, rows: Sequence[TableRow], times: Times) -> list[str]:
    cards = [experiment.card(entrant, seed) for entrant, seed in experiment.trainings()]
    made = sorted({f'code {card.provenance.git_commit} ({card.provenance.git_tree}), '
                   f'{", ".join(card.provenance.versions)}' for card in cards})
    learned = sum(use.frames for use in cards[0].provenance.data) if cards else 'no'
    words = f', `{" ".join(experiment.words)}`' if experiment.words else ''
    return [
        f'Trained by {"; ".join(made) or "nothing yet"}.',
        f'{learned} training images, {len(rows[0].seeds[0])} measured, protocol '
        f'{experiment.benchmark.protocol}, nothing aligned to the truth. Every network: '
        f'{experiment.epochs} epochs, batches of {_batch_size(experiment)}, the same random views '
        '(flip, turn, zoom, colours, blur), gradients clipped at norm 1, rate rising for a tenth '
        f'and falling on a cosine{words}. Weight decay 0.02 with AdamW, none with SGD. '
        "The paper's networks: its loss, dropout 0.5 on the hidden fully connected layer, none in "
        '`resnet18`; `mobile`: its own recipe, ImageNet stem, weight averages.',
        'Intervals resample images; those of differences also have what trainings differ by, '
        "pooled over all networks of the table (Student's t). Roughness: mean second difference "
        'of log depth at 80x60. Milliseconds inside the network, batch 1, interleaved'
        + (f', {times.date} on {times.machine}.' if times.ms else ': not timed.'),
        '', f'Rates of the first stage by AbsRel after {experiment.sweep_epochs} epochs on the '
        'training scenes less a tenth, measured on that tenth (later stages: those of the '
        'recipes):', '',
        *sweep_text({entrant: sweep_scores(experiment, entrant)
                     for entrant in experiment.entrants})]


def _batch_size(experiment: Experiment) -> int:
    recipe = recipe_called(experiment.entrants[0].recipe)
    return overridden(recipe, experiment.words).batch_size
