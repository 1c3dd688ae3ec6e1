"""What the native library has for the tests: its kernels one by one, its variants, and the constants of its sources."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import c_char_p, c_int, c_int32, c_int64, c_void_p
from typing import Any

import numpy as np

from chainrule.native import library as native

FUNCTIONS = ("exp", "log1p", "erfc", "expm1")  # by their numbers


def library() -> Any:
    """The library with the functions that only tests call."""
    found = native.library()
    assert found is not None, "there is no native library: python tools/native.py builds it"
    for bits in (32, 64):
        operands = (c_void_p, c_int64, c_int64, c_void_p, c_int64, c_int, c_void_p, c_int64, c_void_p, c_int64)
        for name, arguments in {
            "product": (*operands, c_int64, c_int64, c_int64, c_void_p, c_int64),
            "activate": (c_int32, c_void_p, c_void_p, c_int64),
            "function": (c_int32, c_void_p, c_void_p, c_int64),
        }.items():
            function = getattr(found, f"chainrule_{name}_{bits}")
            function.restype, function.argtypes = None, arguments
    found.chainrule_size.restype, found.chainrule_size.argtypes = c_int64, (c_int,)
    return found


def kernel(name: str, dtype: Any) -> Any:
    """One kernel for one type."""
    return getattr(library(), f"chainrule_{name}_{8 * np.dtype(dtype).itemsize}")


def address(array: np.ndarray, first: int = 0) -> int:
    """Where the numbers of an array lie, from one of them on."""
    return array.ctypes.data + first * array.itemsize


def variants() -> list[str]:
    """Those that this machine can run, the best first; none where there is no library."""
    found = native.library()
    names: list[str] = []
    while found is not None and (name := found.chainrule_usable(len(names))) is not None:
        names.append(name.decode())
    return names


@contextmanager
def variant(name: str) -> Iterator[None]:
    """Let one variant run, and afterwards the one that ran before."""
    before = library().chainrule_variant()
    assert library().chainrule_choose(c_char_p(name.encode()))
    try:
        yield
    finally:
        assert library().chainrule_choose(before)


def source(name: str) -> str:
    """The text of one source without its comments."""
    return re.sub(r"//[^\n]*", "", (native.FOLDER / name).read_text(encoding="utf-8"))


def numbers(enum: str) -> list[str]:
    """The names of an enum of the records, from 0 on."""
    (body,) = re.findall(rf"enum {enum}\b[^{{]*{{([^}}]*)}}", source("records.h"))
    assert "=" not in body
    return [name.strip() for name in body.split(",")]


def constant(name: str, file: str) -> float:
    """A constant of one source, written as a number or as Index(1) << shift."""
    (value,) = re.findall(rf"constexpr (?:double|Index|int) {name} = ([^;]+);", source(file))
    shifted = re.fullmatch(r"Index\(1\) << (\d+)", value)
    return float(1 << int(shifted[1])) if shifted else float(value.replace("'", ""))


def coefficients(name: str, bits: int) -> list[float]:
    """A polynomial of mathematics.h, lowest first."""
    (body,) = re.findall(rf"constexpr {'float' if bits == 32 else 'double'} {name}\[\] = {{([^}}]*)}}",
                         source("mathematics.h"))  # fmt: skip
    return [float(number.rstrip("f")) for number in re.sub(r"\s", "", body).split(",")]
