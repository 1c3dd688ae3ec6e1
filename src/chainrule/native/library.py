"""The native library: where it lies, what its records look like, and its functions by ctypes.

The library has no part of Python in it, so that one build serves every Python. Its records are those of
``native/library.cpp``. Which activations, losses and pairs it computes, and by what numbers, the library says itself.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from ctypes import c_double, c_int, c_int32, c_int64, c_uint32, c_uint64, c_void_p
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import InputError

FOLDER = Path(__file__).parent
NAMES = ("_engine.so", "_engine.dylib", "_engine.dll")
SWITCH = "CHAINRULE_ENGINE"  # of the environment: ``plain`` keeps the library from being loaded

KINDS = ("activations", "losses", "pairs")  # of rules, by their numbers
RULES = {"sgd": 0, "momentum": 1, "nesterov": 2, "adam": 3, "adamw": 3}


class EnginePlan(ctypes.Structure):
    """What an engine trains and how; ``EnginePlan`` of the library."""

    _fields_ = (
        *((name, c_int64) for name in ("depth", "batch", "threads")),
        *((name, c_void_p) for name in ("sizes", "hidden")),
        *((name, c_int32) for name in ("output", "loss", "pair", "mean", "rule")),
        ("seed", c_uint32),
        *((name, c_double) for name in ("momentum", "beta_1", "beta_2", "epsilon", "l2")),
        *((name, c_void_p) for name in ("limits", "below", "factors", "gemm")),
    )  # fmt: skip


class Request(ctypes.Structure):
    """The rows of one call, and what comes out of it; ``Request`` of the library."""

    _fields_ = (
        *((name, c_void_p) for name in ("x", "labels", "y", "weight", "order")),
        ("count", c_int64),
        ("key", c_uint64),
        ("shuffle", c_int32),
        *((name, c_int64) for name in ("first_epoch", "epochs")),
        *((name, c_void_p) for name in ("rates", "decays")),
        *((name, c_int64) for name in ("first_step", "every")),
        *((name, c_void_p) for name in ("asleep", "health", "told", "good", "grad", "outputs")),
        *((name, c_double) for name in ("loss", "right", "observed", "weights")),
        *((name, c_int64) for name in ("failed", "made")),
    )  # fmt: skip


class Layers(ctypes.Structure):
    """A network whose rows are predicted; ``Layers`` of the library."""

    _fields_ = (
        ("depth", c_int64),
        *((name, c_void_p) for name in ("sizes", "hidden")),
        *((name, c_int32) for name in ("output", "threads")),
        *((name, c_void_p) for name in ("weights", "biases")),
    )  # fmt: skip


def address(array: NDArray[Any] | None) -> int | None:
    """Where an array's numbers lie; None for none."""
    if array is None:
        return None
    found: int = array.__array_interface__["data"][0]  # a tenth of the time that array.ctypes.data takes
    return found


@cache
def library() -> Any:
    """The library with its functions, or None where there is none, or the environment asks for the plain engine.

    Raises:
        InputError: the environment asks for an engine that there is not, or the library is one of older sources.
    """
    wanted = os.environ.get(SWITCH, "")
    if wanted not in ("", "plain"):
        raise InputError(SWITCH, "plain, or nothing", wanted)
    found = next((FOLDER / name for name in NAMES if (FOLDER / name).exists()), None)
    if wanted == "plain" or found is None:
        return None
    try:
        loaded = ctypes.CDLL(str(found))
    except OSError:  # built for another machine
        return None
    functions = {
        "variant": (ctypes.c_char_p, ()),
        "usable": (ctypes.c_char_p, (c_int64,)),
        "rule": (ctypes.c_char_p, (c_int, c_int64)),
        "choose": (c_int, (ctypes.c_char_p,)),
        "start": (c_void_p, (ctypes.POINTER(EnginePlan), c_int)),
        "stop": (None, (c_void_p,)),
        "write": (None, (c_void_p,) * 4),
        "read": (None, (c_void_p,) * 4),
        "order": (None, (c_uint64, c_int64, c_void_p)),
        "predict": (c_int, (ctypes.POINTER(Layers), c_void_p, c_int64, c_void_p, c_int)),
        **{name: (c_int, (c_void_p, ctypes.POINTER(Request))) for name in ("train", "gradient", "evaluate")},
    }
    for name, (result, arguments) in functions.items():
        function = getattr(loaded, f"chainrule_{name}", None)
        if function is None:
            raise InputError(f"native library {found}", "one of these sources (python tools/native.py)", "an older one")
        function.restype, function.argtypes = result, arguments
    return loaded


@cache
def computed(kind: str) -> dict[str, int]:
    """What the library computes, by name, with its number: ``activations`` and outputs, ``losses``, or ``pairs``.

    A pair is a loss and an output with a blank between them; 0 is the general path, which all others take.
    """
    loaded, found = library(), dict[str, int]()
    while loaded is not None and (name := loaded.chainrule_rule(KINDS.index(kind), len(found))) is not None:
        found[name.decode().lower()] = len(found)
    return found


def not_computed(hidden: Sequence[str], output: str, loss: str) -> str:
    """Those of a network's activations, output and loss that the library does not compute; empty where it does all."""
    missing = [name for name in dict.fromkeys((*hidden, output)) if name not in computed("activations")]
    return ", ".join(missing + [loss] * (loss not in computed("losses")))


@cache
def gemm(dtype: np.dtype[Any]) -> int:
    """Where BLAS's product of a type begins, in SciPy's own library."""
    from scipy.linalg import cython_blas

    capsule = cython_blas.__pyx_capi__["sgemm" if dtype == np.float32 else "dgemm"]
    name, pointer = ctypes.pythonapi.PyCapsule_GetName, ctypes.pythonapi.PyCapsule_GetPointer
    name.restype, name.argtypes = ctypes.c_char_p, [ctypes.py_object]
    pointer.restype, pointer.argtypes = c_void_p, [ctypes.py_object, ctypes.c_char_p]
    found: int = pointer(capsule, name(capsule))
    return found
