"""Files written whole or not at all; devices and pipes written through; links and permissions kept."""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TextIO

from chainrule.system.streams import ReaderGone

PRIVATE = 0o600  # permissions of a file for its owner alone


def write_whole(
    path: str | os.PathLike[str], data: str | bytes, *, lasting: bool = True, private: bool = False
) -> None:
    """Write a file so that it is either the old one or the whole new one, never a part; as ``whole_file`` does.

    Args:
        data: bytes, or text that is written as UTF-8.
    """
    content = data.encode("utf-8", errors="replace") if isinstance(data, str) else data
    with whole_file(path, lasting=lasting, private=private) as file:
        file.write(content)


@contextmanager
def whole_file(path: str | os.PathLike[str], *, lasting: bool = True, private: bool = False) -> Iterator[BinaryIO]:
    """A file that stands at its place once it is whole.

    A link stays one: the file that it leads to is written. A file that is replaced keeps its permissions. What is no
    file (a terminal, a pipe, ``/dev/null``) is written through and stays what it is.

    Args:
        lasting: wait until the disk has it; False for many files that can be made again.
        private: a new file is its owner's alone (mode 600).

    Raises:
        OSError: it cannot be written; ``filename`` is the path that was asked for.
    """
    asked = os.fspath(path)
    with _named(asked):
        through = _is_through(asked)
    if through:
        with _named(asked), open(asked, "ab") as raw:
            yield raw
        return
    target = Path(os.path.realpath(asked))
    part = target.parent / f".{target.name[:40]}.{os.urandom(8).hex()}"  # known before it exists: Ctrl-C leaves none
    try:
        with _named(asked):
            mode = _mode(target)
            file = os.fdopen(os.open(part, _NEW, PRIVATE if private or mode is not None else 0o666), "wb")
        with file:
            yield file
            with _named(asked):
                file.flush()
                if mode is not None:
                    _keep(part, mode)
                if lasting:
                    os.fsync(file.fileno())
        with _named(asked):
            os.replace(part, target)
    except BaseException:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise


@contextmanager
def whole_text(path: str | os.PathLike[str], *, lasting: bool = True, private: bool = False) -> Iterator[TextIO]:
    """As ``whole_file``, for text that is written as UTF-8, with its line ends as they are."""
    with whole_file(path, lasting=lasting, private=private) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", errors="replace", newline="")
        yield text
        text.flush()
        text.detach()


_NEW = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


def is_device(path: str | os.PathLike[str]) -> bool:
    """Whether a path leads to what is written through: a terminal, a pipe, a device."""
    try:
        return _is_through(os.fspath(path))
    except OSError:
        return False


def _is_through(path: str) -> bool:
    """Whether there is something that is no regular file, or a stream of this process (``/dev/stdout``).

    Raises:
        OSError: a folder, a disk, a socket.
    """
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return False
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        return False  # a link to itself leads nowhere: it is written over
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "a folder is there", path)
    if stat.S_ISBLK(mode) or stat.S_ISSOCK(mode):
        kind = "a disk" if stat.S_ISBLK(mode) else "a socket"
        raise OSError(errno.EINVAL, f"expected a file; got {kind}", path)
    return not stat.S_ISREG(mode) or os.path.abspath(path).startswith(("/dev/fd/", "/dev/std", "/proc/"))


def _mode(target: Path) -> int | None:
    """The permissions of a file that is replaced; None for a new one.

    Raises:
        PermissionError: it may not be written.
    """
    try:
        mode = stat.S_IMODE(target.stat().st_mode)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        return None
    if not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "the file is read-only", str(target))
    return mode


def _keep(part: Path, mode: int) -> None:
    """Give a part the permissions of what it replaces."""
    with suppress(OSError):  # not every file system has them
        os.chmod(part, mode)


@contextmanager
def _named(path: str) -> Iterator[None]:
    """An error is told with the path that was asked for, not with that of a part."""
    try:
        yield
    except BrokenPipeError:
        raise ReaderGone from None
    except OSError as error:
        if error.errno is None:
            raise
        raise type(error)(error.errno, error.strerror, path) from None
