"""Files written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: str | os.PathLike[str], data: str | bytes, *, lasting: bool = True) -> None:
    """Write a file so that it is either the old one or the whole new one, never a part.

    Args:
        data: bytes, or text that is written as UTF-8.
        lasting: wait until the disk has it; False for many files that can be made again.
    """
    target = Path(path)
    content = data.encode("utf-8", errors="replace") if isinstance(data, str) else data
    part = target.parent / f".{target.name[:40]}.{os.urandom(8).hex()}"  # known before it exists: Ctrl-C leaves none
    try:
        with open(part, "xb") as file:
            file.write(content)
            file.flush()
            if lasting:
                os.fsync(file.fileno())
        os.replace(part, target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
