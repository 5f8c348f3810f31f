"""Whether trainings learn here: images a second, waiting for data, stop and resume, torchrun.

A part of `scripts/gpu_check`; run as a process of its own.
"""

from __future__ import annotations

from dataclasses import replace
import os
from pathlib import Path
import signal
import subprocess
import sys
import tempfile
import threading

import numpy as np
import torch

from mono_depth_ros.bench.findings import ANYWAY, Findings, part_options, Values
from train.fitting.checkpoint import load_checkpoint
from train.fitting.run_log import TrainingSummary
from train.fitting.stage_run import RunContext
from train.fitting.training_loop import fit
from train.gpu_check.packed_data import open_packs, packs_in
from train.recipes.recipe import BOTH, Recipe, recipe_called, Stage

ROOT = Path(__file__).parents[2]
# OneCycleLR starts at a 25th of the rate, and a training of many epochs stays there.
START_OF_CYCLE = 25
LEAST_SHARE, LEAST_S = 0.15, 2.0
# Before so many images a loss need not have fallen: that of small batches jumps.
LEAST_IMAGES = 1000
TORCHRUN_S = 10.0


def main() -> int:
    """Train in turns until the time is up; what fails is a row as well."""
    options = part_options(__doc__)
    findings = Findings('learns', options.rows, options.seconds)
    with tempfile.TemporaryDirectory() as folder:
        check(findings, options.device, options.data, options.seconds, Path(folder))
    return 0


def check(findings: Findings, device: str, data: Path, seconds: float, folder: Path) -> None:
    """Trainings of two networks, with and without mixed precision, from either feed."""
    cuda = device.startswith('cuda')
    turn_s = max(LEAST_SHARE * seconds, LEAST_S)
    lite = endless('indoor', 32 if cuda else 2, 1e-3)
    if not cuda:  # a quarter of the pixels: a check of the check
        lite = replace(lite, network=replace(lite.network, input_height=96, input_width=128))
    paper = endless('eigen_modified_joint', 32 if cuda else 2, 1e-4)

    def train(recipe: Recipe, name: str, **context) -> Values:
        context = {'workers': min(os.cpu_count() or 1, 16) if cuda else 0, **context}
        return learn(recipe, data, turn_s, RunContext(
            folder=_made(folder / name), device=device, **context))
    begun = findings.attempt('mobile_lite2, mixed precision',
                             lambda: train(replace(lite, amp='bf16'), 'lite', feed='device'),
                             needs_s=ANYWAY)
    if begun:
        findings.attempt('the same, stopped and resumed',
                         lambda: resume(replace(lite, amp='bf16'), data, turn_s / 3, RunContext(
                             folder=folder / 'lite', device=device, workers=0, feed='device')),
                         needs_s=ANYWAY)
    findings.attempt('torchrun, one process', lambda: torchrun(data, folder / 'torchrun', device),
                     needs_s=TORCHRUN_S)
    findings.attempt('eigen_modified, mixed precision',
                     lambda: train(replace(paper, amp='bf16'), 'paper', feed='device'),
                     needs_s=LEAST_S)
    findings.attempt('mobile_lite2, float32',
                     lambda: train(replace(lite, amp='fp32'), 'float32', feed='device'),
                     needs_s=turn_s)
    findings.attempt('mobile_lite2, mixed precision, views by loader processes',
                     lambda: train(replace(lite, amp='bf16'), 'workers', feed='workers'),
                     needs_s=turn_s)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def endless(name: str, batch_size: int, rate: float) -> Recipe:
    """A recipe of one long stage at an even learning rate, without weights from elsewhere.

    Nor does it name data sets: whatever is in the packs serves. All images have one shape, for a
    GPU takes ten seconds over the first batch of each.
    """
    stage = Stage(trains=BOTH, epochs=10 ** 6, lr=rate * START_OF_CYCLE,
                  stem_lr=rate * START_OF_CYCLE)
    recipe = recipe_called(name)
    return replace(recipe, stages=(stage,), batch_size=batch_size, weights=(), caps=(),
                   inpainted=(), imagenet_stem=False,
                   network=replace(recipe.network, aspect_ratios=()))


def learn(recipe: Recipe, data: Path, seconds: float, context: RunContext,
          begun: bool = False) -> Values:
    """Train for so long, then stop as by Ctrl-C.

    Raises ValueError where the loss of the last fifth is not below that of the first.
    """
    summary, ended = TrainingSummary(), threading.Event()

    def stop() -> None:
        """The time counts from the first step on: before it cuDNN may measure for seconds."""
        while not summary.images and not ended.wait(0.05):
            pass
        if not ended.wait(seconds):
            os.kill(os.getpid(), signal.SIGINT)
    threading.Thread(target=stop, daemon=True).start()
    try:
        # Without validation: it would run every few steps on so few images.
        fit(recipe, open_packs(data, 'train'), [], context, resume=begun, summary=summary)
    except KeyboardInterrupt:
        pass
    finally:
        ended.set()
    return {**_learned(summary), **_memory(context.device)}


def _learned(summary: TrainingSummary) -> Values:
    losses = np.array(summary.losses)
    fifth = max(1, len(losses) // 5)
    first, last = float(losses[:fifth].mean()), float(losses[-fifth:].mean())
    values = {'images_s': round(summary.images / max(summary.seconds, 1e-9), 2),
              'waited': round(summary.waited_s / max(summary.seconds, 1e-9), 3),
              'steps': len(losses), 'loss_first': round(first, 4), 'loss_last': round(last, 4)}
    if summary.images >= LEAST_IMAGES and not last < first:
        raise ValueError(f'the loss did not fall: {values}')
    return values


def _memory(device: str) -> Values:
    if not device.startswith('cuda'):
        return {}
    return {'peak_gb': round(torch.cuda.max_memory_allocated(device) / 1e9, 2)}


def resume(recipe: Recipe, data: Path, seconds: float, context: RunContext) -> Values:
    """Go on with a stopped run; ValueError where it did not begin at the step it had reached."""
    before = load_checkpoint(context.folder)['step']
    summary = TrainingSummary()
    values = learn(recipe, data, seconds, context, begun=True)
    after = load_checkpoint(context.folder)['step']
    if after != before + values['steps']:
        raise ValueError(f'{values["steps"]} steps from {before} led to {after}: {summary}')
    return {'from_step': before, **values}


def torchrun(data: Path, folder: Path, device: str) -> Values:
    """One process of torchrun through the command line: DDP and its backend on this machine."""
    words = ['fit', 'mobile', '--out', str(folder), '--device', device, '--workers', '0']
    for spec in packs_in(data):
        words += ['--data', spec]
    for setting in ('imagenet_stem=False', 'stages.1.epochs=1', 'stages.2.epochs=0',
                    'stages.3.epochs=0', 'network.input_height=96', 'network.input_width=128',
                    'batch_size=16'):
        words += ['--set', setting]
    done = subprocess.run(
        [sys.executable, '-m', 'torch.distributed.run', '--standalone', '--nproc-per-node', '1',
         '-m', 'train', '--', *words], cwd=ROOT, capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise ValueError(done.stderr.strip().splitlines()[-1])
    return {'said': done.stdout.strip().splitlines()[0]}


if __name__ == '__main__':
    sys.exit(main())
