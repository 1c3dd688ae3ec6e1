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
    return json.dumps({"schema": SCHEMA, "kind": kind} | _plain(data), ensure_ascii=False, allow_nan=False, indent=2)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, np.generic):
        return _plain(value.item())
    return None if isinstance(value, float) and not math.isfinite(value) else value
