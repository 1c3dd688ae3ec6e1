"""Text that is dates: the year first, the day first, the month first, or the month by its name; a time may follow.

Or a time of the day alone, which has the first day there is for its date.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from chainrule.network.arrays import Array

Order = Literal["ymd", "dmy", "mdy", "name", "time"]
ORDERS: tuple[Order, ...] = get_args(Order)
#: an order in words
IN_WORDS: dict[Order, str] = {
    "ymd": "year first", "dmy": "day first", "mdy": "month first", "name": "month by name", "time": "time of day",
}  # fmt: skip

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_FULL = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_FIRST, _LAST = 1900, 2100  # years of dates without a mark between year, month and day: others are numbers
_WEEKDAY = r"(?:(?:mon|tue|tues|wed|wednes|thu|thur|thurs|fri|sat|satur|sun)(?:day)?\.?,?\s+)?"
_CLOCK = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?:\s*(?P<half>[ap])\.?m\.?)?\s*(?P<zone>z|utc|gmt|[+\-]\d{2}:?\d{2})?"
)
_TIME = rf"(?:(?:t|\s*,?\s+){_CLOCK})?"
_TWO = r"(?P<{}>\d{{1,2}})"
_YEAR = r"(?P<year>\d{4})"
_NAME = r"(?P<month>[a-z]{3,9})\.?"


def _apart(first: str, second: str, third: str, marks: str) -> str:
    return rf"{first}(?P<mark>[{marks}]){second}(?P<mark_2>[{marks}]){third}"


#: in small letters. Points stand between day, month and year alone, so that these are in no doubt.
_PATTERNS: dict[Order, tuple[str, ...]] = {
    "ymd": (
        _apart(_YEAR, _TWO.format("month"), _TWO.format("day"), r"\-/."),
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})(?P<compact>)",
    ),
    "dmy": (_apart(_TWO.format("day"), _TWO.format("month"), _YEAR, r"\-/."),),
    "mdy": (_apart(_TWO.format("month"), _TWO.format("day"), _YEAR, r"\-/"),),
    "name": (
        rf"{_WEEKDAY}(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[\s\-/.]*{_NAME},?[\s\-/]*{_YEAR}",
        rf"{_WEEKDAY}{_NAME}[\s\-/]*(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,\s*|[\s\-/]+){_YEAR}",
    ),
    "time": (_CLOCK,),
}


@dataclass(frozen=True)
class DateForm:
    """How a column's text is dates.

    Attributes:
        order: of day, month and year.
        strays: whether a text that is no date is a missing value.
        zone: whether all have a time zone; their parts are then those in UTC.
    """

    order: Order = "ymd"
    strays: bool = False
    zone: bool = False


@dataclass(frozen=True, eq=False)
class Dates:
    """Different texts, read as dates.

    Attributes:
        values: (n,) datetime64 in microseconds, in UTC where a zone is named; NaT for a text that is none.
        zone: those that name a time zone.
        doubtful: those that are another date with day and month the other way round.
    """

    values: Array
    zone: Array
    doubtful: Array


def may_be_dates(texts: Any) -> bool:
    """Whether any text, of an Arrow array, has a year of four digits or a time; quick."""
    import pyarrow.compute as pc

    some = r"(?:^|\D)\d{4}(?:\D|$)|^\s*\d{8}(?:\D|$)|^\s*\d{1,2}:\d{2}"
    found = pc.any(pc.match_substring_regex(texts, some)).as_py()
    return bool(found)


def read_dates(texts: Any, order: Order) -> Dates:
    """Texts, an Arrow array without null, as dates where they are, in one order.

    Years have four digits: ``1/2/24`` is none. The months' names are the English ones.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    small = pc.utf8_lower(pc.utf8_trim_whitespace(texts.cast(pa.large_string())))
    count = len(small)
    found = Dates(np.full(count, np.datetime64("NaT"), "datetime64[us]"), np.zeros(count, bool), np.zeros(count, bool))
    for pattern in _PATTERNS[order]:
        _read(small, pattern + ("" if order == "time" else _TIME), order in ("dmy", "mdy"), found)
    return found


def _read(small: Any, pattern: str, either: bool, found: Dates) -> None:
    """Add the texts that have a pattern to those that are found; ``either``: day and month might be the other way."""
    import pyarrow as pa
    import pyarrow.compute as pc

    parts = pc.extract_regex(small, f"^{pattern}$")
    rows = np.flatnonzero(parts.is_valid().to_numpy(zero_copy_only=False))
    if not len(rows):
        return
    parts = parts.take(pa.array(rows))
    cells = {field.name: pc.struct_field(parts, field.name) for field in parts.type}

    def number(name: str) -> Array:
        text = pc.if_else(pc.equal(cells[name], ""), "0", cells[name])
        return np.asarray(text.cast(pa.int64()).to_numpy(zero_copy_only=False))

    def words(name: str) -> Array:
        return np.asarray(cells[name].to_numpy(zero_copy_only=False)).astype(str)

    clock, right = _clock(cells, number, words)
    if "year" not in cells:
        found.values[rows[right]] = (np.datetime64(0, "us") + clock)[right]
        found.zone[rows[right]] = (words("zone") != "")[right]
        return
    year, day = number("year"), number("day")
    if "mark" in cells:
        month, right = number("month"), right & (words("mark") == words("mark_2"))
    elif "compact" in cells:
        month, right = number("month"), right & (year >= _FIRST) & (year <= _LAST)
    else:
        month = _named(words("month"))
    days, valid = _days(year, month, day)
    right &= valid
    found.values[rows[right]] = (days.astype("datetime64[us]") + clock)[right]
    found.zone[rows[right]] = (words("zone") != "")[right]
    if either and (words("mark") != ".").any():
        _, other = _days(year, day, month)
        found.doubtful[rows[right]] = (other & (day != month) & (words("mark") != "."))[right]


def _clock(cells: dict[str, Any], number: Any, words: Any) -> tuple[Array, Array]:
    """The time of the day, in UTC where a zone is named, as microseconds; and whether it is one."""
    hour, minute, second, half, zone = number("hour"), number("minute"), number("second"), words("half"), words("zone")
    fraction = np.array([int(f"{text[:6]:0<6}") for text in words("fraction").tolist()], np.int64)
    right = (minute < 60) & (second < 60) & np.where(half == "", hour < 24, (hour >= 1) & (hour <= 12))
    hour = np.where(half == "", hour, hour % 12 + 12 * (half == "p"))
    away = np.zeros(len(hour), np.int64)
    for name in np.unique(zone):
        if name[:1] in ("+", "-"):
            minutes = 60 * int(name[1:3]) + int(name[-2:])
            away[zone == name] = -minutes if name[0] == "-" else minutes
    total = ((hour * 60 + minute - away) * 60 + second) * 1_000_000 + fraction
    return total.astype("timedelta64[us]"), right


def _named(names: Array) -> Array:
    """Numbers of months, from 1, by their names; 0 for another word."""
    known = {"sept": 9} | {name: i for names in (MONTHS, _FULL) for i, name in enumerate(names, 1)}
    return np.array([known.get(name, 0) for name in names.tolist()], np.int64)


def _days(year: Array, month: Array, day: Array) -> tuple[Array, Array]:
    """Days as datetime64, and whether the calendar has them."""
    inside = (month >= 1) & (month <= 12) & (year >= 1)
    months = ((year - 1970) * 12 + np.where(inside, month, 1) - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1)
    return days, inside & (day >= 1) & (days.astype("datetime64[M]") == months)
