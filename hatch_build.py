"""Hatchling's build hook: the native library is compiled for the wheel, or into an editable installation's tree."""

from __future__ import annotations

import importlib.util
import os
import platform
import shlex
import sys
import sysconfig
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PLAIN = "CHAINRULE_BUILD"  # of the environment: ``plain`` builds a wheel without the library


class NativeBuildHook(BuildHookInterface[Any]):
    """Compiles the library; without any compiler the wheel is one for every machine, and training runs plainly."""

    def dependencies(self) -> list[str]:
        """A compiler from PyPI where there is none here."""
        wanted = os.environ.get(PLAIN) != "plain" and not os.environ.get("CHAINRULE_LIBRARY")
        return ["ziglang>=0.15"] if wanted and _native(self.root).compiler() is None else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and say for which machine the wheel is."""
        native = _native(self.root)
        into = native.FOLDER / native.name_of()
        if os.environ.get(PLAIN) == "plain":
            return
        try:
            command = native.compiler()
            if command is None:
                raise RuntimeError("no C++ compiler: expected CXX, c++, g++, clang++ or the package ziglang")
            native.build(command, into)
        except RuntimeError as error:
            into.unlink(missing_ok=True)
            sys.stderr.write(f"chainrule is installed without its native library: {error}\n")
            return
        self.app.display_info(f"the native library is built by {shlex.join(command)}")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{_platform()}"


def _platform() -> str:
    """This machine's part of a wheel's tag."""
    found = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    if platform.system() == "Darwin":
        system, _, machine = found.partition("_")[2].rpartition("_")
        return f"macosx_11_0_{platform.machine()}" if system else f"macosx_11_0_{machine}"
    return found


def _native(root: str) -> ModuleType:
    """``tools/native.py``, which is no package."""
    spec = importlib.util.spec_from_file_location("native", Path(root) / "tools" / "native.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
