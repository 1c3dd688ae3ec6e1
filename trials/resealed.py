"""Model files, ensembles and checkpoints with one part changed and a digest that fits: damage that no digest tells."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from safetensors import deserialize

from chainrule.storage.header import spec_text
from chainrule.storage.model_file import ENSEMBLE, FORMAT
from chainrule.system.tensor_files import KINDS, digest

LARGE = 10**30
#: what stands in place of a value
ODD: tuple[Any, ...] = (
    None, True, 0, -1, LARGE, -LARGE, 0.5, 1e308, float("inf"), float("nan"), "", "x", "9" * 30, "\x1b[2J\n", [], [[]],
    [None], {}, {"a": 1}, "é" * 300,
)  # fmt: skip
TEXTS = ("", "0", "-1", "9" * 30, "1e400", "inf", "nan", "0x1p-1074", "[]", "{}", "null", "[1]", '{"a": [', "\x1b[2J")


def parts(whole: bytes) -> tuple[dict[str, Any], dict[str, str]]:
    """(arrays, what the header says) of a safetensors file."""
    length = int.from_bytes(whole[:8], "little")
    about = json.loads(whole[8 : 8 + length]).get("__metadata__", {})
    arrays = {
        name: np.frombuffer(entry["data"], KINDS[entry["dtype"]]).reshape(entry["shape"])
        for name, entry in deserialize(whole)
    }
    return arrays, about


def packed(arrays: Mapping[str, Any], about: Mapping[str, str], kinds: Mapping[str, str] | None = None) -> bytes:
    """A safetensors file; ``kinds`` says of some arrays what their bytes are called."""
    header: dict[str, Any] = {"__metadata__": dict(about)} if about else {}
    names = {np.dtype(code).str: name for name, code in KINDS.items() if name != "BF16"}
    data = b""
    for name, array in arrays.items():
        raw = np.ascontiguousarray(array)
        kind = (kinds or {}).get(name) or names[raw.dtype.str]
        ends = [len(data), len(data) + raw.nbytes]
        header[name] = {"dtype": kind, "shape": list(np.shape(array)), "data_offsets": ends}
        data += raw.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data


def sealed(arrays: Mapping[str, Any], about: Mapping[str, str]) -> dict[str, str]:
    """The header with the digest that these arrays need."""
    for name in (FORMAT, ENSEMBLE):
        if name in about:
            try:
                spec = json.loads(about[name])
            except ValueError:
                spec = None
            if not isinstance(spec, dict):
                return dict(about)
            spec.pop("digest", None)
            return {**about, name: spec_text(spec, arrays)}
    left = {name: value for name, value in about.items() if name != "digest"}
    return {**left, "digest": digest(arrays, json.dumps(left, sort_keys=True))}


def changed_values(value: Any) -> Iterator[Any]:
    """A value of JSON with one part of it missing, doubled or something else."""
    yield from (odd for odd in ODD if odd != value)
    if isinstance(value, dict):
        for key in value:
            left = {name: one for name, one in value.items() if name != key}
            yield left
            yield {**value, f"{key}x": value[key]}
            yield from ({**value, key: other} for other in changed_values(value[key]))
    elif isinstance(value, list) and value:
        yield value[1:]
        yield [*value, *value]
        for i in {0, len(value) - 1}:
            yield from ([*value[:i], other, *value[i + 1 :]] for other in changed_values(value[i]))


def changed_arrays(array: Any) -> Iterator[Any]:
    """An array of other numbers, another kind or another shape."""
    with np.errstate(all="ignore"):
        kinds = [array.astype(kind) for kind in ("<f2", "<f4", "<f8", "<i8", "<i1", "<u8", "?")]
    yield from kinds
    yield from (array.ravel(), array[None], array[:0], array.ravel()[:1], np.zeros(()), np.zeros((2, 0, 3)))
    for number in (np.nan, np.inf, -np.inf, 1e308, -1e308, 5e-324, -1, LARGE):
        if array.dtype.kind == "f" and array.size:
            other = np.array(array)
            with np.errstate(over="ignore"):
                other.flat[0] = float(number)
            yield other
    if array.ndim == 2:
        yield array.T
    yield np.concatenate([array, array]) if array.ndim else np.stack([array, array])


def resealed(whole: bytes) -> Iterator[bytes]:
    """A file of ours with each part of it missing or changed, and with the digest that it then has."""
    arrays, about = parts(whole)
    for name, array in arrays.items():
        left = {other: one for other, one in arrays.items() if other != name}
        for changed in (left, {**left, f"{name}x": array}, *({**left, name: one} for one in changed_arrays(array))):
            yield packed(changed, sealed(changed, about))
        for kind, code in (("BF16", "<u2"), ("F8_E4M3", "u1"), ("F8_E5M2", "u1")):  # NumPy has none of them
            yield packed(
                {**left, name: np.ascontiguousarray(array).ravel().view(code)}, sealed(arrays, about), {name: kind}
            )
    for key, text in about.items():
        yield packed(arrays, sealed(arrays, {name: one for name, one in about.items() if name != key}))
        for other in TEXTS:
            yield packed(arrays, sealed(arrays, {**about, key: other}))
        try:
            value = json.loads(text)
        except ValueError:
            continue
        for other in changed_values(copy.deepcopy(value)):
            yield packed(arrays, sealed(arrays, {**about, key: json.dumps(other)}))
