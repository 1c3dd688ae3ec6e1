"""Safetensors files of ours, ours or a stranger's: a header in JSON, checked field by field, and named arrays."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from chainrule.errors import InputError
from chainrule.network.arrays import Array

Spec = TypeVar("Spec", bound=BaseModel)


def read_tensors(path: str | os.PathLike[str], quantity: str, what: str) -> tuple[dict[str, str], dict[str, Array]]:
    """The metadata and the arrays of a safetensors file.

    Raises:
        InputError: no such file, or not a whole one.
    """
    from safetensors import SafetensorError, safe_open

    if not Path(path).is_file():
        raise InputError(quantity, what, "a folder" if Path(path).is_dir() else "no such file")
    if Path(path).stat().st_size == 0:
        raise InputError(quantity, what, "an empty file")
    try:
        with safe_open(path, framework="numpy") as file:
            return file.metadata() or {}, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        raise InputError(quantity, what, f"something else or a truncated one ({error})") from None


def read_spec(kind: type[Spec], text: str, quantity: str) -> Spec:
    """The header.

    Raises:
        InputError: a field that is missing, unknown or of another type, which is named.
    """
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the header"
        raise InputError(f"{quantity}: {where}", "a whole header of a model file", first["msg"]) from None
