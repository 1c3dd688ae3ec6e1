"""Names in the plain text of a worksheet: those of the design with their layers and indices, and the author's own.

Whether a superscript is a layer or a power is settled here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from chainrule.formula.tree import Symbol
from chainrule.network.names import SYMBOLS
from chainrule.system.patterns import regex

_GREEK = "Α-Ωα-ω"
_ITEM = r"(?:[0-9]{1,9}|[A-SU-Za-z])(?:\s*[+-]\s*[0-9]{1,9})?"
_TEXTBOOK = {"w": "W", "z": "a", "δ": "a"}  # the symbols of delta notation
_INDEX_LETTERS = "i-np-s"
_ONE = regex(_ITEM)
_SPACE = regex(r"\s+")
_INDEX = regex(rf"\s*([0-9]{{1,9}}|[lL{_INDEX_LETTERS}])\s*([+-]\s*[0-9]{{1,9}})?\s*")

_CORE = regex(r"(yhat|delta|[xyLahbWwzδω]|[ZA](?=\s*\^\s*\{\s*[(\[]|\[[0-9]\]))(?![A-Za-z0-9])")
_SUB = regex(
    r"\s*_\s*(?:\{(?P<braced>[^{}]{0,60})\}"
    rf"|(?P<listed>(?:[0-9]++|[{_INDEX_LETTERS}])(?:,(?:[0-9]++|[{_INDEX_LETTERS}]))++(?![A-Za-z_]|\.?[0-9]))"
    r"|(?P<alone>[0-9]{2,}+,)(?=\s*(?:$|-\s|[=*/+)\]}^⊙']))"
    rf"|(?P<mixed>[0-9]*[{_INDEX_LETTERS}][0-9{_INDEX_LETTERS}]*+)(?![A-Za-z0-9_])"
    r"|(?P<digits>[0-9]+))"
)
_BELOW = regex(r"\s*_")
_NET = regex(r"\s*_\s*(?:\{\s*in[\s_,]*[0-9]{0,2}\s*\}|in_?[0-9]{0,2})(?![A-Za-z0-9])")
_WORD_BELOW = regex(r"\s*_\s*[A-Za-z]")
_FLIP = r"(?:,\s*)?(?:\^\s*)?(?:[T⊤]|\{\s*[T⊤]\s*\})"  # a^{[1]T}
_LAYER = regex(
    rf"\s*\^\s*(?:\{{\s*[(\[]\s*(?P<bracketed>{_ITEM})\s*[)\]]\s*(?P<flip>{_FLIP})?\s*\}}|[(\[]\s*(?P<round>{_ITEM})\s*[)\]]"
    rf"|\{{\s*(?P<braced>{_ITEM})\s*\}}|(?P<plain>[0-9]{{1,9}}|[lL](?![A-Za-z0-9])))"
)
_PYTHON_LAYER = regex(r"\[(?P<layer>[1-9])\](?!\s*\[)")  # Z[1]
_OWN_LAYER = regex(r"\s*\^\s*(?:\{\s*[(\[]\s*(?P<braced>[0-9]{1,2}|L)\s*[)\]]\s*\}|[(\[](?P<round>[0-9]{1,2}|L)[)\]])")
_OWN_BELOW = regex(r"\s*_\s*(?:\{([^{}]{1,40})\}|([A-Za-z0-9]{1,40}))")
_PIECES = "(?:_[A-Za-z0-9]{1,40}){0,6}"
IDENTIFIER = regex(rf"[A-Za-z][A-Za-z0-9]{{0,40}}{_PIECES}|[{_GREEK}]{_PIECES}")
_OWN = regex(
    rf"(?P<change>Δ\s*)?(?P<word>[A-Za-z][A-Za-z0-9]{{0,40}}|[{_GREEK}][0-9]{{0,3}})"
    rf"(?:\s*_\s*\{{(?P<braced>[^{{}}]{{1,40}})\}}"
    rf"|\s*_(?P<plain>[A-Za-z0-9{_GREEK}]{{1,40}}{_PIECES}(?:,[0-9]{{1,9}}){{0,4}}+))?"
)
PRIMES = regex(
    r"\s*(?P<primes>'+)(?:\s*\{\s*(?P<after>[0-9]{1,9})\s*\}|\s*\^\s*\{\s*\(\s*(?P<raised>[0-9]{1,9})\s*\)\s*\})?"
)
NEW = regex(r"\s*\^\s*(?:\{\s*(?:new|\+)\s*\}|\+(?=\s*$))")


@dataclass(frozen=True)
class Index:
    """An index as written: a number, or a letter and a number to add to it."""

    letter: str
    number: int


@dataclass(frozen=True)
class Written:
    """A name of the design as written.

    Attributes:
        symbol: x, y, yhat, L, a, h, b, W, w, z or δ.
        indices: below the line; the first is the layer where none stands above.
        above: the layer, where it stands above the line.
        bracketed: that layer is in brackets.
        after: updates, by primes before the index; those behind the name are tokens of their own.
        flipped: a T for the transpose stands beside the layer: ``a^{[1]T}``.
    """

    symbol: str
    indices: tuple[Index, ...] = ()
    above: Index | None = None
    bracketed: bool = False
    after: int = 0
    flipped: bool = False

    def __str__(self) -> str:
        return self.symbol


@dataclass(frozen=True)
class Own:
    """A name of the author's own: ``E_1``, whose parts ``E`` and ``1`` matter where the index is a letter.

    Attributes:
        above: the layer that stands above the line in brackets: 2 of ``u_1^{(2)}``, "L" of ``u^{(L)}``.
        entry: the entry of an array that it is, counted from 0: (0, 1) of ``Z_1[0,1]``.
    """

    name: str
    word: str = ""
    index: str = ""
    above: str = ""
    entry: tuple[int, ...] = ()

    def __str__(self) -> str:
        return self.name


Operand: TypeAlias = Written | Own


class Meanings(Protocol):
    """What an author's names stand for (``naming``)."""

    def meaning(self, operand: Operand) -> Symbol | None:
        """The quantity; None for a name that is read as ever."""


@dataclass(frozen=True)
class Names:
    """What the names of a sheet mean.

    Attributes:
        sizes: units of each layer, the inputs first.
        meanings: of the author's names for quantities of the network; None where all are the design's.
        own: the names that the author has introduced so far.
        examples: how many there are: what m, N and n are where the author has not said.
        met: the names of the line being read; used: those of them that have a meaning.
        rate: a letter that is the learning rate on this sheet, where none of its usual names is there.
        asked: every name whose meaning was asked for, with what it was.
        guessed: letters of the line being read that count units of a layer which is nowhere said.
        has_h: h is the activation on this sheet; so ``a^{(2)}`` is a pre-activation.
        has_z: ``z_21`` is the pre-activation on this sheet; so ``a_21`` is an activation.
    """

    sizes: tuple[int, ...]
    meanings: Meanings | None = None
    examples: int = 1
    own: set[str] = field(default_factory=set)
    met: set[Operand] = field(default_factory=set)
    used: set[Operand] = field(default_factory=set)
    asked: dict[Operand, Symbol | None] = field(default_factory=dict)
    guessed: set[str] = field(default_factory=set)
    rate: str = ""
    has_h: bool = False
    has_z: bool = False

    @property
    def depth(self) -> int:
        """Layers."""
        return len(self.sizes) - 1

    def meaning(self, operand: Operand) -> Symbol | None:
        """The quantity that a name of the author's stands for; None where it is read as ever."""
        self.met.add(operand)
        if isinstance(operand, Own) and operand.name in self.own:
            return None
        found = self.asked[operand] = self.given(operand)
        if found is not None:
            self.used.add(operand)
        return found

    def given(self, operand: Operand) -> Symbol | None:
        """What a name means to the author, whatever the sheet has introduced."""
        return None if self.meanings is None else self.meanings.meaning(operand)

    def number(self, index: Index, bound: Mapping[str, int]) -> int | None:
        """The number of an index; None for a letter that stands for none."""
        if not index.letter:
            return index.number
        if index.letter in bound:
            return bound[index.letter] + index.number
        return self.depth + index.number if index.letter == "L" else None


def operand(text: str, at: int, depth: int) -> tuple[Operand, int] | None:
    """The name at a place, with the place behind it: one of the design, or one of the author's own."""
    return _name(text, at, depth) or own_name(text, at)


def own_name(text: str, at: int) -> tuple[Own, int] | None:
    """The name of the author's own at a place, with the place behind it."""
    match = _OWN.match(text, at)
    if match is None:
        return None
    end, index = match.end(), _SPACE.sub("", match["braced"] or match["plain"] or "")
    if match["plain"] and "," in index and not match["change"]:
        kept = index.partition(",")[0]
        end, index = end - (len(index) - len(kept)), kept
    word = ("Δ" if match["change"] else "") + match["word"]
    return Own(f"{word}_{index}" if index else word, word, index), end


def with_layer(name: Own, text: str, at: int) -> tuple[Own, int]:
    """An own name with the layer above it, which stands at a place or does not: ``u^{(2)}``, ``u^{(2)}_1``."""
    match = _OWN_LAYER.match(text, at)
    if match is None:
        return name, at
    end, above, index = match.end(), match["braced"] or match["round"], name.index
    if not index and (below := _OWN_BELOW.match(text, end)):
        end, index = below.end(), _SPACE.sub("", below[1] or below[2])
    stem = f"{name.word}_{index}" if index else name.word
    return Own(f"{stem}^{{({above})}}", name.word, index, above), end


def entry_of(name: Operand, at: int, text: str) -> tuple[Operand, int]:
    """The entry of an array that a whole subject is, counted from 0: ``Z_1[0,0]``, ``W_1[0][1]``.

    A weight with its layer is that weight of the design; an entry of anything else is a name of the author's own.
    """
    match = _ENTRY.match(text, at)
    if match is None:
        return name, at
    entry = tuple(int(number) for number in match.groups() if number)
    if isinstance(name, Own):
        written = f"{name.name}[{','.join(map(str, entry))}]"
        return Own(written, name.word, name.index, name.above, entry), match.end()
    layer = name.above or (name.indices[0] if len(name.indices) == 1 else None)
    if layer is not None and not (name.above and name.indices) and len(entry) == (2 if name.symbol in "Ww" else 1):
        units = tuple(Index("", one + 1) for one in entry)
        return Written(name.symbol, units if name.above else (layer, *units), name.above, name.bracketed), match.end()
    below = ",".join(str(i.number) for i in name.indices)
    stem = f"{name.symbol}_{below}" if below else name.symbol
    return Own(f"{stem}[{','.join(map(str, entry))}]", name.symbol, below, "", entry), match.end()


_ENTRY = regex(r"\[\s*([0-9]{1,3})\s*(?:\]\s*\[|,)?\s*([0-9]{1,3})?\s*\]\s*$")


def _name(text: str, at: int, depth: int) -> tuple[Written, int] | None:
    """A name of the design: a letter, then its indices below and its layer above, in either order."""
    core = _CORE.match(text, at)
    if core is None:
        return None
    symbol = {"delta": "δ", "ω": "w", "Z": "z", "A": "a"}.get(core[1], core[1])
    at = core.end()
    early, after = after_primes(text, at)  # W'_212 is W_212'
    if after and _BELOW.match(text, early):
        at = early
    else:
        after = 0
    above, end = _layer(text, symbol, None, at)
    if above is None and symbol not in ("x", "y", "yhat", "L") and (python := _PYTHON_LAYER.match(text, at)):
        fits = int(python["layer"]) <= depth
        above, end = ((Index("", int(python["layer"])), "round"), python.end()) if fits else (None, at)
    indices: tuple[Index, ...] = ()
    if symbol in ("z", "y") and _NET.match(text, end):
        return None  # z_in1, the net input of the unit whose output is z1
    if below := _SUB.match(text, end):
        found, end = _indices(symbol, below, above is not None, depth)
        if found is None:
            return None
        indices = found
        if above is None:
            above, end = _layer(text, symbol, indices, end)
            indices = indices if above is None else _below(below, symbol, True) or indices
    elif _WORD_BELOW.match(text, end) and above is None:
        return None  # y_pred
    layer, how = above or (None, "")
    return Written(symbol, indices, layer, how != "", after, how == "flip"), end


