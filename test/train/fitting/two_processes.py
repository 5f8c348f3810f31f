"""Run by test_two_processes.py in each of two processes: what it found goes into a file each."""

from dataclasses import replace
import json
from pathlib import Path
import sys

import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).parents[2]))
from train_helpers import tiny  # noqa: E402

from mono_depth_ros.networks.registry import build  # noqa: E402
from train.data.data_sets import open_data  # noqa: E402
from train.fitting.distributed import process_group  # noqa: E402
from train.fitting.ema import Ema  # noqa: E402
from train.fitting.stage_run import RunContext, StageRun  # noqa: E402
from train.fitting.training_loop import fit  # noqa: E402
from train.fitting.validation import Validation  # noqa: E402
from train.fitting.views import View  # noqa: E402
from train.recipes.recipe import Stage  # noqa: E402

FROZEN = Stage(trains=('coarse', 'fine'), epochs=2, frozen_norms=True, optimiser='sgd', lr=0.1,
               stem_lr=0.1, weight_decay=0)


def recipe():
    """The norms are frozen, nothing is random: two processes must do what one does."""
    return replace(tiny(), stages=(FROZEN,), clip_norm=0.0, batch_size=4)


def new_run(folder, data, group):
    torch.manual_seed(0)
    network = build(recipe().network)
    nn.init.normal_(network.get_parameter('coarse.head.weight'), std=0.1)
    network.get_submodule('coarse.context.mix.4').p = 0.0  # dropout is each process's own
    return StageRun(recipe(), 0, network, Ema(network, 0.0), data,
                    RunContext(folder=folder, device='cpu', workers=0, group=group), None)


def images(numbers, known=(0, 1, 2)):
    """Images by number; the truth of those not in `known` is missing."""
    made = []
    for number in numbers:
        torch.manual_seed(number)
        image = torch.rand(3, 64, 96) - 0.5
        truth = 1 + number + image.mean(0, keepdim=True)
        made.append((image, truth if number in known else torch.full_like(truth, torch.nan)))
    image, truth = (torch.stack(part) for part in zip(*made))
    return View(image, truth, [''] * len(made))


def weights(run):
    return {name: tensor.double().sum().item() for name, tensor in
            run.network.state_dict().items() if 'num_batches' not in name}


def main(folder, data):
    training = [open_data(f'mine={data}', 'train')]
    held_out = [open_data(f'mine={data}', 'val')]
    with process_group('cpu') as group:
        mean = group.mean(torch.tensor((3.0, 5.0)[group.rank]),
                          torch.tensor((3, 1)[group.rank]))
        run = new_run(folder, training, group)
        # Image 3 has no truth: at first process 1 has only that one, then one with truth too.
        losses = [run.take_step(images(parts[group.rank])).item()
                  for parts in (((0, 1, 2), (3,)), ((0, 1), (2, 3)))]
        read = []
        validation = Validation(held_out, recipe(), 0, group)
        views, original = validation._views, type(validation._views).__getitem__
        type(views).__getitem__ = lambda self, i: read.append(i) or original(self, i)
        figures = validation.validate(run.ema.network)
        type(views).__getitem__ = original
        # More processes than images: one has none at all.
        fit(replace(recipe(), batch_size=8, stages=(replace(FROZEN, epochs=1),)),
            [OneImage(training[0])], [], RunContext(folder=folder, device='cpu', workers=0,
                                                    group=group))
        (folder / f'{group.rank}.json').write_text(json.dumps({
            'mean': mean.item(), 'losses': losses, 'weights': weights(run), 'read': read,
            'figures': figures, 'timeout_s': timeout_s()}))


class OneImage:
    """A data set of one image."""

    name = 'mine'

    def __init__(self, source):
        self._source, self.keys = source, source.keys[:1]
        self.is_packed = False

    def __len__(self):
        return 1

    def __getitem__(self, index):
        return self._source[index]


def timeout_s():
    from torch.distributed import distributed_c10d
    options = distributed_c10d._get_default_group()._get_backend(torch.device('cpu')).options
    return options._timeout.total_seconds()


if __name__ == '__main__':
    torch.set_num_threads(1)
    main(Path(sys.argv[1]), sys.argv[2])
