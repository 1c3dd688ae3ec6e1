"""What is said of how a table's columns were read, a sentence each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from chainrule.tables.columns import Column, Inputs
from chainrule.tables.dates import PARTS
from chainrule.tables.summary import ColumnSummary
from chainrule.tables.text_dates import IN_WORDS, Order, read_dates
from chainrule.tables.text_numbers import DECIMALS, Form, read_texts, shortened


def notes_of(summaries: Sequence[ColumnSummary], inputs: Inputs) -> tuple[str, ...]:
    """A sentence for each column of which something is to be said: what was read in it, and what became of it."""
    columns = {column.name: column for column in inputs.columns}
    said = (note_of(summary, columns.get(summary.name)) for summary in summaries)
    return tuple(note for note in said if note)


def note_of(summary: ColumnSummary, column: Column | None) -> str:
    """The sentence on one column; empty where nothing is to be said. None: a column that is left out."""
    if column is None:
        return f"column {summary.name!r}: no value in any row to learn from; it is left out"
    said = []
    dates = summary.as_dates() if column.parts else None
    numbers = summary.as_numbers() if not column.parts and not column.categories else None
    if dates is not None and dates.first is not None:
        what = "text" if summary.kind == "text" else "whole numbers"
        read = _date(dates.first.text, dates.order)
        said.append(f"dates as {what}, {dates.first} is {read} ({IN_WORDS[dates.order]})")
    if column.parts:
        turned = [part for part in column.parts if PARTS[part] is not None]
        years = ["its year"] if "year" in column.parts else []
        said.append(f"a date, by {' and '.join([*years, *([', '.join(turned)] if turned else [])])}")
        if turned:
            said[-1] += " (sine and cosine)"
        if column.dates is not None and column.dates.zone:
            said[-1] += ", in UTC"
    if column.categories and summary.asked is None and _all_numbers(summary.labels):
        said.append(f"text that could be numbers, taken as categories (--types {summary.name}=number)")
    if numbers is not None and numbers.special is not None:
        said.append(f"text that is numbers, {numbers.special} is {_value(numbers.special.text, column.form)}")
    gaps, first = summary.missing, f"row {summary.gap}"
    text = dates or numbers
    if text is not None:
        if text.odds and text.odd is not None:
            said.append(f"{_cells(text.odds)} of other text ({text.odd}) taken as missing")
        gaps += text.marks
        if text.mark is not None and (not summary.gap or text.mark.row < summary.gap):
            first = f"{shortened(text.mark.text)} in row {text.mark.row}"
    if gaps:
        taken = "a category of their own" if column.categories else "the mean of the others, and one more input says so"
        if not column.gaps:
            taken = "the mean"  # of rows that are not learnt from
        said.append(f"{_cells(gaps)} missing (the first: {first}), which {'get' if gaps > 1 else 'gets'} {taken}")
    return f"column {summary.name!r}: {'; '.join(said)}" if said else ""


def _all_numbers(labels: Mapping[str, int]) -> bool:
    """Whether all texts are numbers, if not all with one decimal mark."""
    import pyarrow as pa

    texts = pa.array(list(labels), pa.large_string())
    reads = [read_texts(texts, mark) for mark in DECIMALS]
    return bool(len(labels)) and all(
        not np.isnan(value) or not np.isnan(other) or mark
        for value, other, mark in zip(reads[0].values, reads[1].values, reads[0].mark, strict=True)
    )


def _cells(count: int) -> str:
    return f"{count} cell{'s' if count > 1 else ''}"


def _value(text: str, form: Form | None) -> str:
    import pyarrow as pa

    read = read_texts(pa.array([text]), "." if form is None else form.decimal)
    return f"{read.values[0]:.15g}"


def _date(text: str, order: Order) -> str:
    import pyarrow as pa

    (read,) = read_dates(pa.array([text]), order).values
    if order == "time":
        return str(read.astype("datetime64[s]")).partition("T")[2]
    return str(read.astype("datetime64[s]")).replace("T", " ").removesuffix(" 00:00:00")
