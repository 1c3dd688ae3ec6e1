"""Dates and times as numbers: the year, and where in the year, the week and the day, as sine and cosine."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.network.arrays import Array

#: part of a date -> how many units there are until it begins again; None: never
PARTS: dict[str, float | None] = {"year": None, "month": 12.0, "weekday": 7.0, "yearday": 365.2425, "hour": 24.0}


def parts_of(column: Any, order: str = "") -> Array:
    """The parts (n, 5) of dates, timestamps or times, as ``PARTS`` has them, each from 0; NaN in a row without one.

    The hour has minutes and seconds as its fraction. A time alone has its hour; the others are 0. With a time zone
    the parts are those in UTC, which every way to write the same instants has in common.

    Args:
        order: ``time`` where timestamps stand for the time of day alone.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if is_zoned(column.type):
        column = column.cast(pa.timestamp(column.type.unit))  # in UTC
    missing = column.is_null().to_numpy()
    parts = np.zeros((len(column), len(PARTS)))
    if pa.types.is_time(column.type):
        ticks = {"s": 1, "ms": 1e3, "us": 1e6, "ns": 1e9}[column.type.unit]
        whole = column.cast(pa.int32() if pa.types.is_time32(column.type) else pa.int64())
        parts[:, 4] = _numbers(whole) / (3600 * ticks)
    else:
        for place, part in enumerate((pc.year, pc.month, pc.day_of_week, pc.day_of_year) if order != "time" else ()):
            parts[:, place] = _numbers(part(column)) - (place in (1, 3))
        if pa.types.is_timestamp(column.type):
            minutes = _numbers(pc.minute(column)) + _numbers(pc.second(column)) / 60
            parts[:, 4] = _numbers(pc.hour(column)) + minutes / 60
    parts[missing] = np.nan
    return parts


def is_zoned(kind: Any) -> bool:
    """Whether a column's type is an instant, told in a time zone."""
    import pyarrow as pa

    return bool(pa.types.is_timestamp(kind) and kind.tz is not None)


def turned(part: str, values: Array) -> Array:
    """Sine and cosine (n, 2) of a part that begins again."""
    angle = values * (2 * np.pi / (PARTS[part] or 1.0))
    return np.column_stack([np.sin(angle), np.cos(angle)])


def _numbers(column: Any) -> Array:
    import pyarrow as pa

    return np.asarray(column.cast(pa.float64()).fill_null(0.0).to_numpy())
