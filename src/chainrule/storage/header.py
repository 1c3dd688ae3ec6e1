"""The header of our safetensors files: one JSON text, checked field by field, with a digest of it and the arrays."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from chainrule.errors import InputError
from chainrule.system.tensor_files import check_digest, digest
from chainrule.tables.columns import Column, Inputs, Target
from chainrule.tables.table_model import Split

Spec = TypeVar("Spec", bound=BaseModel)
MOST_EXPONENT = 2200  # of a column: from the smallest number of float64 to the largest
FIRST_WITH_DIGEST = 2  # version of a file


def spec_text(spec: Mapping[str, Any], tensors: Mapping[str, Any]) -> str:
    """The header of a file with these arrays, ``digest`` added."""
    return json.dumps({**spec, "digest": digest(tensors, json.dumps(spec, sort_keys=True))})


def check_table(quantity: str, inputs: Inputs, target: Target, split: Split) -> None:
    """What a file says of the columns: numbers that can be computed with.

    Raises:
        InputError: a mean, a scale, an exponent or a share that none of ours is.
    """
    numbered: list[tuple[str, Column | Target]] = [(f"column {c.name!r}", c) for c in inputs.columns]
    for what, column in [*numbered, (f"target {target.name!r}", target)]:
        if not (math.isfinite(column.mean) and 0 < column.scale < math.inf):
            got = f"mean {column.mean:g} and scale {column.scale:g}"
            raise InputError(f"{quantity}: {what}", "a finite mean and a positive scale", got)
        if abs(column.exponent) > MOST_EXPONENT:
            raise InputError(f"{quantity}: {what}", f"an exponent within ±{MOST_EXPONENT}", "another")
    for c in inputs.columns:
        if (c.shares and len(c.shares) != len(c.categories)) or not all(0 <= share <= 1 for share in c.shares):
            raise InputError(f"{quantity}: column {c.name!r}", "a share from 0 to 1 for each category", "others")
    if not 0 <= split.test < 1 or not 0 <= split.without <= split.rows:
        got = f"a share of {split.test:g}, {split.rows} rows, {split.without} of them without a target"
        raise InputError(f"{quantity}: split", "a share from 0 to 1, and counts of rows", got[:200])


def read_spec(kind: type[Spec], text: str, tensors: Mapping[str, Any], quantity: str) -> Spec:
    """The header of a file.

    Raises:
        InputError: a field that is missing, unknown or of another type, which is named; arrays, or a header, that were
            changed since the file was written.
    """
    try:
        found = kind.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the header"
        raise InputError(f"{quantity}: {where}", "a whole header of a model file", first["msg"]) from None
    spec = json.loads(text)
    told = spec.pop("digest", None)
    if spec["version"] is True or (told is None and spec["version"] >= FIRST_WITH_DIGEST):
        raise InputError(quantity, "a header with the digest of its numbers", "none: the file was changed")
    check_digest(quantity, told, tensors, json.dumps(spec, sort_keys=True))
    return found
