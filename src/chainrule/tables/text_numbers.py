"""Text that is numbers: percent, money, thousands, decimal commas, and marks of missing values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from chainrule.network.arrays import Array

Decimal = Literal[".", ","]
DECIMALS: tuple[Decimal, Decimal] = (".", ",")

#: what stands for a missing value among numbers, in small letters and without blanks around; among words only "" does
MARKS = (
    "", "?", "-", "--", "---", "–", "—", ".", "..", "...", "*", "na", "n/a", "n.a.", "n.a", "#na", "#n/a", "#n/a n/a",
    "<na>", "nan", "-nan", "1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan", "null", "none", "nil", "missing", "unknown",
    "not available", "not applicable", "#div/0!", "#value!", "#ref!", "#null!", "#num!", "#name?", "\\n",
)  # fmt: skip

_MONEY = "$€£¥₹₽₩₺฿₫₴₦₱"
_SIGN = "[+\\-−]"
_B = "[\\s\u00a0\u202f]*"  # blanks, also those that do not break a line
_GROUPS = {".": (",", "'", "’", " ", "\u00a0", "\u202f"), ",": (r"\.", "'", "’", " ", "\u00a0", "\u202f")}


@dataclass(frozen=True)
class Form:
    """How a column's text is numbers.

    Attributes:
        decimal: what stands before the decimals; the other one, a blank or an apostrophe may part the thousands.
        unit: ``%`` or a sign of money, in every cell; the number is what stands beside it: 12% is 12.
        strays: whether a text that is no number is a missing value.
    """

    decimal: Decimal = "."
    unit: str = ""
    strays: bool = False


@dataclass(frozen=True, eq=False)
class Texts:
    """Different texts, read as numbers with one decimal mark.

    Attributes:
        values: (n,) float64; NaN for one that is none.
        mark: those that stand for a missing value.
        plain: numbers as any program writes them: ``12``, ``-1.5e3``.
        unit: (n,) of each number.
    """

    values: Array
    mark: Array
    plain: Array
    unit: Array


def marks_of(texts: Any) -> Array:
    """Which texts, of an Arrow array of large strings, stand for a missing value among numbers and dates."""
    import pyarrow as pa
    import pyarrow.compute as pc

    small = pc.utf8_lower(pc.utf8_trim_whitespace(texts))
    return np.asarray(pc.is_in(small, pa.array(MARKS, pa.large_string())).to_numpy(zero_copy_only=False))


def matches(texts: Any, expression: str) -> Array:
    """Which texts of an Arrow array have what a regular expression (RE2) says."""
    import pyarrow.compute as pc

    return np.asarray(pc.match_substring_regex(texts, expression).to_numpy(zero_copy_only=False))


def is_mark(text: str) -> bool:
    """Whether a text stands for a missing value among numbers."""
    return text.strip().lower() in MARKS


def pattern(decimal: Decimal) -> str:
    """The regular expression (RE2) of a number with that decimal mark."""
    groups = "|".join(rf"[1-9]\d{{0,2}}(?:{mark}\d{{3}})+" for mark in _GROUPS[decimal])
    lakhs = rf"|[1-9]\d?(?:{_GROUPS[decimal][0]}\d{{2}})+{_GROUPS[decimal][0]}\d{{3}}"
    return (
        rf"^{_B}(?P<open>\()?{_B}(?P<sign>{_SIGN})?{_B}(?P<front>[{_MONEY}])?{_B}(?P<sign_2>{_SIGN})?{_B}"
        rf"(?P<whole>{groups}{lakhs}|\d*)(?P<part>[{decimal}]\d*)?(?P<power>[eE][+\-]?\d+)?"
        rf"{_B}(?P<back>[%{_MONEY}])?{_B}(?P<close>\))?{_B}$"
    )


def read_texts(texts: Any, decimal: Decimal) -> Texts:
    """Texts, an Arrow array without null, as numbers where they are.

    A text with a zero before other digits, ``01``, is a code and no number; nor is ``1_1``.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = texts.cast(pa.large_string())
    mark = marks_of(texts)
    found = pc.extract_regex(texts, pattern(decimal))
    nothing = pa.scalar("", pa.large_string())
    part = {field.name: pc.fill_null(pc.struct_field(found, field.name), nothing) for field in found.type}

    def has(name: str) -> Array:
        return np.asarray(pc.greater(pc.binary_length(part[name]), 0).to_numpy(zero_copy_only=False))

    digits = matches(part["whole"], r"\d") | matches(part["part"], r"\d")
    unread = (has("open") != has("close")) | (has("sign") & has("sign_2")) | (has("front") & has("back"))
    unread |= (has("open") & (has("sign") | has("sign_2"))) | matches(part["whole"], r"^0\d")
    number = found.is_valid().to_numpy(zero_copy_only=False) & digits & ~unread & ~mark
    minus = has("open") | matches(part["sign"], "[-−]") | matches(part["sign_2"], "[-−]")
    whole = pc.replace_substring_regex(part["whole"], r"\D", "")
    fraction = pc.replace_substring(part["part"], decimal, ".")
    text = pc.binary_join_element_wise(whole, fraction, part["power"], nothing)
    values = (
        pc.if_else(pa.array(number), text, pa.scalar("nan", pa.large_string()))
        .cast(pa.float64())
        .to_numpy(zero_copy_only=False)
    )
    values = np.where(minus, -values, values)
    number &= np.isfinite(values)
    units = pc.binary_join_element_wise(part["front"], part["back"], nothing).to_numpy(zero_copy_only=False)
    plain = (
        number
        & ~((decimal == ",") & matches(texts, r"\."))
        & matches(texts, r"^\s*[+\-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+\-]?\d+)?\s*$")
    )
    return Texts(np.where(number, values, np.nan), mark, plain, np.where(number, units, ""))


def shortened(text: str) -> str:
    """A text between quotes, a long one by its beginning."""
    return repr(text if len(text) <= 40 else f"{text[:39]}…")
