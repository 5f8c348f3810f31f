"""For every test: settings of ROS, the two speeds of the suite, and what a robot skips."""

import atexit
from functools import cache
import gc
from importlib.metadata import distribution, PackageNotFoundError
from importlib.util import find_spec
import os
from pathlib import Path
import re
import shutil
import signal
import tempfile

from optional_packages import BROUGHT_BY, missing_package
import pytest
from record_helpers import Record

ROOT = Path(__file__).parents[1]
# Folders whose tests need more than a robot has, and the requirements that bring it.
NEEDS = {'train': 'train', 'simulation': 'demo', 'demo': 'demo'}
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# A file all of whose tests have one of the other marks.
NOT_FAST = re.compile(r'^pytestmark = .*\bmark\.(thorough|slow)\b', re.MULTILINE)
# A test left to `-m fast` that takes longer than this is named at the end.
FAST_S = 1.5

# Imports and the syntax trees of tests make millions of objects that stay: to look through them
# for garbage again and again takes a tenth of a short run.
gc.set_threshold(50_000)

# A shell starts what it puts into the background with SIGINT ignored; every process that a test
# starts, and then interrupts, would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Kept between runs, unlike what follows: to list the fonts of a machine takes a second.
os.environ.setdefault('MPLCONFIGDIR', str(
    Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache') / 'matplotlib'))

# What backends measured on this machine in earlier runs, or in a user's node, decides no test.
# The folder of a worker of pytest-xdist lies in that of the process that started it.
os.environ['XDG_CACHE_HOME'] = tempfile.mkdtemp(
    prefix='mono_depth_ros_cache_',
    dir=os.environ['XDG_CACHE_HOME'] if 'PYTEST_XDIST_WORKER' in os.environ else None)
atexit.register(shutil.rmtree, os.environ['XDG_CACHE_HOME'], ignore_errors=True)

# Jazzy and Kilted publish garbage for a wrong field type unless they are told to look.
os.environ.setdefault('ROS_PYTHON_CHECK_FIELDS', '1')
os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')


def is_importable(name):
    """Whether a package can be found; it is not imported."""
    try:
        return find_spec(name) is not None
    except ImportError:
        return False


# Seen before any test has taken one of them out of sys.modules.
INSTALLED = {name for name in BROUGHT_BY if is_importable(name)}


def pytest_addoption(parser):
    """Add --record, which writes recorded behaviour anew."""
    parser.addoption('--record', action='store_true',
                     help='write test/record anew instead of comparing with it')


@pytest.fixture
def record(request):
    """The recorded behaviour in test/record."""
    return Record(write=request.config.getoption('--record'))


@pytest.fixture(scope='module')
def model(tmp_path_factory):
    """A model file of random weights."""
    from model_helpers import write_untrained  # not where torch is missing
    path = tmp_path_factory.mktemp('model') / 'tiny.safetensors'
    write_untrained(path)
    return path


def pytest_collectstart(collector):
    """Read no test file in vain: `-m fast` leaves those without fast tests.

    This hook has the same arguments in every pytest, unlike pytest_ignore_collect.
    """
    if isinstance(collector, pytest.Module):
        path, collect = Path(collector.fspath), collector.collect
        if collector.config.option.markexpr == 'fast' and NOT_FAST.search(path.read_text()):
            collector.collect = list  # none: its imports would take seconds
        else:
            collector.collect = lambda: collected(path, collect)


def collected(path, collect):
    """What `collect` finds in a test file; a skip, with the reason, where packages are missing."""
    folder = path.relative_to(ROOT / 'test').parts[0]
    if missing := missing_packages(NEEDS.get(folder)):
        skip_file(missing, NEEDS[folder])
    try:
        return collect()
    except pytest.Collector.CollectError as error:
        if name := missing_package(error):
            skip_file([name], BROUGHT_BY[name])
        raise


def skip_file(missing, requirements):
    """Leave out the file that is being collected."""
    pytest.skip(needs(missing, requirements), allow_module_level=True)


def needs(missing, requirements):
    """Why a file or a test is skipped."""
    return f'needs {", ".join(missing)}: pip install -r requirements/{requirements}.txt'


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A test that fails because a package is not there is skipped, as its file would be."""
    report = (yield).get_result()
    name = missing_package(call.excinfo.value) if report.failed and call.excinfo else ''
    if name and name not in INSTALLED:
        report.outcome = 'skipped'
        report.longrepr = (str(item.fspath), 0, f'Skipped: {needs([name], BROUGHT_BY[name])}')


def missing_packages(requirements):
    """Names in a requirements file, not in those it includes, that are not installed."""
    if requirements is None:
        return []
    text = (ROOT / 'requirements' / f'{requirements}.txt').read_text()
    return [name for name in re.findall(r'^\w[\w.-]*', text, re.MULTILINE)
            if not is_installed(name)]


@cache  # asked for every test file
def is_installed(package):
    """Whether a distribution of that name is installed, whatever brought it."""
    try:
        distribution(package)
    except PackageNotFoundError:
        return False
    return True


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark what is neither `thorough` nor `slow` as `fast`."""
    for item in items:
        if not any(item.get_closest_marker(name) for name in ('thorough', 'slow')):
            item.add_marker('fast')


def pytest_collection_finish():
    """What is there before the first test is no garbage later."""
    gc.freeze()


@pytest.hookimpl(hookwrapper=True)  # the older way, which the pytest of Humble knows too
def pytest_runtest_protocol(item, nextitem):
    """After every test signals do what they did before it.

    Processes that later tests start inherit which are blocked or ignored: a test that left SIGINT
    blocked made those of other files fail.
    """
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    handlers = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    yield
    signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    for number, handler in handlers.items():
        if handler is not None:  # None: installed by a library
            signal.signal(number, handler)


def pytest_terminal_summary(terminalreporter, config):
    """Name the tests that are too slow for `-m fast`."""
    if config.option.markexpr != 'fast':
        return
    took_s = {}
    for report in terminalreporter.getreports('passed') + terminalreporter.getreports('failed'):
        took_s[report.nodeid] = took_s.get(report.nodeid, 0.0) + report.duration
    for name, seconds in sorted(took_s.items(), key=lambda pair: -pair[1]):
        if seconds > FAST_S:
            terminalreporter.write_line(
                f'{seconds:.1f} s, too long for the fast tests, mark it thorough: {name}')
