"""JSON before Arrow reads it: how deep its lists and objects are, as Arrow's reader has no bound of its own."""

from __future__ import annotations

import numpy as np

from chainrule.errors import InputError
from chainrule.tables.encodings import Utf8

DEEPEST = 100  # levels of lists and objects
_OPEN, _CLOSE = b"{[", b"}]"


class ShallowJson:
    """A stream of JSON in UTF-8 as it is; reading raises where its values are too deep.

    Args:
        name: of the file, in the error.
    """

    def __init__(self, stream: Utf8, name: str) -> None:
        self._stream, self._name, self.closed = stream, name, False
        self._depth, self._in_text, self._escape = 0, False, b""

    def read(self, size: int = -1) -> bytes:
        """So many bytes, or all.

        Raises:
            InputError: lists and objects of too many levels.
        """
        block = self._stream.read(size)
        self._look(block)
        return block

    def _look(self, block: bytes) -> None:
        text = self._escape + block
        tail = len(text) - len(text.rstrip(b"\\"))
        self._escape = b"\\" * (tail % 2)
        text = text[: len(text) - tail].replace(b"\\\\", b"").replace(b'\\"', b"")
        signs = np.frombuffer(text, np.uint8)
        inside = (np.cumsum(signs == ord('"'), dtype=np.int64) + self._in_text) % 2 == 1
        steps = np.zeros(len(signs), np.int8)
        for mark in _OPEN:
            steps[signs == mark] = 1
        for mark in _CLOSE:
            steps[signs == mark] = -1
        steps[inside] = 0
        depths = self._depth + np.cumsum(steps, dtype=np.int64)
        if not len(depths):
            return
        self._depth, self._in_text = int(depths[-1]), bool(inside[-1])
        if depths.max() > DEEPEST:
            expected = f"lists and objects of at most {DEEPEST} levels"
            raise InputError(f"data {self._name}", expected, "deeper ones")

    def readable(self) -> bool:
        """True."""
        return True

    def writable(self) -> bool:
        """False."""
        return False

    def seekable(self) -> bool:
        """False."""
        return False

    def flush(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """No more is read."""
        self.closed = True
