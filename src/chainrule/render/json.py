"""One JSON form for all that the command line prints for programs."""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict, is_dataclass
from typing import Any

import numpy as np

SCHEMA = "chainrule/1"
#: what a terminal obeys, or no encoding has; what is below a blank, JSON escapes by itself
_OBEYED = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def to_json(kind: str, data: dict[str, Any]) -> str:
    """``{"schema": "chainrule/1", "kind": kind, …}``; numbers that JSON lacks (NaN, infinity) become null."""
    text = json.dumps(record(kind, data), ensure_ascii=False, allow_nan=False, indent=2)
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def record(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    """The same as plain data."""
    found: dict[str, Any] = plain({"schema": SCHEMA, "kind": kind} | data)
    return found


def plain(value: Any) -> Any:
    """Dictionaries, lists, words and finite numbers; what JSON lacks becomes null."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    return None if isinstance(value, float) and not math.isfinite(value) else value
