"""The values of a column, read as it was learnt: numbers by their form, dates by their parts, labels by those known."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from chainrule.errors import InputError
from chainrule.network.arrays import Array
from chainrule.tables.cells import numbers_of, plain, words_of
from chainrule.tables.dates import PARTS, is_zoned, parts_of
from chainrule.tables.text_dates import IN_WORDS, DateForm, Order, read_dates
from chainrule.tables.text_numbers import Form, marks_of, read_texts, shortened

#: what text is a date, in words
DATES = "such as 2024-01-31 or 31/01/2024 12:30, with four digits for the year"


def number_cells(name: str, column: Any, form: Form | None, truth: bool = False) -> Array:
    """A column's numbers (n,), NaN where there is none; text by its form.

    Args:
        truth: whether ``True`` and ``False`` are 1 and 0, in any letters.

    Raises:
        InputError: another type, or a text that is no number of the form; the row is named, counted from 1.
    """
    kind, column = plain(name, column)
    if kind == "none":
        return np.full(len(column), np.nan)
    if kind == "text":
        return _text_numbers(name, column, form, truth)
    if kind == "date":
        raise InputError(f"column {name!r}", "numbers", f"{column.type} such as {column[0].as_py()}")
    if form is not None and form.unit:
        raise InputError(f"column {name!r}", f"text with {form.unit!r} in every cell, as it was learnt", "numbers")
    return numbers_of(name, kind, column)


def date_parts(name: str, column: Any, form: DateForm | None = None) -> Array:
    """The parts of a column of dates (n, 5); text, and whole numbers such as 20240131, are read by the form.

    Args:
        form: None: the year first.

    Raises:
        InputError: something else; the first such row is named, counted from 1.
    """
    import pyarrow as pa

    kind, column = plain(name, column)
    if kind == "none":
        return np.full((len(column), len(PARTS)), np.nan)
    form = form or DateForm()
    if kind == "date":
        if is_zoned(column.type) != form.zone and column.null_count < len(column):
            row = int(np.argmax(column.is_valid().to_numpy())) + 1
            raise InputError(f"column {name!r}", _zones(form.zone), f"{column[row - 1].as_py()} in row {row}")
        if pa.types.is_time(column.type) != (form.order == "time") and column.null_count < len(column):
            row = int(np.argmax(column.is_valid().to_numpy())) + 1
            wanted = "times of day" if form.order == "time" else "dates"
            raise InputError(
                f"column {name!r}", f"{wanted}, as it was learnt", f"{column[row - 1].as_py()} in row {row}"
            )
        return parts_of(column)
    if kind not in ("text", "whole"):
        raise InputError(f"column {name!r}", "dates", f"{column.type} such as {column[0].as_py()}")
    codes, words = words_of(kind, column)
    order: Order = "ymd" if kind == "whole" else form.order
    texts = pa.array(words, pa.large_string())
    read = read_dates(texts, order)
    odd = np.isnat(read.values) & ~marks_of(texts)
    other = ~np.isnat(read.values) & (read.zone != form.zone)
    if other.any():
        row = int(np.argmax(np.append(other, False)[codes]))
        raise InputError(f"column {name!r}", _zones(form.zone), f"{shortened(words[codes[row]])} in row {row + 1}")
    if odd.any() and not form.strays:
        row = int(np.argmax(np.append(odd, False)[codes]))
        wanted = f"dates as it was learnt ({IN_WORDS[order]}{', such as 2024-01-31' if order == 'ymd' else ''})"
        raise InputError(f"column {name!r}", wanted, f"{shortened(words[codes[row]])} in row {row + 1}")
    parts = parts_of(pa.chunked_array([pa.array(read.values)]), order)
    return np.vstack([parts, np.full(len(PARTS), np.nan)])[codes]


def _zones(zone: bool) -> str:
    return f"dates {'with' if zone else 'without'} a time zone, as it was learnt"


def _text_numbers(name: str, column: Any, form: Form | None, truth: bool) -> Array:
    import pyarrow as pa

    codes, words = words_of("text", column)
    if truth:
        words = [{"true": "1", "false": "0"}.get(word.strip().lower(), word) for word in words]
    read = read_texts(pa.array(words, pa.large_string()), "." if form is None else form.decimal)
    fits = read.plain if form is None else ~np.isnan(read.values) & (read.unit == form.unit)
    odd = ~fits & ~read.mark
    if odd.any() and not (form is not None and form.strays):
        row = int(np.argmax(np.append(odd, False)[codes]))
        wanted = "numbers" if form is None else f"numbers as it was learnt (decimal mark {form.decimal}{_unit(form)})"
        raise InputError(f"column {name!r}", wanted, f"{shortened(words[codes[row]])} in row {row + 1}")
    return np.append(np.where(fits, read.values, np.nan), np.nan)[codes]


def _unit(form: Form) -> str:
    return f", unit {form.unit}" if form.unit else ""


def as_labels(words: list[str], kind: str, marks: bool) -> tuple[list[str], Array]:
    """Text labels as a target of whole numbers or of truth values has them; and which stand for a missing value."""
    import pyarrow as pa

    read = read_texts(pa.array(words, pa.large_string()), ".")
    missing = read.mark if marks or kind in ("whole", "truth") else np.zeros(len(words), bool)
    truth: Mapping[str, str] = {"true": "True", "false": "False", "1": "True", "0": "False"} if kind == "truth" else {}
    found = [truth.get(word.strip().lower(), word) for word in words]
    if kind == "whole":
        whole = read.plain & (read.values == np.round(read.values))
        found = [str(int(v)) if is_whole else w for w, v, is_whole in zip(words, read.values, whole, strict=True)]
    return found, missing


def by_value(words: list[str], known: tuple[str, ...]) -> list[str]:
    """Numbers as the one category of the same value is written, such as ``1.0`` for 1."""
    values: dict[float, list[str]] = {}
    for category in known:
        with suppress(ValueError):
            values.setdefault(float(category), []).append(category)
    there = set(known)

    def written(word: str) -> str:
        same = [] if word in there else values.get(float(word), [])
        return same[0] if len(same) == 1 else word

    return [written(word) for word in words]


def places_of(
    codes: Array, words: list[str], known: tuple[str, ...], quantity: str, one_of: str, refused: bool = True
) -> tuple[Array, Array]:
    """The place (n,) of each row's label among those that are known, from 0, and where it is none of them.

    Raises:
        InputError: one that is none of them, where that is refused; with its row.
    """
    order = {label: i for i, label in enumerate(known)}
    of_words = np.array([*(order.get(word, -1) for word in words), 0], np.int64)
    places = of_words[codes]
    new = places < 0
    if refused and new.any():
        row = int(np.argmax(new))
        got = f"{words[codes[row]]!r} in row {row + 1}"
        raise InputError(quantity, f"{one_of} {', '.join(known[:10])}", got)
    return places, new


def check_filled(name: str, gaps: Array) -> None:
    """Raise an InputError where a value is missing; the row is named."""
    if gaps.any():
        raise InputError(f"column {name!r}", "a value in every row", f"none in row {int(np.argmax(gaps)) + 1}")
