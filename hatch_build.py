"""Hatchling's build hook: the native library is compiled for the wheel, or into the tree of an editable installation.

What the environment may say:
    CHAINRULE_BUILD=plain: nothing is compiled; training then runs by the plain engine
    CHAINRULE_LIBRARY, CHAINRULE_TAG: a library that is ready, and the platforms it is for, as in ``macosx_11_0_arm64``
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PLAIN = "CHAINRULE_BUILD"
READY = "CHAINRULE_LIBRARY"
TAG = "CHAINRULE_TAG"
COMPILER = "ziglang>=0.17"


class NativeBuildHook(BuildHookInterface[Any]):
    """Compiles the library; without any compiler the wheel is one for every machine, and training runs plainly."""

    folder: Path | None = None  # where the library waits for the wheel

    def dependencies(self) -> list[str]:
        """A compiler from PyPI where there is none here, and one can be had."""
        wanted = os.environ.get(PLAIN) != "plain" and not os.environ.get(READY) and _fits()
        return [COMPILER] if wanted and _native(self.root).compiler() is None and _to_be_had() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and say for which machine the wheel is.

        Raises:
            RuntimeError: the environment names a library and no tag, a tag and no library, or a file that is none.
        """
        native = _native(self.root)
        if version == "editable":
            into = native.FOLDER / native.name_of()
            if not self._compiled(native, into):
                into.unlink(missing_ok=True)
            return
        library, tag = os.environ.get(READY), os.environ.get(TAG)
        if bool(library) != bool(tag):
            raise RuntimeError(f"{READY} and {TAG}: expected both or neither, found {library!r} and {tag!r}")
        if library:
            into = Path(library).resolve()
            if not into.is_file() or into.suffix not in (".so", ".dylib", ".dll"):
                raise RuntimeError(f"{READY}: expected a file that ends with .so, .dylib or .dll, found {library!r}")
            self.app.display_info(f"chainrule's native library is {into}")
        else:  # in a folder of its own: the tree's may be of an earlier build
            self.folder = Path(tempfile.mkdtemp())
            into = self.folder / native.name_of()
            if not self._compiled(native, into):
                self._clear()
                return
        build_data["force_include"][str(into)] = f"chainrule/native/_engine{into.suffix}"
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{tag or _platform()}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """The wheel is written."""
        self._clear()

    def _clear(self) -> None:
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _compiled(self, native: ModuleType, into: Path) -> bool:
        """Whether there is a library now; why not is said."""
        try:
            if os.environ.get(PLAIN) == "plain":
                raise RuntimeError(f"{PLAIN} is plain")
            if not _fits():
                raise RuntimeError("this Python is one of 32 bits")
            command = native.compiler()
            if command is None:
                raise RuntimeError(native.NONE)
            if self.folder is None:
                native.build_here(command, into)
            else:
                native.build(command, into)
        except (RuntimeError, OSError) as error:
            self.app.display_warning(f"chainrule is built without its native library: {error}")
            return False
        self.app.display_info(f"chainrule's native library is built by {shlex.join(command)}")
        return True


def _fits() -> bool:
    """Whether a library for the processor can be loaded: not into a Python of 32 bits."""
    return sys.maxsize > 2**32


def _to_be_had() -> bool:
    """Whether pip finds the compiler: a requirement that cannot be had would end the installation.

    The pip is that of this Python outside the build's own environment, as far as there is one.
    """
    pip = [sys.executable, "-I", "-m", "pip"]
    ask = ["install", "--dry-run", "--no-deps", "--ignore-installed", "-q", "--only-binary", ":all:", COMPILER]
    try:
        if subprocess.run([*pip, "--version"], capture_output=True, timeout=60).returncode:
            return True
        return subprocess.run([*pip, *ask], capture_output=True, timeout=600).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _platform() -> str:
    """This machine's part of a wheel's tag."""
    if platform.system() == "Darwin":  # the Python may be for later systems, or for both machines
        return f"macosx_11_0_{platform.machine()}"
    return sysconfig.get_platform().replace("-", "_").replace(".", "_")


def _native(root: str) -> ModuleType:
    """``tools/native.py``, which is no package."""
    spec = importlib.util.spec_from_file_location("native", Path(root) / "tools" / "native.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
