"""Functions in the plain text of a worksheet, by all the names that people have for them.

A layer stays with its function: ``f'_2(z_2)``, ``g^{(2)}(z)``, ``σ'^{(1)}(z)`` are ``g_2'``, ``g_2`` and ``g_1'``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from chainrule.formula import tree as t
from chainrule.formula.evaluate import FUNCTIONS
from chainrule.formula.plain import OPEN
from chainrule.sheets.names import plain as n
from chainrule.system.patterns import regex

_LIBRARY = r"(?:(?:np|numpy|jnp|math|torch|tf|nn|F|jax)\s*\.\s*){1,2}"
_LIBRARY += r"(?:(?:nn|linalg|functional|special|math|numpy)\s*\.\s*)?"
_FUNCTION = regex(
    rf"(?:{_LIBRARY})?"
    r"(?:(?P<log>log)\s*_\s*(?:\{\s*(?P<base>2|10|e)\s*\}|(?P<bare>2|10|e)(?![0-9]))"
    rf"|(?P<word>{n.IDENTIFIER.pattern}))(?P<primes>(?:\s*')*)(?=\s*(?P<next>.?))",
    re.DOTALL,
)
_GENERAL = {"g": "g", "f": "g", "φ": "g", "σ": "sigma", "sigma": "sigma"}  # the activation, whichever it is
_OF_LAYER = regex(
    r"(?P<word>sigma|[gfφσ])(?P<early>(?:\s*')*)\s*(?:_\s*(?:\{\s*(?P<below>[0-9L])\s*\}|(?P<digit>[0-9]))"
    r"|\^\s*(?:\{\s*[(\[]\s*(?P<above>[0-9L])\s*[)\]]\s*\}|[(\[](?P<round>[0-9L])[)\]]))"
    r"(?P<late>(?:\s*')*)(?=\s*[(\[{⟦])"
)
#: what Python's libraries call what has a sign here
PYTHON = frozenset(
    (
        "array", "asarray", "matrix", "tensor", "float32", "float64", "dot", "matmul", "outer", "multiply", "transpose",
        "square", "norm", "where", "power", "add", "subtract", "divide",
    )
)  # fmt: skip
_OF_TWO = ("dot", "matmul", "outer", "multiply", "power", "add", "subtract", "divide")
_ALIASES = {
    "logistic": "sigmoid",
    "maximum": "max",
    "minimum": "min",
    "expit": "sigmoid",
    **dict.fromkeys(("sigmoide", "sigmoidea", "sigmoidale", "sigmoida", "sigm", "sig", "logsig"), "sigmoid"),
    **dict.fromkeys(("tangh", "tgh", "tansig"), "tanh"),
    "heaviside": "step",
    **{p: p for p in PYTHON - {"power", "add", "subtract", "divide"}},
    # behind the name of a library alone (``libraries``)
    "pypower": "power",
    "pypow": "power",
    "pyadd": "add",
    "pysubtract": "subtract",
    "pysub": "subtract",
    "pymultiply": "multiply",
    "pymul": "multiply",
    "pydivide": "divide",
    "pydiv": "divide",
}
_POWER = regex(
    r"((?:tanh|sigmoid|sigma|σ|sin|cos|log|ln|exp|relu)(?:\s*')?\s*)(\^\s*(?:\{\s*[2-4]\s*\}|[2-4]))(\s*\([^()]{1,60}\))"
)


class UnreadError(Exception):
    """What cannot be read, and where in the plain text; ``name`` is the one that nothing is known of."""

    def __init__(self, at: int, message: str, name: str = "") -> None:
        super().__init__(message)
        self.at = at
        self.message = message
        self.name = name


class GeneralError(UnreadError):
    """A letter that stands for no number here: what is written is for any unit."""


@dataclass(frozen=True)
class Function:
    """A function as it stands in a text.

    Attributes:
        name: as in the language; of a layer's own activation with the layer, ``g_2'``.
        called: a bracket follows.
        end: the place behind it.
    """

    name: str
    called: bool
    end: int


@lru_cache
def _functions() -> dict[str, str]:
    """Functions by what they are called, in small letters without underscores where that is not one already."""
    names = [name for name in FUNCTIONS if not name.endswith("'")]
    loose = {name.lower().replace("_", ""): name for name in reversed(names) if name.lower() != "phi"}
    return {**loose, **{name: name for name in names}, **_ALIASES}


@lru_cache(maxsize=4096)
def function_named(word: str) -> str | None:
    """The function of the language that a word means, in capitals or not."""
    known = _functions()
    return known.get(word) or known.get(word.lower().replace("_", ""))


def function_at(text: str, at: int, own: frozenset[str] | set[str]) -> Function | None:
    """The function at a place of a plain text; None for a name.

    Args:
        own: names that the author has introduced.

    Raises:
        UnreadError: a function of the second order, or an unknown one.
    """
    layered = _OF_LAYER.match(text, at)
    if (
        layered
        and layered["word"] not in own
        and f"{layered['word']}_{layered['below'] or layered['digit']}" not in own
    ):
        primes = layered["early"].count("'") + layered["late"].count("'")
        layer = layered["below"] or layered["digit"] or layered["above"] or layered["round"]
        name = f"g_{layer}" + "'" * primes
        if primes > 1:
            raise UnreadError(at, f"unknown function {name!r}")
        return Function(name, True, layered.end())
    match = _FUNCTION.match(text, at)
    if match is None:
        return None
    word = f"log_{match['base'] or match['bare']}" if match["log"] else match["word"]
    called = match["next"] in ("(", "{") and match["next"] != ""
    if word in own and not (called and function_named(word)):
        return None
    primes_written = match["primes"].count("'") * "'"
    called_so = match["next"] == "(" or (match["next"] in ("[", OPEN) and _GENERAL.get(word) == "sigma")
    if word in _GENERAL and called_so:
        name, known = _GENERAL[word] + primes_written, len(primes_written) <= 1
    else:
        base = {"log_e": "ln", "log_2": "log2", "log_10": "log10"}.get(word) or function_named(word)
        if base is None or (base in PYTHON and not called):
            return None
        name, known = base + primes_written, base + primes_written in FUNCTIONS or base in PYTHON
    if not called and (
        match["next"] in ("", *"=,;+-*/)]}⊙⊗^_&'") or (name in ("sigma", "sigma'") and match["next"] not in ("[", OPEN))
    ):
        return None  # the word alone
    if not known:
        raise UnreadError(at, f"unknown function {name!r}")
    return Function(name, called, match.end("primes"))


def with_powers_behind(text: str) -> str:
    """``tanh^2(u)`` as ``tanh(u)^2``, in as many characters."""
    return _POWER.sub(r"\1\3\2", text) if "^" in text else text


def called(name: str, arguments: tuple[t.Expr, ...], at: int) -> t.Expr:
    """A call, Python's own ways of writing with the signs for them; a layer's function keeps its layer for numbers."""
    if name in PYTHON:
        due = 3 if name == "where" else 2 if name in _OF_TWO else 1
        if len(arguments) != due:
            raise UnreadError(at, f"{name} takes {due} argument{'s' * (due > 1)}; got {len(arguments)}")
        match name:
            case "dot" | "matmul":
                return t.Mul(arguments)
            case "outer":
                return t.Mul((arguments[0], t.Transpose(arguments[1])))
            case "multiply":
                return t.Hadamard(arguments)
            case "power":
                return t.Pow(*arguments)
            case "add":
                return t.Add(arguments)
            case "subtract":
                return t.Add((arguments[0], t.Neg(arguments[1])))
            case "divide":
                return t.Div(*arguments)
            case "transpose":
                return t.Transpose(arguments[0])
            case "square":
                return t.Pow(arguments[0], t.Number(2.0, "2"))
            case "norm":
                return t.Call("sqrt", (t.Call("sum", (t.Pow(arguments[0], t.Number(2.0, "2")),)),))
            case "where":
                holds, one, other = arguments
                rest = t.Add((t.Number(1.0, "1"), t.Neg(holds)))
                return t.Add((t.Hadamard((holds, one)), t.Hadamard((rest, other))))
        return arguments[0]
    if name == "sum" and len(arguments) == 2 and isinstance(axis := arguments[1], t.Number) and axis.value in (0, 1):
        return t.Call("sum_columns" if axis.value else "sum_rows", arguments[:1])
    if name.startswith("g_") and isinstance(arguments[0], t.Ref) and not isinstance(arguments[0].name, str):
        return t.Call("g" + name[3:], arguments)  # its argument says which layer it is
    return t.Call(name, arguments)
