"""What Python calls: compiled without the interpreter's lock, and kept on disk."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from numba import njit

FOLDER = Path(__file__).parent
#: what the kernels are compiled from
SOURCES = (
    *sorted(FOLDER.glob("*.py")),
    *(FOLDER.parents[1] / name for name in ("network/activations.py", "network/losses.py", "train/dropout.py")),
)


def entry(function: Any) -> Any:
    """Compile what Python calls, and keep it where there is a place: beside this file, or in the user's cache folder.

    To know whether what was kept is still good, numba looks at the function's own file alone, and would go on with old
    kernels after an upgrade that changed only others; here it looks at a digest of all.
    """
    options: dict[str, Any] = {"error_model": "numpy", "nogil": True}
    try:
        compiled = njit(**options, cache=True)(function)
        compiled._cache._cache_file._source_stamp = digest()
    except (RuntimeError, AttributeError):  # no folder may be written to, or a numba that keeps them otherwise
        return njit(**options)(function)  # compiled anew in each process
    return compiled


@cache
def digest() -> str:
    """A digest of ``SOURCES``."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in SOURCES)).hexdigest()
