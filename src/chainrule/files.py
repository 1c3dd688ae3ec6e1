"""Files written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_whole(path: str | os.PathLike[str], data: str | bytes, *, lasting: bool = True) -> None:
    """Write a file so that it is either the old one or the whole new one, never a part.

    Args:
        data: bytes, or text that is written as UTF-8.
        lasting: wait until the disk has it; False for many files that can be made again.
    """
    target = Path(path)
    content = data.encode("utf-8", errors="replace") if isinstance(data, str) else data
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:40]}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            if lasting:
                os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise
