"""Keys: which is whose, the lines that are due by it, and what its header gives."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from chainrule.errors import InputError
from chainrule.render.blocks import visible
from chainrule.sheets.header import read_worksheet
from chainrule.teaching.marking_scheme import Due, due_lines

#: name -> what a header has for it: numbers as nested lists, or a word
Given: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class AnswerKey:
    """A key that was read: the lines that are due, its header, and what a teacher should know of it."""

    due: tuple[Due, ...]
    given: Given | None
    notes: tuple[str, ...]


def read_key(key: Path, points: Mapping[str, float]) -> AnswerKey:
    """Read and check a key.

    Raises:
        InputError: one that cannot be read or claims nothing; points for a line that it does not have.
    """
    from chainrule.auditing.audit import audit

    found = audit(key)
    if not found.lines:
        raise InputError(f"key {printable(key.name)}", "lines that claim something", "none")
    bad = [a for a in found.lines if a.verdict in ("wrong", "unreadable")]
    notes = tuple(f"The key's own line {a.number}, {a.name or 'which has no name'}, is {a.verdict}." for a in bad[:5])
    return AnswerKey(due_lines(found, points, strict=True), given(key), notes)


def is_key(name: str) -> bool:
    """Whether a file is a key: ``key.md``, ``week3-key.md``, ``week3.key.md``; ``mickey.md`` is none."""
    stem, dot, ending = name.lower().rpartition(".")
    return bool(dot) and ending == "md" and (stem == "key" or stem.endswith((".key", "-key", "_key", " key")))


def find_keys(folder: str | os.PathLike[str]) -> tuple[Path, ...]:
    """The keys in a folder.

    Raises:
        InputError: there are none.
    """
    files = sorted(f for f in Path(folder).iterdir() if is_key(f.name) and not f.name.startswith(".") and f.is_file())
    if not files:
        shown = printable(os.fspath(folder))
        raise InputError(f"key {shown}", "a worksheet, or a folder with keys NAME-key.md", "a folder without keys")
    return tuple(files)


def own_key(sheet: Path, folder: str) -> Path | None:
    """The key of a sheet among those of a folder: by its name, else by its header, else the one for all."""
    keys = _by_name(folder)
    own = keys.get(_plain(sheet.stem))
    if own is not None or set(keys) == {""}:
        return own or keys[""]
    header = given(sheet)
    return (_by_header(folder).get(repr(header)) if header is not None else None) or keys.get("")


@lru_cache(maxsize=4)
def _by_name(folder: str) -> dict[str, Path]:
    return {_plain(key.stem[:-3]): key for key in find_keys(folder)}


@lru_cache(maxsize=4)
def _by_header(folder: str) -> dict[str, Path]:
    return {repr(given(key)): key for name, key in _by_name(folder).items() if name}


def _plain(stem: str) -> str:
    return stem.rstrip("-._ ").casefold()


def printable(name: str) -> str:
    """A file name that can be printed and written; not every name is text."""
    return visible(os.fsencode(name).decode("utf-8", errors="replace"))


# ---------------------------------------------------------------- headers


def given(path: str | os.PathLike[str]) -> Given | None:
    """The header of a worksheet by the names of what it gives; None where it cannot be read."""
    try:
        sheet = read_worksheet(path)
    except InputError:
        return None
    network = sheet.network
    found: Given = {"the number of layers": network.depth}
    for i, (W, b) in enumerate(zip(network.weights, network.biases, strict=True), 1):
        found |= {f"W_{i}": W.tolist(), f"b_{i}": b.tolist()}
    return found | {
        "x": sheet.x.tolist(),
        "y": sheet.y,
        "the activation": list(network.hidden),
        "the output": network.output,
        "the loss": network.loss,
        "the reduction": network.reduction,
        "sample_weight": sheet.sample_weight,
        "the learning rate": sheet.learning_rate,
    }


def first_difference(own: Given | None, key: Given) -> str:
    """The first name of which a sheet has something else than its key; "" for none."""
    if own is None:
        return "all of it"
    return next((name for name in key if not _same(own.get(name), key[name])), "")


def _same(own: Any, other: Any) -> bool:
    if isinstance(own, list) and isinstance(other, list) and own and not isinstance(own[0], str):
        return np.shape(own) == np.shape(other) and np.allclose(own, other, rtol=1e-12, atol=0)
    return bool(own == other)
