"""One JSON form for all that the command line prints for programs."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, is_dataclass
from typing import Any

import numpy as np

SCHEMA = "chainrule/1"


def to_json(kind: str, data: dict[str, Any]) -> str:
    """``{"schema": "chainrule/1", "kind": kind, …}``; numbers that JSON lacks (NaN, infinity) become null."""
    return json.dumps(record(kind, data), ensure_ascii=False, allow_nan=False, indent=2)


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
