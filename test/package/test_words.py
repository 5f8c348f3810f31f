"""One name for one thing, in the words of the field: words that this project used before."""

from pathlib import Path
import re

import pytest

ROOT = Path(__file__).parents[2]
TEXT = {'.py', '.md', '.yaml', '.xml', '.txt', '.ini', '.cfg', '.toml', '.sh', '.rviz', ''}
FOLDERS = ('mono_depth_ros', 'train', 'test', 'scripts', 'docs', 'config', 'launch',
           'requirements', '.ci')
# The CHANGELOG says what a name was before.
OMITTED = {Path(__file__).name, 'CHANGELOG.md', 'LICENSE'}
# What must not be found, and what the field says. Words with another everyday meaning, such as
# spread, trust or summary, are held to the forms in which they were names of ours.
WORDS = {
    r'\bverbs?\b|\bVERBS?\b': 'command',
    r'\bdiary\b': 'run log',
    r'\bWatch\b|\bwatch(es|ed)? by\b': 'validation',
    r'still_norms|\b(stands?|stood|standing) still\b|\.settle\b': 'frozen batch-norm statistics',
    r'stem_drop|drop_blocks': 'stochastic depth',
    r'stem_restyle|mixed_?styles?\b': 'MixStyle',
    r'log_spread|spread_loss|tells_spread|\bSPREAD\b|\bSpread\b': 'uncertainty',
    r'\btrusted\b|measure_trust|\bTrust\b|how far to trust': 'calibration of confidence',
    r'\bMirrored\b|--mirror\b': 'flip test-time augmentation',
    r'by[ _]heart': 'overfit',
    r'by[ _]turns': 'interleaved',
    r'\bartifacts?\b': 'model file',
    r'\bColours\(|\bColours,|: Colours\b': 'Normalisation',
    r'\bMeasured\(|\bMeasured,|: Measured\b|\bMeasured\]': 'Metrics',
    r'\bframings?\b': 'letterbox',
    r'\bnewest (image|frame|item)s?\b|newest_(image|frame|item)': 'latest frame',
    r'\btall(y|ies)\b': 'statistics',
    r'\bverdicts?\b': 'summary',
    r'\bsilence\b': 'stale input',
    r'\btroubles?\b': 'error',
    r'\bPlace\(|, Place\b|: Place\b': 'run context',
    r'\.leads\b|\bleads\(': 'is_main_process',
    r'\bKnownSet\b|\bknown_set\b': 'data-set facts',
    r'nobody (told|runs|knows)|troubles nobody': 'who it is, or nothing',
    r'keeps? (its|his|their) word|for want of|shout of|\bas ever\b': 'plain English'}


def pages():
    """Every text file of the repository, by name and content."""
    for folder in (ROOT, *(ROOT / name for name in FOLDERS)):
        for path in sorted(folder.iterdir() if folder == ROOT else folder.rglob('*')):
            if (path.is_file() and path.suffix in TEXT and path.name not in OMITTED
                    and '__pycache__' not in path.parts):
                yield path.relative_to(ROOT), path.read_text()


@pytest.fixture(scope='module')
def lines():
    """[(file:number, line)] of the whole repository."""
    return [(f'{path}:{number}', line) for path, text in pages()
            for number, line in enumerate(text.splitlines(), 1)]


@pytest.fixture(scope='module')
def whole(lines):
    """The text of all lines, as it is and in small letters: faster to search than line by line."""
    text = '\n'.join(line for _, line in lines)
    return text, text.lower()


@pytest.mark.parametrize('words', WORDS, ids=WORDS.get)
def test_no_word_of_our_own_where_the_field_has_one(lines, whole, words):
    any_case = words.islower()
    if not re.search(words, whole[any_case]):
        return
    found = [f'{place}: {line.strip()}' for place, line in lines
             if re.search(words, line, re.IGNORECASE if any_case else 0)]
    assert not found, f'say: {WORDS[words]}\n' + '\n'.join(found)


def test_the_whole_repository_is_read(lines):
    files = {place.split(':')[0] for place, _ in lines}
    assert len(lines) > 15000 and {
        'README.md', 'scripts/setup', 'train/__main__.py', 'docs/node.md', '.ci/run',
        'mono_depth_ros/node/lifecycle_node.py', 'launch/depth.launch.py'} <= files
