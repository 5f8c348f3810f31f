"""The fast tests: every room of docs/architecture.md has some, found by what each test uses."""

import ast
from functools import cache
from pathlib import Path

import pytest
from test_architecture import arrows_in_picture, room_of, statements

TESTS = Path(__file__).parents[1]
NOT_FAST = ('thorough', 'slow')
# Two lines around main() of a room that has tests; test_package.py imports it.
EXECUTABLES = {'mono_depth_ros/depth_node'}


def marks(decorators):
    """Names of the pytest marks among decorators, or in the value of `pytestmark`."""
    return {node.attr for decorator in decorators for node in ast.walk(decorator)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute)
            and node.value.attr == 'mark'}


def whole_file_marks(tree):
    """Marks that a file gives to all its tests."""
    return marks([node.value for node in tree.body if isinstance(node, ast.Assign)
                  and ast.unparse(node.targets[0]) == 'pytestmark'])


@cache
def names_in(node):
    """Names a piece of code uses, and those of the fixtures a function asks for."""
    return {part.id if isinstance(part, ast.Name) else part.arg for part in ast.walk(node)
            if isinstance(part, (ast.Name, ast.arg))}


def imported_rooms(tree):
    """{name: room} of what a file imports from the code under test."""
    rooms = {}
    for node in statements(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                rooms[alias.asname or alias.name] = room_of(f'{node.module}.{alias.name}')
    return {name: room for name, room in rooms.items() if room}


def rooms_of_fast_tests(path):
    """Rooms that the fast tests of a file use, by themselves or by its functions and fixtures."""
    tree = ast.parse(path.read_text())
    rooms, found = imported_rooms(tree), set()
    defined = {node.name: node for node in tree.body
               if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    if whole_file_marks(tree) & set(NOT_FAST):
        return found
    for name, node in defined.items():
        if name.startswith('test_') and not marks(node.decorator_list) & set(NOT_FAST):
            seen, waiting = set(), names_in(node)
            while waiting:
                used = waiting.pop()
                seen.add(used)
                waiting |= (names_in(defined[used]) if used in defined else set()) - seen
            found |= {rooms[used] for used in seen if used in rooms}
    return found


def test_every_room_has_a_fast_test():
    covered = set().union(*(rooms_of_fast_tests(path) for path in TESTS.rglob('test_*.py')))
    rooms = {room for room, _ in arrows_in_picture()}
    assert len(rooms) > 30
    assert sorted(rooms - covered - EXECUTABLES) == []


@pytest.mark.parametrize('code, fast', [
    ('def test_it():\n    mean_log()', True),
    ('def test_it(given):\n    pass\ndef given():\n    return mean_log()', True),
    ('@pytest.mark.thorough\ndef test_it():\n    mean_log()', False),
    ('@pytest.mark.slow\ndef test_it():\n    mean_log()', False),
    ('pytestmark = pytest.mark.thorough\ndef test_it():\n    mean_log()', False),
    ('pytestmark = [pytest.mark.timeout(9), pytest.mark.thorough]\ndef test_it():\n'
     '    mean_log()', False),
    ('def test_it():\n    pass\ndef unused():\n    mean_log()', False)])
def test_what_counts_as_a_fast_test(tmp_path, code, fast):
    path = tmp_path / 'test_it.py'
    path.write_text(f'from mono_depth_ros.metrics import mean_log\n{code}\n')
    assert rooms_of_fast_tests(path) == ({'mono_depth_ros/metrics'} if fast else set())
