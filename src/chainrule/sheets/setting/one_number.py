"""A fact that is one finite number, and values as they stand in messages."""

from __future__ import annotations

import math
from typing import Any

from chainrule.sheets.setting.facts import Fact, Facts


def number(facts: Facts, fact: Fact, name: str) -> float:
    """A fact that is one finite number. Raises an InputError for another thing."""
    value = fact.value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise facts.refuse(name, "a number", short(value), fact.line)
    try:
        found = float(value)
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise facts.refuse(name, "a finite number", short(value), fact.line)
    return found


def short(value: Any) -> str:
    """A value as it stands in a message."""
    try:
        written = repr(value)
    except ValueError:  # an integer of more than 4,300 digits
        return "a number of too many digits"
    return written if len(written) <= 40 else f"{written[:40]}…"
