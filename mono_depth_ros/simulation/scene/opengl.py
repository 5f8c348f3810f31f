"""MuJoCo with an OpenGL library that works without a screen.

The library must be chosen before mujoco is imported, so mujoco is imported only through here.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import subprocess
import sys

NO_GL = (
    'MuJoCo found no OpenGL that works without a screen ({why}): install the Debian packages '
    'libegl1 and libgl1-mesa-dri (EGL), or libosmesa6 (OSMesa)')
LIBRARIES = {
    'egl': ('libEGL.so.1',), 'osmesa': ('libOSMesa.so.8', 'libOSMesa.so.6', 'libOSMesa.so')}


def load_mujoco():
    """The mujoco module; on first use MUJOCO_GL, where unset, becomes egl or else osmesa.

    Raises OSError, one sentence that says what to install, where MuJoCo is not installed or
    neither library loads.
    """
    if 'mujoco' not in sys.modules:
        _choose_library()
    try:
        return importlib.import_module('mujoco')
    except ModuleNotFoundError:
        raise
    except (ImportError, AttributeError, RuntimeError, OSError) as error:
        raise OSError(NO_GL.format(why=_one_line(error))) from error


def new_context(width: int, height: int):
    """An OpenGL context for off-screen rendering, current on this thread; `free()` ends it.

    Raises OSError, one sentence that names the Debian packages, where none can be made.
    """
    load_mujoco()
    from OpenGL.error import Error
    try:
        context = importlib.import_module('mujoco.gl_context').GLContext(width, height)
        context.make_current()
        return context
    except (ImportError, AttributeError, RuntimeError, OSError, Error) as error:
        raise OSError(NO_GL.format(why=_one_line(error))) from error


def _choose_library() -> None:
    """Set MUJOCO_GL to the first library that loads, unless the user has set it."""
    if importlib.util.find_spec('mujoco') is None:
        raise OSError('MuJoCo is not installed: pip install mujoco')
    if os.environ.get('MUJOCO_GL'):
        return
    found = [name for name, files in LIBRARIES.items() if any(map(_loads, files))]
    if not found:
        raise OSError(NO_GL.format(why='neither libEGL nor libOSMesa loads'))
    # Where both load, EGL may still lack a driver. A process can try only one of them.
    working = found[0] if len(found) == 1 or _renders(found[0]) else found[1]
    os.environ['MUJOCO_GL'] = working


def _renders(name: str) -> bool:
    script = 'from mujoco.gl_context import GLContext; GLContext(8, 8).make_current()'
    return subprocess.run([sys.executable, '-c', script], capture_output=True, check=False,
                          env=os.environ | {'MUJOCO_GL': name}).returncode == 0


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _one_line(error: Exception) -> str:
    text = ' '.join(str(error).split()) or type(error).__name__
    return text.rstrip('.')[:160]
