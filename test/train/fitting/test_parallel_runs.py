"""Processes side by side: their order, what waits for what, one that fails, an interruption."""

import signal
import sys
import time

import pytest

from train.fitting.parallel_runs import keep_plan, run_tasks, Task


def task(folder, name, code, *needs):
    """A process of Python that runs a line."""
    return Task(name=name, command=lambda: [sys.executable, '-S', '-c', code], needs=needs,
                log=folder / name / 'log.txt')


@pytest.mark.thorough
def test_a_task_waits_for_those_it_needs_and_others_go_by(tmp_path):
    """`last` asks for what `first` wrote; its command is not asked for before that is read."""
    first = task(tmp_path, 'first', f'import time; time.sleep(1); open({str(tmp_path / "x")!r}, '
                 '"w").write("done")')
    last = Task(name='last', needs=('first', 'gone'), log=tmp_path / 'last.txt', command=lambda: [
        sys.executable, '-S', '-c', f'print({(tmp_path / "x").read_text()!r})'])
    order = []
    for done in run_tasks([first, last, task(tmp_path, 'aside', 'pass')], 2):
        order.append(done.name)
    assert order == ['aside', 'first', 'last']
    assert (tmp_path / 'last.txt').read_text() == 'done\n'


@pytest.fixture(params=[signal.default_int_handler, signal.SIG_IGN],
                ids=['terminal', 'background'])
def sigint(request):
    """What SIGINT does where the trainings are started."""
    before = signal.signal(signal.SIGINT, request.param)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.thorough
def test_what_fails_is_told_with_its_log_and_stops_the_others(tmp_path, sigint):
    (tmp_path / 'others').mkdir()
    code = ('import time\ntry:\n time.sleep(60)\nexcept KeyboardInterrupt:\n'
            ' print("saved")')
    tasks = [task(tmp_path, 'long', code), task(tmp_path, 'wrong', 'import sys, time; '
                                                'time.sleep(1); sys.exit("no data")')]
    began_s = time.monotonic()
    with pytest.raises(ValueError, match=r'training wrong ended with 1 \(no data\); see .*log'):
        list(run_tasks(tasks, 2))
    assert time.monotonic() - began_s < 30
    assert (tmp_path / 'long' / 'log.txt').read_text() == 'saved\n'


def test_folders_keep_one_plan(tmp_path):
    """And one that is refused leaves nothing in the other."""
    old, new = tmp_path / 'old', tmp_path / 'new'
    keep_plan({'epochs': 3, 'data': ('a',)}, old)
    keep_plan({'epochs': 3, 'data': ('a',)}, old, old)
    with pytest.raises(ValueError, match='old holds what was made by another plan .*plan.json'):
        keep_plan({'epochs': 4, 'data': ('a',)}, new, old)
    assert not new.exists()
