"""JSON from strangers: strict, of bounded depth, every number finite."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from chainrule.errors import InputError

DEEPEST = 32  # levels of values in lists and objects
MOST_DIGITS = 300  # of a whole number: any more, and no float is as large
_HALF_PAIR = re.compile("[\ud800-\udfff]")


def read_json(body: bytes) -> Any:
    """The one value that the bytes stand for in strict JSON, of bounded depth, every number finite.

    Raises:
        InputError: anything else.
    """
    try:
        value = json.loads(
            body.decode(), object_pairs_hook=_object, parse_int=_whole, parse_float=_finite, parse_constant=_finite
        )
    except InputError:
        raise
    except (ValueError, RecursionError):
        raise InputError("question", "JSON in UTF-8", "something else") from None
    level, depth = [value], 0
    while level:
        if depth > DEEPEST:
            raise InputError("question", f"at most {DEEPEST} levels of lists and objects", "more")
        level, depth = [part for item in level for part in _parts(item)], depth + 1
    return value


def _parts(item: Any) -> list[Any]:
    if isinstance(item, str) and _HALF_PAIR.search(item):
        raise InputError("question", "words in Unicode", "half of a surrogate pair")
    if isinstance(item, dict):
        return [*item, *item.values()]
    return item if isinstance(item, list) else []


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise InputError("question", "each key of an object once", "one twice")
    return found


def _whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise InputError("question", f"whole numbers of at most {MOST_DIGITS} digits", str(len(digits)))
    return int(digits)


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise InputError("question", "finite numbers", number)
    return value
