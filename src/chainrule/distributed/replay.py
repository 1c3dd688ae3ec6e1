"""A log of the answers that an optimizer was given: what makes it go the same way again after a stop."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import BinaryIO

import numpy as np

from chainrule.errors import InputError
from chainrule.network.arrays import Array
from chainrule.system.files import write_whole

_FIRST = b"chainrule replay 1\n"


class Log:
    """A file of (question, loss, gradient), each with its checksum; a record that was cut short is dropped.

    ``replayed`` counts the answers that were given from the file.
    """

    def __init__(self, path: Path, conditions: str, parameters: int, resume: bool = True) -> None:
        """Open the file, or begin it.

        Args:
            conditions: tells one training from others.

        Raises:
            InputError: a file of another training, or of another kind; one that cannot be written.
        """
        self.path, self.size, self.replayed = path, parameters, 0
        self._record = 8 + 8 + 8 * parameters + 8
        head = _FIRST + f"{conditions}\n".encode()
        try:
            if not (resume and path.exists()):
                write_whole(path, head)
            with open(path, "rb") as file:
                found = file.read(len(head))
            if not found.startswith(_FIRST):
                raise InputError(f"checkpoint {path}", "a log of chainrule's L-BFGS", "something else")
            if found != head:
                was = found[len(_FIRST) :].decode(errors="replace").splitlines()
                raise InputError(f"checkpoint {path}", f"one of {conditions}", was[0] if was else "another")
            self._file: BinaryIO = open(path, "r+b")  # noqa: SIM115  closed by close()
        except OSError as error:
            raise InputError(f"checkpoint {path}", "a file that can be written", error.strerror or str(error)) from None
        self._file.seek(len(head))
        self._replaying = True

    def answer(self, theta: Array) -> tuple[float, Array] | None:
        """The next answer of the file, or None after its last.

        Raises:
            InputError: the file's question is another.
        """
        if not self._replaying:
            return None
        at = self._file.tell()
        record = self._file.read(self._record)
        if len(record) < self._record or _digest(record[:-8]) != record[-8:]:
            self._file.seek(at)
            self._file.truncate()
            self._replaying = False
            return None
        if record[:8] != _digest(theta.tobytes()):
            raise InputError(f"checkpoint {self.path}", "answers to the questions of this training", "to others")
        numbers = np.frombuffer(record[8:-8], np.float64)
        self.replayed += 1
        return float(numbers[0]), np.array(numbers[1:])

    def write(self, theta: Array, loss: float, grad: Array) -> None:
        """Add an answer; it lasts when this returns."""
        body = _digest(theta.tobytes()) + np.array([loss]).tobytes() + np.ascontiguousarray(grad).tobytes()
        try:
            self._file.write(body + _digest(body))
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            got = error.strerror or str(error)
            raise InputError(f"checkpoint {self.path}", "a file that can be written", got) from None

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=8).digest()
