"""The commands in the pages: what a reader may paste, and why a test does not run some of them."""

from dataclasses import dataclass
from pathlib import Path
import re
import shlex

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / 'README.md', *sorted((ROOT / 'docs').glob('*.md')))
LANGUAGES = {'bash', 'python', 'text', 'yaml', 'json', 'xml', 'mermaid'}
# Words in capitals stand for the reader's own files; training.md and results.md say so.
PLACEHOLDER = re.compile(r'\b(?:DIR|FILE|MODEL|RUN_OR_MODEL|URL|COMMAND)\b')
# A comment behind a command tells the reader that it takes long, or goes on for ever.
LONG = re.compile(r'\b(?:a minute|minutes|hours|a server)\b')
ELSEWHERE = {
    'ros2': 'needs ROS 2', 'rosdep': 'needs ROS 2', 'colcon': 'needs ROS 2; .ci/run builds',
    'mkdir': 'makes a ROS 2 workspace', 'python3': 'makes an environment on a robot',
    'cd': 'runs the tests on a robot', 'sudo': 'installs on a robot',
    'pip': 'installs on a robot', 'export': 'sets a variable of the shell that runs ros2',
    '.': 'sets up a shell', 'nvidia-cuda-mps-control': 'needs a GPU',
    'torchrun': 'needs several processes; test_train_many.py starts it',
    'scripts/test': 'is the suite itself', 'scripts/demo': 'run by .ci/run and test_demo.py',
    'scripts/bench': 'a benchmark', 'scripts/soak': 'long; test_soak.py runs short forms'}


@dataclass(frozen=True, kw_only=True)
class Command:
    """One command of a page: where, its words without a comment, and the comment."""

    page: str
    line: int
    text: str
    comment: str

    @property
    def words(self) -> list[str]:
        """The words of the command as bash splits them."""
        return shlex.split(self.text)

    @property
    def outcomes(self) -> set[str]:
        """Files and folders that it makes."""
        words = self.words
        made = {words[i + 1] for i, word in enumerate(words[:-1]) if word == '--out'}
        return made | set(words[3:4] if words[1:2] == ['export'] else [])


def blocks(page: Path) -> list[tuple[str, int, list[str]]]:
    """Language, first line number and lines of every fenced block of a page."""
    found, language, lines = [], None, []
    for number, line in enumerate(page.read_text().splitlines(), 1):
        if line.startswith('```'):
            if language is not None:
                found.append((language, number - len(lines), lines))
            language, lines = (line[3:].strip(), []) if language is None else (None, [])
        elif language is not None:
            lines.append(line)
    return found


def commands(page: Path) -> list[Command]:
    """Every command in the bash blocks of a page, in order."""
    found = []
    for language, first, lines in blocks(page):
        if language == 'bash':
            text = '\n'.join(lines).replace('\\\n', ' ')
            for offset, line in enumerate(text.splitlines()):
                command, _, comment = line.partition(' #')
                if command.strip():
                    found.append(Command(page=page.name, line=first + offset,
                                         text=command.strip(), comment=comment.strip()))
    return found


def reason_not_to_run(command: Command) -> str:
    """Why a test does not run a command; '' for one that it runs."""
    if PLACEHOLDER.search(command.text):
        return 'needs data or a model of the reader'
    if LONG.search(command.comment):
        return 'takes minutes, or never ends'
    return ELSEWHERE.get(command.words[0], '')


def runnable(page: Path) -> list[Command]:
    """The commands of a page that a test runs: quick ones that need nothing but the checkout.

    What works on the outcome of a command that is not run is left out as well.
    """
    kept, missing = [], set()
    for command in commands(page):
        needs_missing = any(word.partition('=')[2] in missing or word in missing
                            for word in command.words)
        if reason_not_to_run(command) or needs_missing:
            missing |= command.outcomes
        else:
            kept.append(command)
    return kept
