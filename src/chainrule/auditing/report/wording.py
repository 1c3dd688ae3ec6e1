"""Names and numbers of a sheet in the words of a report."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.errors import InputError
from chainrule.formula.printing import LONGEST, number_text
from chainrule.network import names
from chainrule.render.blocks import Code, Math, visible
from chainrule.render.from_tex import from_tex
from chainrule.system.patterns import regex

MOST_LETTERS = 160  # of a line in a table
MOST_OF_NAME = 40
MOST_OF_LATEX = 100  # letters of a name that is read as LaTeX
MOST_DECIMALS = 12
MOST_ZEROS = 4  # behind the point of a 0
MOST_COMPARED = 50  # entries of an array
DUST = 1e-14  # what rounding in the computer leaves of 0
#: a name, its primes, and the number of updates where it is written
PRIMED = regex(r"(?P<base>[^']+)(?P<primes>'*)(?:\{(?P<times>\d+)\})?")


def name_part(name: str) -> Math | Code | str:
    """A name as a formula, where it is one of the design, with its primes; else as it was typed."""
    match = PRIMED.fullmatch(plain_name(name))
    if match is None:
        return Code(short(name, MOST_OF_NAME)) if name.strip() else ""
    try:
        read, notation = names.read(match["base"])
    except InputError:
        return Code(short(name, MOST_OF_NAME))
    primes = match["primes"] + (f"^{{({match['times']})}}" if match["times"] else "")
    latex = names.to_latex(read, notation)
    one = f"{{{latex}}}" if primes and "^" in latex else latex  # a name with a superscript takes no second one
    return Math(visible(plain_name(name)), one + primes)


def plain_name(name: str) -> str:
    """A name as text, where it was typed as LaTeX too."""
    is_latex = "\\" in name and len(name) <= MOST_OF_LATEX
    return (from_tex(name.strip().strip("$")) if is_latex else name).strip()


def sentence(words: str, end: str = "") -> str:
    """Words as a sentence; a name at the start, such as a_1 or yhat, keeps its letters."""
    words = words.strip()
    first = words.split(" ", 1)[0]
    if first.rstrip(".,:;!?").isalpha() and first != "yhat" and not _is_letter(words):
        words = first[:1].upper() + words[1:]
    return words if words.endswith((".", "!", "?", ":")) else words + end


def _is_letter(words: str) -> bool:
    """Whether a sentence begins with a name of one letter: ``y should be 0.5``, but not ``a rule``."""
    first, _, rest = words.partition(" ")
    return len(first.rstrip(":,")) == 1 and (first not in ("a", "A") or rest.partition(" ")[0] in _VERBS)


_VERBS = ("should", "could", "is", "stands")


def short(text: str, most: int = MOST_LETTERS) -> str:
    """Text of a stranger's sheet, cut where it is long."""
    text = text.strip()
    return text if len(text) <= most else f"{text[: most - 1]}…"


def number(given: Any, decimals: int | None) -> str:
    """A number in so many decimals, as its line writes them; one that they cannot show, in significant digits."""
    x = float(given)
    if abs(x) < DUST:
        x = 0.0
    if decimals is None or not np.isfinite(x) or abs(x) >= 1e12:
        return number_text(x, 5)
    written = f"{x:.{max(0, min(decimals, MOST_DECIMALS))}f}"
    if float(written) == 0:
        return (written.lstrip("-") if decimals <= MOST_ZEROS else "0") if x == 0 else number_text(x, 3)
    return written


def decimals_apart(right: Any, claimed: Any, decimals: int | None, off: Any = True) -> int | None:
    """So many decimals that what should be never looks like what is written, where ``off`` says that they differ."""
    one, other = np.asarray(right, dtype=float), np.asarray(claimed, dtype=float)
    if decimals is None or one.shape != other.shape:
        return decimals
    pairs = [(a, b) for a, b in zip(one[off].ravel(), other[off].ravel(), strict=True) if abs(a - b) > DUST]
    for more in range(decimals, MOST_DECIMALS):
        if all(number(a, more) != number(b, more) for a, b in pairs[:MOST_COMPARED]):
            return more
    return MOST_DECIMALS


def array(given: Any, decimals: int | None) -> str:
    """A vector or a matrix, shortened where it is long."""
    values = np.asarray(given)
    if values.ndim == 0:
        return number(values, decimals)
    shown = [array(v, decimals) for v in values[:LONGEST]]
    if len(values) > LONGEST:
        shown[LONGEST - 2 :] = [f"… {len(values) - LONGEST + 1} more", array(values[-1], decimals)]
    return f"[{', '.join(shown)}]"


def value(given: Any, decimals: int | None) -> str:
    """A number or an array; "" for None."""
    return "" if given is None else array(given, decimals)
