"""Files written whole or not at all; devices and pipes written through; links and permissions kept."""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Collection, Iterator
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
            before = _replaced(target)
            file = os.fdopen(os.open(part, _NEW, PRIVATE if private or before is not None else 0o666), "wb")
        with _named(asked, _FULL), file:
            yield file
            with _named(asked):
                file.flush()
                if before is not None:
                    _keep(part, before)
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
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "a folder is there", path)
    if stat.S_ISBLK(mode) or stat.S_ISSOCK(mode):
        kind = "a disk" if stat.S_ISBLK(mode) else "a socket"
        raise OSError(errno.EINVAL, f"expected a file; got {kind}", path)
    return not stat.S_ISREG(mode) or os.path.abspath(path).startswith(("/dev/fd/", "/dev/std", "/proc/"))


def _replaced(target: Path) -> os.stat_result | None:
    """The file that is replaced; None for a new one.

    Raises:
        PermissionError: it may not be written.
    """
    try:
        before = target.stat()
    except FileNotFoundError:
        return None
    if not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "the file is read-only", str(target))
    return before


def _keep(part: Path, before: os.stat_result) -> None:
    """Give a part the owner and the permissions of what it replaces, as far as this user may."""
    made = part.stat()
    if hasattr(os, "chown") and (made.st_uid, made.st_gid) != (before.st_uid, before.st_gid):
        with suppress(OSError):
            os.chown(part, before.st_uid, before.st_gid)
    with suppress(OSError):  # not every file system has them
        os.chmod(part, stat.S_IMODE(before.st_mode))


_FULL = (errno.EFBIG, errno.ENOSPC, errno.EIO, getattr(errno, "EDQUOT", errno.ENOSPC))


@contextmanager
def _named(path: str, kinds: Collection[int] = ()) -> Iterator[None]:
    """An error is told with the path that was asked for, not with that of a part.

    Args:
        kinds: of errors of which this is so, where they name no file; all, where none is given.
    """
    try:
        yield
    except BrokenPipeError:
        raise ReaderGone from None
    except OSError as error:
        if error.errno is None or (kinds and (error.filename is not None or error.errno not in kinds)):
            raise
        raise type(error)(error.errno, error.strerror, path) from None
