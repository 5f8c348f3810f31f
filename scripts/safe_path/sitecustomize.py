"""What PYTHONSAFEPATH does from Python 3.11 on, for 3.10; `use_own_modules` puts it on PYTHONPATH.

Python puts the folder it is called in before everything else of sys.path for -m and -c, but only
after this file has run: the first import after that takes it out.
"""

import sys


class CallersFolder:
    """Finds no module; first on sys.meta_path until the caller's folder is out of sys.path."""

    def __init__(self):
        self._first = sys.path[0]

    def find_spec(self, *asked):
        """None, with the caller's folder taken out if it is there by now."""
        if sys.path[0] != self._first:
            del sys.path[0]
            sys.meta_path.remove(self)


if sys.version_info < (3, 11) and sys.argv[:1] in (['-m'], ['-c']):
    sys.meta_path.insert(0, CallersFolder())
