"""Text files as UTF-8: the encoding found out, and the bytes turned into UTF-8 while they are read."""

from __future__ import annotations

import codecs
import re
from typing import IO, Any

from chainrule.errors import InputError

#: marks at the beginning of a file, the longer first
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip


def encoding_of(start: bytes) -> str:
    """The encoding that a text file's beginning shows: by its mark, or UTF-16 by its zeros; else UTF-8.

    >>> from chainrule.tables.encodings import encoding_of
    >>> encoding_of("a,b".encode("utf-16")), encoding_of(b"a,b")
    ('utf-16', 'utf-8')
    """
    for mark, name in _MARKS:
        if start.startswith(mark):
            return name
    part = start[: len(start) & ~1]
    zeros = part[::2].count(0), part[1::2].count(0)
    if len(part) >= 4 and max(zeros) > len(part) // 8 and 4 * min(zeros) < max(zeros):
        return "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"
    return "utf-8"


def fallback(content: IO[bytes]) -> str:
    """The encoding of a text that is not UTF-8: Windows's of Western Europe, or Latin-1 where that lacks a letter.

    Raises:
        InputError: nearly all of its letters are UTF-8; the line of the first that is not.
    """
    utf8 = codecs.getincrementaldecoder("utf-8")(errors="replace")
    good = bad = line = 0
    begun = content.tell() if content.seekable() else None
    while begun is not None and (part := content.read(1 << 20)):
        text = utf8.decode(part)
        odd = text.count("\ufffd")
        line += 0 if bad else text[: text.find("\ufffd") if odd else None].count("\n")
        bad += odd
        good += sum(map(len, _LETTERS.findall(text))) - odd
    if begun is not None:
        content.seek(begun)
    if good >= MOSTLY * max(1, bad) and begun is not None:
        wanted = "text in one encoding (--encoding says which)"
        raise InputError("data", wanted, f"UTF-8 but for a letter in line {line + 1}")
    decoder = codecs.getincrementaldecoder("cp1252")()
    try:
        while block := content.read(1 << 20):
            decoder.decode(block)
    except UnicodeDecodeError:
        return "latin-1"
    return "cp1252"


_BLANKS = re.compile(r"[ \t]+")
_ENDS = re.compile(r"(?m)^ | (?=\r?$)")


MOSTLY = 20  # letters of UTF-8 for each that is none, that say a text is UTF-8
_LETTERS = re.compile(r"[^\x00-\x7f]+")


class Utf8:
    """A text as bytes of UTF-8, without a mark; reading raises a UnicodeError where it is not in the encoding.

    Args:
        content: the bytes of the file.
        encoding: of them.
        after: text that is put behind the end.
        runs: whether several blanks are to be one, and none at the ends of lines.
    """

    def __init__(self, content: IO[bytes], encoding: str, after: str = "", runs: bool = False) -> None:
        self._content, self._after, self.closed = content, after, False
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._as_it_is = codecs.lookup(encoding).name == "utf-8" and not runs
        self._runs, self._held = runs, ""
        self._begun = self._ended = False
        self._last = b""
        self.hexadecimal = False  # whether what was read has numbers such as 0x1F, which Arrow would take as such
        self._ready: list[bytes] = []

    def read(self, size: int = -1) -> bytes:
        """So many bytes, or all that are left: Arrow takes fewer for a block that is to end with a row."""
        count = sum(map(len, self._ready))
        while not self._ended and (size < 0 or count < size):
            self._ready.append(self._next(size))
            count += len(self._ready[-1])
        found = self._ready[0] if len(self._ready) == 1 else b"".join(self._ready)
        found, rest = (found, b"") if size < 0 else (found[:size], found[size:])
        self._ready = [rest]
        return found

    def _next(self, size: int) -> bytes:
        block = self._content.read(size)
        self._ended = not block
        text = self._decoder.decode(block, self._ended)
        if not self._begun and text:
            self._begun = True
            text, block = text.removeprefix("\ufeff"), block.removeprefix(codecs.BOM_UTF8)
        if self._runs:
            text = self._one_blank(text)
        found = block if self._as_it_is else text.encode()
        if not self.hexadecimal:
            near = self._last + found[:1]
            self.hexadecimal = any(mark in part for mark in (b"0x", b"0X") for part in (found, near))
            self._last = found[-1:]
        return found + self._after.encode() if self._ended else found

    def _one_blank(self, text: str) -> str:
        """Whole lines of the text with single blanks; the last one is held until its end is there."""
        whole = self._held + text
        end = len(whole) if self._ended else whole.rfind("\n") + 1
        self._held = whole[end:]
        return one_blank(whole[:end])

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
        """The file itself is left open."""
        self.closed = True


def one_blank(lines: str) -> str:
    """Lines with one blank for several, and none at their ends."""
    return _ENDS.sub("", _BLANKS.sub(" ", lines))


def text_of(start: bytes, encoding: str) -> str:
    """The beginning of a text; a letter that is cut at its end is left out."""
    decoder: Any = codecs.getincrementaldecoder(encoding)()
    found: str = decoder.decode(start)
    return found.removeprefix("\ufeff")
