"""Trainings side by side, each a process of its own with a log."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
import json
import os
from pathlib import Path
import signal
import subprocess
import time

from train.fitting.run_folder import read_run
from train.output_files import write_file

ROOT = Path(__file__).parents[2]
POLL_S = 0.5
# Where it is written down what is done in a folder.
PLAN = 'plan.json'


@dataclass(frozen=True, kw_only=True)
class Task:
    """A process, its log, and the names of the tasks that come before it.

    The command is asked for when it starts, so that it may depend on what those found.
    """

    name: str
    command: Callable[[], Sequence[str]]
    log: Path
    needs: tuple[str, ...] = ()


def is_begun(folder: Path) -> bool:
    """Whether a folder holds what was begun by a plan."""
    return (folder / PLAN).is_file()


def keep_plan(plan: dict, *folders: Path) -> None:
    """Write down in plan.json what is done in some folders.

    ValueError where one of them holds another plan; nothing is written then.
    """
    text = json.dumps(plan, indent=1) + '\n'
    paths = [folder / PLAN for folder in folders]
    for path in paths:
        if path.is_file() and path.read_text() != text:
            raise ValueError(f'{path.parent} holds what was made by another plan ({path}): give '
                             'another folder')
    for path in paths:
        write_file(path, text)


def resume_words(run: Path, data: Sequence[str]) -> list[str]:
    """What continues the run of a folder, with its data sets where `data`, NAME=DIR, lies now."""
    own = read_run(run).names
    return [*(word for spec in data if spec.partition('=')[0] in own for word in ('--data', spec)),
            '--resume']


def run_tasks(tasks: Sequence[Task], lanes: int) -> Iterator[Task]:
    """Run all tasks in their order, `lanes` at a time; each as it is done.

    A task waits for those it needs, of which others than `tasks` are done. An interruption stops
    the processes after they have saved. Raises ValueError where one fails, naming its log.
    """
    waiting, running = list(tasks), dict[Task, subprocess.Popen]()
    try:
        while waiting or running:
            for task in _ready(waiting, running)[:lanes - len(running)]:
                waiting.remove(task)
                running[task] = _start(task, lanes)
            for task in [task for task, process in running.items() if process.poll() is not None]:
                _check(task, running[task].returncode)
                yield task  # before those that need it start
                del running[task]
            time.sleep(POLL_S)
    finally:
        for process in running.values():
            process.send_signal(signal.SIGINT)  # `fit` saves on it
        for process in running.values():
            process.wait()


def _ready(waiting: Sequence[Task], running: dict[Task, subprocess.Popen]) -> list[Task]:
    open_names = {task.name for task in (*waiting, *running)}
    return [task for task in waiting if not open_names.intersection(task.needs)]


def _start(task: Task, lanes: int) -> subprocess.Popen:
    task.log.parent.mkdir(parents=True, exist_ok=True)
    threads = {'OMP_NUM_THREADS': str(max(1, (os.cpu_count() or 1) // lanes))}
    with open(task.log, 'a') as output:
        return subprocess.Popen(task.command(), cwd=ROOT, env={**threads, **os.environ},
                                stdout=output, stderr=subprocess.STDOUT, preexec_fn=_stoppable)


def _stoppable() -> None:
    """Have the new process stop on SIGINT from here, and on no other.

    A group of its own, so that Ctrl-C does not reach it twice; not a session, which on Linux would
    have a scheduling group without the priority of this one. A shell's script starts what is to
    run in the background with SIGINT ignored, and its children inherit that.
    """
    os.setpgrp()
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _check(task: Task, returncode: int) -> None:
    if returncode:
        last = task.log.read_text().strip().splitlines()[-1:]
        raise ValueError(f'the training {task.name} ended with {returncode} '
                         f'({"".join(last)}); see {task.log}')
