"""Standard input, output and error as they come: closed, of any encoding, read by a terminal that obeys some signs."""

from __future__ import annotations

import codecs
import io
import os
import re
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

#: signs of ours by others that every encoding has
_SAID = """
    →-> ←<- ⇒=> ↦|-> ↔<-> −- –- —- ‐- ×* ·* ⋅* ÷/ ∕/ ≈~= ≃~= ≤<= ≥>= ≠!= ≡== ±+- √sqrt ∞inf …... ⋯...
    “" ”" „" «" »" ‘' ’' ′' ″'' •* ‣* ✓ok ✔ok ✗x ✘x ∂d ∇grad ∑sum ∏prod ∈in ∘o ⊙* ⊗(x) ⊕(+) ‖|| ∣| ∥|| ⟨<
    ⟩> ½1/2 ¼1/4 ¾3/4 ᵀ^T ⊤^T °deg ═= ─- ━- │| ┃| █# ▓# ▒# ░. ▏| ▕| ■# □o ●* ○o ▶> ◀< ▲^ ▼v ŷyhat ßss æae ÆAE øo ØO
    œoe łl ŁL đd ıi ℝR ℓl µmu
"""
PLAIN = {item[0]: item[1:] for item in _SAID.split()}
PLAIN |= {"\ufffd": "\\ufffd", "\u0302": "^", "\u0303": "~", "\u0304": "-", "\u200b": ""}
PLAIN |= dict.fromkeys("\u00a0\u2007\u2009\u202f", " ")
PLAIN |= {chr(sign): "+" for sign in range(0x250C, 0x254C)}  # corners of tables
PLAIN |= {chr(0x2400 + code): f"^{chr(code + 64)}" for code in range(32)}  # pictures of control characters


class ReaderGone(Exception):
    """Nobody reads any more what is written, as with ``| head``."""


_GREEK = re.compile(r"GREEK (CAPITAL|SMALL) LETTER (?:FINAL )?(\w+)")
#: what a terminal obeys: controls other than the line's end and the tabulator, and signs that turn the direction
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def shown(text: str) -> str:
    """Text with nothing in it that a terminal obeys: controls as pictures of themselves.

    >>> shown("a\\x1b]0;own\\x07")
    'a␛]0;own␇'
    """
    return _OBEYED.sub(lambda found: _picture(found[0]), text)


def _picture(sign: str) -> str:
    code = ord(sign)
    return chr(0x2400 + code) if code < 32 else "\u2421" if code == 127 else "\ufffd"


def said(sign: str) -> str:
    """One character by characters of ASCII.

    >>> said("σ"), said("→"), said("ŷ"), said("é"), said("²"), said("中")
    ('sigma', '->', 'yhat', 'e', '^2', '\\\\u4e2d')
    """
    if sign in PLAIN:
        return PLAIN[sign]
    if found := _GREEK.match(unicodedata.name(sign, "")):
        return found[2].capitalize() if found[1] == "CAPITAL" else found[2].lower()
    parts = unicodedata.normalize("NFKD", sign)
    base = "".join(p if p.isascii() else PLAIN.get(p, "") for p in parts if not unicodedata.combining(p))
    if parts != sign and base:
        raised = {"<super>": "^", "<sub>": "_"}
        return raised.get(unicodedata.decomposition(sign).partition(" ")[0], "") + base
    return sign.encode("ascii", "backslashreplace").decode()


def _plainly(error: UnicodeError) -> tuple[str, int]:
    """What stands for characters that an encoding lacks; bytes of a file name that are no text show as ``\\xff``."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end]
    return "".join(f"\\x{ord(s) - 0xDC00:02x}" if "\udc80" <= s <= "\udcff" else said(s) for s in signs), error.end


codecs.register_error("chainrule.plain", _plainly)


class Shown(io.TextIOBase):
    """A stream of text to a person: as the one below, with nothing that a terminal obeys.

    Attributes:
        below: the stream itself, for those who draw in a terminal.
    """

    def __init__(self, below: TextIO) -> None:
        self.below = below

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Of the stream below."""
        return self.below.encoding

    @property
    def buffer(self) -> Any:
        """Of the stream below: bytes are left alone."""
        return self.below.buffer

    def write(self, text: str) -> int:
        """Write the text as ``shown`` has it."""
        with _while_read():
            self.below.write(shown(text))
        return len(text)

    def flush(self) -> None:
        """As of the stream below."""
        with _while_read():
            self.below.flush()

    def fileno(self) -> int:
        """As of the stream below."""
        return self.below.fileno()

    def isatty(self) -> bool:
        """As of the stream below."""
        return self.below.isatty()

    def writable(self) -> bool:
        """Always."""
        return True


@contextmanager
def _while_read() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise ReaderGone from None
    except OSError as error:
        raise OSError(error.errno, error.strerror, "standard output") from None


def drawn(stream: Any) -> Any:
    """The stream that a terminal's colours and bars may be written to."""
    return stream.below if isinstance(stream, Shown) else stream


@contextmanager
def prepared() -> Iterator[None]:
    """Standard streams that take any text as long as this lasts: none is closed, none refuses a character."""
    _opened()
    before = sys.stdout, sys.stderr
    for stream in before:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="chainrule.plain")
    sys.stdout, sys.stderr = Shown(before[0]), Shown(before[1])
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def _opened() -> None:
    """What the caller has closed leads nowhere; else the next file that is opened would take its place."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8", closefd=False))  # noqa: SIM115


def says_all() -> bool:
    """Whether standard output has every character."""
    return (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "").startswith(("utf", "cp65001"))


def silence() -> None:
    """Standard output and error lead nowhere from now on: their reader has gone."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            os.dup2(nowhere, stream.fileno())