def _layer(text: str, symbol: str, below: tuple[Index, ...] | None, at: int) -> tuple[tuple[Index, str] | None, int]:
    """A layer above the line, if what stands there is one and no power; and "round" in brackets, "flip" with a T."""
    match = _LAYER.match(text, at)
    if match is None or symbol == "L":
        return None, at
    bracketed = match["bracketed"] is not None
    if symbol in ("x", "y", "yhat") and not bracketed and (match["plain"] or match["braced"]) != "L":
        return None, at
    if below is not None and not bracketed:
        units = 2 if symbol in "Ww" else 1
        full = len(below) == units + 1
        one = len(below) == 1
        if full or symbol == "h" or (one and units == 2):
            return None, at
    item = _item(match["bracketed"] or match["round"] or match["braced"] or match["plain"])
    how = "flip" if match["flip"] else "round" if bracketed or match["round"] else ""
    return ((item, how), match.end()) if item else (None, at)


def _indices(symbol: str, below: re.Match[str], above: bool, depth: int) -> tuple[tuple[Index, ...] | None, int]:
    """The indices below the line; of ``h_1,2`` in a list only those that a name can have."""
    if symbol == "L":
        return None, below.end()
    found = _below(below, symbol, above)
    listed = below["listed"] or below["alone"]
    if found is None or not listed:
        return found, below.end()
    units = SYMBOLS[_TEXTBOOK.get(symbol, symbol)][1]
    most = units if above or symbol in ("x", "y", "yhat") else units + 1
    fits = len(found) <= most and all(i.letter or i.number for i in found) and not (above and below["alone"])
    if fits and (above or found[0].letter or found[0].number <= depth):
        return found, below.end()
    first = listed.partition(",")[0]
    return _split(first, most), below.end() - len(listed) + len(first)


def _below(match: re.Match[str], symbol: str, above: bool) -> tuple[Index, ...] | None:
    units = SYMBOLS[_TEXTBOOK.get(symbol, symbol)][1]
    one = units == 1 and (above or symbol in ("x", "y", "yhat"))
    ways = match.group("braced", "listed", "alone", "mixed", "digits")
    return _split(next(written for written in ways if written is not None), 1 if one else 3)


def _split(written: str, most: int) -> tuple[Index, ...] | None:
    """``2,1,2``, ``212``, ``2k3``, ``k``, ``k+1``; of one index alone the digits are one number."""
    written = written.strip()
    if "," in written:
        parts = written.split(",")
        if len(parts) == 2 and not parts[1].strip():
            parts.pop()  # a_{10,} is the whole layer 10
        items = [_item(part) for part in parts]
    elif _ONE.fullmatch(written) and (most == 1 or not written.isdecimal()):
        items = [_item(written)]
    else:
        items = [_item(c) for c in written if not c.isspace()] if len(written) <= 60 else []
    found = tuple(item for item in items if item is not None)
    return found if found and len(found) == len(items) else None


def _item(written: str) -> Index | None:
    """One index."""
    match = _INDEX.fullmatch(written)
    if match is None:
        return None
    added = int(_SPACE.sub("", match[2])) if match[2] else 0
    return Index("", int(match[1]) + added) if match[1].isdecimal() else Index(match[1], added)


def updates(match: re.Match[str]) -> int:
    """How many updates primes stand for."""
    if "primes" not in match.re.groupindex:
        return 1
    written = match["after"] or match["raised"]
    return int(written) if written else len(match["primes"])


def after_primes(text: str, at: int) -> tuple[int, int]:
    """The place behind primes, and the updates they stand for."""
    match = PRIMES.match(text, at)
    return (match.end(), updates(match)) if match else (at, 0)


def before_square(text: str, at: int, end: int, depth: int) -> int:
    """Where a name ends whose 2 above is its square, for it stands in ``1 - z_1^2`` alone; 0 for another name.

    Without an index, ``1 - a^2``, that is so in a network of one layer.
    """
    written = text[at:end]
    square = (_SQUARED if depth > 1 else _ANY_SQUARED).search(written)
    if square is None:
        return 0
    less = [_ONE_LESS.search(text, max(0, m.start() - 9), m.start()) for m in re.finditer(re.escape(written), text)]
    return at + square.start() if all(less) else 0


_SQUARED = regex(r"(?<=[0-9}])\s*\^\s*(?:2|\{\s*2\s*\})$")
_ANY_SQUARED = regex(r"(?<=[\w}])\s*\^\s*(?:2|\{\s*2\s*\})$")
_ONE_LESS = regex(r"(?<![0-9.])1\s*[-−]\s*$")
