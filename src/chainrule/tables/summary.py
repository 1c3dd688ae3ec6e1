"""What is learnt of a column in one pass, in memory or in parts: a summary of some rows, and added up, of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import InputError
from chainrule.network.arrays import Array
from chainrule.tables import columns as c
from chainrule.tables.as_dates import AsDates, the_order
from chainrule.tables.as_numbers import AsNumbers, in_doubt
from chainrule.tables.cells import Kind, decimal_of, is_duration, plain, words_of
from chainrule.tables.dates import PARTS, parts_of
from chainrule.tables.moments import Moments
from chainrule.tables.text_dates import DateForm
from chainrule.tables.text_numbers import DECIMALS, Form, shortened
from chainrule.tables.values import DATES, number_cells

if TYPE_CHECKING:
    import pyarrow as pa

MOST_CATEGORIES = 1000  # of one column: more are names or keys, not categories
FEW = 20  # different texts that are categories whatever else they might be


@dataclass(frozen=True, eq=False)
class ColumnSummary:
    """What must be known of one column before training: that of some rows, and added up, that of all.

    Attributes:
        duration: whether its numbers are durations, in seconds.
        decimal: the decimal mark of the text file it is from, where it is known.
        asked: what the column is to be, as ``chainrule.tables.reading`` has types; None: as it is seen to be.
        rows, learnt: how many there are, and of these to learn from.
        kind: of its values. A target's float64 that are all whole are ``whole``, as where no cell was missing.
        moments: of the numbers of the rows to learn from, or of the parts of its dates.
        labels: of text and of a target: each value as text, with the rows to learn from that have it. With more than
            ``MOST_CATEGORIES`` some are left out.
        low, high: least and greatest number of all rows.
        missing: cells without a value. gap: row of the first, counted from 1.
        texts: the cells of text as numbers, with each decimal mark; None where all are stored as numbers, or some as
            dates.
        dates: the cells of text, or whole numbers such as 20240131, as dates in each order; empty where none is one.
    """

    name: str
    rows: int
    learnt: int
    kind: Kind
    moments: Moments
    labels: dict[str, int]
    low: float = np.inf
    high: float = -np.inf
    missing: int = 0
    gap: int = 0
    texts: tuple[AsNumbers, AsNumbers] | None = None
    asked: str | None = None
    dates: tuple[AsDates, ...] = ()
    decimal: str | None = None
    duration: bool = False

    @classmethod
    def of(
        cls, name: str, column: Any, learnt: Array, is_target: bool = False, asked: str | None = None,
        decimal: str | None = None,
    ) -> ColumnSummary:  # fmt: skip
        """Of a column, Arrow's or an array.

        Args:
            learnt: true for the rows to learn from, or their numbers from 0.
            asked, decimal: see the class.

        Raises:
            InputError: values of another type; an infinite one, whose row is named.
        """
        import pyarrow as pa

        given = pa.array(column) if isinstance(column, np.ndarray) else column
        given = given if isinstance(given, pa.ChunkedArray) else pa.chunked_array([given])
        rows, words_asked = len(given), asked in ("text", "category")
        seen = learnt if learnt.dtype == bool else np.isin(np.arange(rows), learnt)

        def made(
            kind: Kind, gaps: Array, values: Array, labels: dict[str, int], texts: Any = None, dates: Any = ()
        ) -> ColumnSummary:
            gap = int(np.argmax(gaps)) + 1 if gaps.any() else 0
            known = values[~gaps] if len(values) and kind != "date" else values[:0]
            low, high = (float(known.min()), float(known.max())) if len(known) else (np.inf, -np.inf)
            moments = Moments.of(values[seen & ~gaps]) if len(values) else Moments.of(np.zeros((0, 1)))
            missing = int(gaps.sum())
            ends = low, high, missing, gap
            learnt_as = asked, dates, decimal, is_duration(given.type)
            return cls(name, rows, int(seen.sum()), kind, moments, labels, *ends, texts, *learnt_as)

        kind, cells = plain(name, given)
        none = np.zeros((0, 1))
        if kind == "none":
            return made(kind, np.full(rows, True), none, {})
        if kind == "date" and not words_asked:
            parts = parts_of(cells)
            gaps = np.isnan(parts[:, 0])
            first = int(np.argmin(gaps)) + 1
            dates = AsDates.typed(int((~gaps).sum()), Moments.of(parts[seen & ~gaps]), first, cells.type)
            return made(kind, gaps, parts, {}, dates=dates)
        labels: dict[str, int] = {}
        if kind == "text" or is_target or words_asked:
            codes, words = words_of(kind, cells)
            labels = _counted(codes, words, seen)
        if words_asked:
            return made("text", codes < 0, none, labels)
        if kind == "text":
            texts = tuple(AsNumbers.of(codes, words, seen, mark) for mark in DECIMALS)
            dates = () if asked == "number" else AsDates.of(codes, words, seen)
            return made(kind, codes < 0, none, labels, texts, dates)
        values = number_cells(name, cells, None)
        gaps = np.isnan(values)
        if is_target and kind == "number" and (gaps | (values == np.round(values))).all():
            kind = "whole"
        dates = ()
        if kind == "whole" and not is_target and asked != "number" and _like_dates(values[~gaps]):
            codes, words = words_of(kind, cells)
            dates = AsDates.of(codes, words, seen)
        return made(kind, gaps, values[:, None], labels, dates=dates)

    def __add__(self, other: ColumnSummary) -> ColumnSummary:
        if not self.rows or not other.rows:
            return self if self.rows else other
        kind = self._kind_with(other)
        if "none" not in (self.kind, other.kind) and self.duration != other.duration:
            raise InputError(f"column {self.name!r}", "durations throughout, or numbers", "both")
        labels = self.labels
        if len(labels) <= MOST_CATEGORIES:
            labels = labels | {label: labels.get(label, 0) + rows for label, rows in other.labels.items()}
        texts = None
        as_stored = "date" in (self.kind, other.kind) or any(p.kind == "text" and not p.texts for p in (self, other))
        if kind == "text" and not as_stored:
            mine, theirs = self._as_texts(), other._as_texts()
            texts = mine[0] + theirs[0].later(self.rows), mine[1] + theirs[1].later(self.rows)
        dates = self.dates or other.dates
        if "none" not in (self.kind, other.kind):
            later = tuple(one.later(self.rows) for one in other.dates)
            dates = tuple(one + two for one, two in zip(self.dates, later, strict=False))
        of_one = kind == "text" or "none" in (self.kind, other.kind)
        moments = (self if self.moments.count else other).moments if of_one else self.moments + other.moments
        gap = self.gap or (other.gap and other.gap + self.rows)
        return ColumnSummary(
            self.name, self.rows + other.rows, self.learnt + other.learnt, kind, moments, labels,
            min(self.low, other.low), max(self.high, other.high), self.missing + other.missing, gap, texts, self.asked,
            dates, self.decimal or other.decimal, self.duration or other.duration,
        )  # fmt: skip

    def _kind_with(self, other: ColumnSummary) -> Kind:
        kinds = {self.kind, other.kind} - {"none"}
        if len(kinds) < 2:
            return next(iter(kinds), "none")
        if kinds == {"whole", "number"}:
            return "number"
        if kinds == {"date", "text"} and self.dates and other.dates:
            return "text"
        if "date" in kinds or "truth" in kinds:
            wanted = f"{'dates, ' if 'date' in kinds else ''}text throughout, or numbers"
            raise InputError(f"column {self.name!r}", wanted, " and ".join(sorted(kinds)))
        return "text"

    def _as_texts(self) -> tuple[AsNumbers, AsNumbers]:
        if self.texts is not None:
            return self.texts
        row = 2 if self.gap == 1 else 1
        return AsNumbers.typed(self.rows - self.missing, self.moments, self.low, self.high, row)

    def check_filled(self) -> None:
        """Raise an InputError where a cell is missing; the first row without one is named."""
        if self.gap:
            raise InputError(f"column {self.name!r}", "a value in every row", f"none in row {self.gap}")

    # ------------------------------------------------------------ what it is to be

    @property
    def known(self) -> int:
        """Cells with a value."""
        return self.rows - self.missing

    def as_numbers(self) -> AsNumbers | None:
        """How text is numbers; None where it is words.

        Raises:
            InputError: numbers with some stray text, which is named with its row, and what to do; two units.
        """
        if self.texts is None:
            return None
        best = max(self.texts, key=lambda one: (one.numbers, one.decimal == (self.decimal or ".")))
        if not best.numbers:
            if self.asked == "number" and best.odd is not None:
                raise InputError(f"column {self.name!r}", "numbers, as --types says", str(best.odd))
            return None
        doubt = in_doubt(*self.texts) if self.decimal is None and (not best.odds or self.asked == "number") else None
        if doubt is not None:
            wanted = "numbers whose thousands and decimals can be told apart (--decimal point or comma, in a text file)"
            raise InputError(f"column {self.name!r}", wanted, str(doubt))
        if not best.odds or self.asked == "number":
            best.form(f"column {self.name!r}", self.asked == "number")
            few = len(self.labels) <= FEW
            typed = best.special is None and not best.marks  # text of a file that has types, and could be numbers there
            return None if typed and few and self.asked is None and not self.mixed else best
        most = 2 * best.numbers >= self.known - best.marks
        assert best.odd is not None
        header = best.odd.text.strip() == self.name
        if most and (header or self.mixed or len(self.labels) > FEW):
            share = f"numbers, as in {best.numbers} of {self.known} cells"
            what = "the name of the column again, a repeated header to take out" if header else "a stray text"
            ways = f"--types {self.name}=number takes it as missing, {self.name}=text all as categories"
            raise InputError(f"column {self.name!r}", share, f"{best.odd}: {what} ({ways})")
        if self.mixed:
            raise InputError(f"column {self.name!r}", "text throughout, or numbers", f"numbers, and {best.odd}")
        return None

    def as_dates(self) -> AsDates | None:
        """How text, or whole numbers, are dates; None where they are not, and for dates that are stored as such.

        Raises:
            InputError: dates with some stray text, which is named with its row, and what to do; day and month that
                cannot be told apart; none, where dates are asked for.
        """
        if self.kind == "date":
            return None
        quantity, (asked, _, order) = f"column {self.name!r}", (self.asked or "").partition("-")
        found = [one for one in self.dates if order in ("", one.order)]
        if not any(one.dates for one in found):
            if asked == "date" and self.known:
                odd = next((one.odd for one in self.dates if one.odd), None)
                got = odd or (shortened(next(iter(self.labels))) if self.labels else "numbers")
                raise InputError(quantity, f"dates {DATES}", str(got))
            return None
        best = the_order(quantity, self.name, found) if self.kind == "text" else found[0]
        if best.odds and asked != "date":
            stored = self.kind == "text" and self.texts is None  # as dates, in some parts of the table
            most = 2 * best.dates >= self.known - best.marks and len(self.labels) > FEW
            if not stored and (self.kind != "text" or not most):
                return None
            share = f"dates, as in {best.dates} of {self.known} cells"
            ways = f"--types {self.name}=date takes it as missing, {self.name}=text all as categories"
            raise InputError(quantity, share, f"{best.odd}, which is no date as they are ({ways})")
        best.form(quantity, asked == "date")
        return best

    @property
    def mixed(self) -> bool:
        """Whether parts of the table have it as text, others as numbers."""
        return self.texts is not None and self.low <= self.high

    def categories(self, quantity: str, what: str) -> list[str]:
        """Its labels in order.

        Raises:
            InputError: too many, or about as many as cells.
        """
        count = len(self.labels)
        way = f" ({_way(self.name)})" if what == "categories" else ""
        if count > MOST_CATEGORIES:
            raise InputError(quantity, f"at most {MOST_CATEGORIES:,} {what}", f"more{way}")
        most = FEW if what == "categories" else 5
        if count > most and 2 * count > self.known and self.asked not in ("text", "category"):
            got = f"{count} different texts in {self.known} cells, such as {shortened(next(iter(self.labels)))}{way}"
            raise InputError(quantity, f"{what} that come again", got)
        return c.in_order(set(self.labels))

    def column(self, missing: c.Missing = "impute") -> c.Column | None:
        """As an input: numbers or a date as the rows to learn from have them, or the categories of all rows.

        None where no row to learn from has a value.

        Raises:
            InputError: a column that cannot be an input; a missing value, where it is refused.
        """
        dates = self.as_dates()
        found = self.as_numbers() if dates is None else None
        if missing == "refuse":
            self.check_filled()
            read = dates or found
            if read and read.mark:
                raise InputError(f"column {self.name!r}", "a value in every row", str(read.mark))
        if dates is not None:
            return self._date(dates.moments, dates.form(f"column {self.name!r}", (self.asked or "").startswith("date")))
        if found is not None:
            form = found.form(f"column {self.name!r}", self.asked == "number")
            return self._number(found.moments, form)
        if self.kind == "text":
            labels = self.categories(f"column {self.name!r}", "categories")
            counts = np.array([self.labels[label] for label in labels], float)
            if not counts.sum():
                return None
            shares = tuple((counts / counts.sum()).tolist())
            return c.Column(self.name, categories=tuple(labels), shares=shares, gaps=bool(counts.sum() < self.learnt))
        if self.kind == "date":
            stored = max(self.dates, key=lambda one: one.dates)
            if stored.odd is not None:
                raise InputError(f"column {self.name!r}", "dates throughout, or times of day", str(stored.odd))
            read_as = stored.form(f"column {self.name!r}", False)
            return self._date(self.moments, None if read_as == DateForm() else read_as)
        number = self._number(self.moments, None)
        if number is None:
            return None
        return replace(number, truth=self.kind == "truth", duration=self.duration)

    def _number(self, moments: Moments, form: Form | None) -> c.Column | None:
        if not moments.count:
            return None
        (found,) = number_columns((self.name,), moments)
        return replace(found, form=form, gaps=bool(moments.count < self.learnt))

    def _date(self, moments: Moments, form: DateForm | None) -> c.Column | None:
        if not moments.count:
            return None
        differ = moments.low < moments.high
        parts = tuple(part for part, differs in zip(PARTS, differ, strict=True) if differs) or ("year",)
        mean, scale = float(moments.center()[0]), float(moments.scale()[0])
        gaps = bool(moments.count < self.learnt)
        return c.Column(self.name, mean, scale, parts=parts, gaps=gaps, dates=form)


def fit_inputs(
    table: pa.Table, names: Sequence[str], train: Array, missing: c.Missing = "impute",
    types: Mapping[str, str] | None = None,
) -> c.Inputs:  # fmt: skip
    """The named columns: categories of the whole table, means and scales of its training rows alone.

    Args:
        train: numbers of those rows, from 0.
        missing: what becomes of a missing cell.
        types: what columns are to be, by name: number, text, category or date.

    Raises:
        InputError: a column that cannot be an input; a bad value in any row, which is named.
    """
    return inputs_of(summaries_of(table, names, train, types), missing)


def summaries_of(
    table: pa.Table, names: Sequence[str], train: Array, types: Mapping[str, str] | None = None
) -> list[ColumnSummary]:
    """The summaries of columns of a table in memory; raises as ``fit_inputs``."""
    if not names:
        raise InputError("data", "at least one column beside the target", "none")
    places, asked = c.require(table, names), types or {}
    learnt = np.zeros(table.num_rows, bool)
    learnt[train] = True
    return [
        ColumnSummary.of(name, table.column(place), learnt, asked=asked.get(name), decimal=decimal_of(table))
        for name, place in zip(names, places, strict=True)
    ]


def inputs_of(summaries: Sequence[ColumnSummary], missing: c.Missing) -> c.Inputs:
    """The inputs that columns give; those without any value are left out.

    Raises:
        InputError: a column that cannot be an input; none is left.
    """
    found = tuple(column for one in summaries if (column := one.column(missing)) is not None)
    if not found:
        raise InputError("data", "a column with values beside the target", "none in the rows to learn from")
    return c.Inputs(found, missing)


def number_columns(names: Sequence[str], moments: Moments) -> list[c.Column]:
    """Columns of numbers, each with its mean and its standard deviation; see ``Moments.scale``."""
    learnt = zip(names, moments.center().tolist(), moments.scale().tolist(), moments.power.tolist(), strict=True)
    return [c.Column(name, mean, scale, exponent=power) for name, mean, scale, power in learnt]


def _like_dates(values: Array) -> bool:
    """Whether whole numbers are in the range of those that are dates, such as 20240131."""
    return bool(len(values)) and values.min() >= 19000101 and values.max() <= 21001231


def _counted(codes: Array, words: list[str], learnt: Array) -> dict[str, int]:
    """The labels with the rows to learn from that have each; too many are not counted."""
    labels = dict.fromkeys(words[: MOST_CATEGORIES + 2], 0)
    if len(labels) <= MOST_CATEGORIES:
        counts = np.bincount(codes[learnt & (codes >= 0)], minlength=len(words))
        for label, count in zip(words, counts.tolist(), strict=True):
            labels[label] += count
    return labels


def _way(name: str) -> str:
    return f"--drop {name} leaves the column out"
