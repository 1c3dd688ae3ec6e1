"""The header of our safetensors files: one JSON text, checked field by field, with a digest of it and the arrays."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from chainrule.errors import InputError
from chainrule.system.tensor_files import check_digest, digest

Spec = TypeVar("Spec", bound=BaseModel)


def spec_text(spec: Mapping[str, Any], tensors: Mapping[str, Any]) -> str:
    """The header of a file with these arrays, ``digest`` added."""
    return json.dumps({**spec, "digest": digest(tensors, json.dumps(spec, sort_keys=True))})


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
    check_digest(quantity, told, tensors, json.dumps(spec, sort_keys=True))
    return found
