"""The page of the experiment: its tables, its claims, and how all was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

TIMED_IMAGES = 5


def page_text(experiment: Experiment, split: str, timed: bool) -> str:
    """A table and its claims for every data set, then how all was made."""
    rows = _rows(experiment, split, timed)
    names = [spec.partition('=')[0] for spec in experiment.data]
    budget = f'{split}, {experiment.epochs} epochs each'
    tables = [table_text(f"The paper's networks on {name} {budget}",
                         [row.on(name) for row in rows]) for name in names]
    return '\n'.join([*tables, *_notes(experiment, rows)]) + '\n'


def _rows(experiment: Experiment, split: str, timed: bool) -> list[TableRow]:
    """The baseline, and every network with the seeds that are measured on `split`."""
    base = json.loads(baseline_file(experiment, split, experiment.data).read_text())
    rows = [TableRow(name=BASELINE, seeds=[base])]
    done = {entrant: seeds for entrant in experiment.entrants
            if (seeds := _seeds_done(experiment, entrant, split))}
    ms = _ms(experiment, done) if timed else {}
    for entrant, seeds in done.items():
        card = experiment.card(entrant, seeds[0])
        rows.append(TableRow(
            name=entrant.name, trained=training_of(card), cost=cost_of(card.network),
            ms=ms.get(entrant.name),
            seeds=[json.loads(experiment.figures_file(entrant, seed, split).read_text())
                   for seed in seeds]))
    return rows


def _seeds_done(experiment: Experiment, entrant: Entrant, split: str) -> list[int]:
    return [seed for seed in range(experiment.seeds)
            if experiment.is_trained(entrant, seed)
            and experiment.figures_file(entrant, seed, split).is_file()]


def baseline_file(experiment: Experiment, split: str, data: Sequence[str]) -> Path:
    """The figures of the mean depth map of the training images, measured when first asked for."""
    path = experiment.results / 'figures' / split / 'mean_depth_map.json'
    if not path.is_file():
        mean_map = MeanDepthMap([open_data(spec, 'train') for spec in experiment.data])
        figures = figures_of(mean_map, [open_data(spec, split) for spec in data], split,
                             PROTOCOLS[experiment.world.protocol])
        write_file(path, figures_text(figures))
    return path


def _ms(experiment: Experiment, done: Mapping[Entrant, Sequence[int]]) -> dict[str, dict]:
    """Milliseconds by device of every network of which a model is here, interleaved in one run."""
    # Of several trainings the first that is here, which is put last and stays.
    models = {entrant.name: model for entrant, seeds in done.items() for seed in reversed(seeds)
              if (model := experiment.model_file(entrant, seed)).is_file()}
    if not models:
        return {}
    source = open_data(experiment.data[0], 'val')
    samples = [source[number] for number in range(min(TIMED_IMAGES, len(source)))]
    times = ms_by_device([load_estimator(model, experiment.device) for model in models.values()],
                         samples, experiment.device)
    return {name: {place: taken[number] for place, taken in times.items()}
            for number, name in enumerate(models)}


def _notes(experiment: Experiment, rows: Sequence[TableRow]) -> list[str]:
    learned = sum(len(open_data(spec, 'train')) for spec in experiment.data)
    made = sorted({f'code {card.provenance.git_commit} ({card.provenance.git_tree}), '
                   f'{", ".join(card.provenance.versions)}' for entrant in experiment.entrants
                   for seed in range(experiment.seeds) if experiment.is_trained(entrant, seed)
                   for card in [experiment.card(entrant, seed)]})
    words = f', `{" ".join(experiment.words)}`' if experiment.words else ''
    return [
        f'{datetime.now(timezone.utc):%Y-%m-%d}, timed on {machine(experiment.device)}; trained '
        f'by {"; ".join(made) or "nothing yet"}.',
        f'{learned} training images, {len(rows[0].seeds[0])} measured, protocol '
        f'{experiment.world.protocol}, nothing aligned to the truth. Every network: '
        f'{experiment.epochs} epochs, batches of {_batch_size(experiment)}, the same random views '
        '(flip, turn, zoom, colours, blur), gradients clipped at norm 1, rate rising for a tenth '
        f'and falling on a cosine{words}. Weight decay 0.02 with AdamW, none with SGD. '
        "The paper's networks: its loss, dropout 0.5 on the hidden fully connected layer; "
        '`mobile`: its own recipe, ImageNet stem, weight averages.',
        'Intervals resample images; those of differences also have what trainings differ by, '
        "pooled over all networks of the table (Student's t). Roughness: mean second difference "
        'of log depth at 80x60. Milliseconds inside the network, batch 1, interleaved.',
        '', f'Rates of the first stage by AbsRel after {experiment.sweep_epochs} epochs on the '
        'training scenes less a tenth, measured on that tenth (later stages: those of the '
        'recipes):', '',
        *sweep_text({entrant: sweep_scores(experiment, entrant)
                     for entrant in experiment.entrants})]


def _batch_size(experiment: Experiment) -> int:
    recipe = recipe_called(experiment.entrants[0].recipe)
    return overridden(recipe, experiment.words).batch_size
