"""Sizes in bytes, told to Dask: it moves and copies freely what it believes to be small."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

from dask.sizeof import sizeof

Kind = TypeVar("Kind", bound=type)


def sized(kind: Kind) -> Kind:
    """Tell Dask that a dataclass, and those derived from it, are as large as their fields."""
    sizeof.register(kind, size)
    return kind


def size(value: Any) -> int:
    """The bytes of a value; of a dataclass or a tuple, those of what is in it."""
    if is_dataclass(value) and not isinstance(value, type):
        return sum(size(getattr(value, field.name)) for field in fields(value))
    if isinstance(value, tuple):
        return sum(map(size, value))
    return int(sizeof(value))
