"""Lines that are not accused though they do not come out: where what they speak of is not known well enough.

A superscript in brackets may count examples; a loss may be the sum of parts that the sheet does not work out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from chainrule.auditing.marking.mark import BAD, Mark
from chainrule.auditing.marking.state import SheetState
from chainrule.auditing.model.written_out import is_loss
from chainrule.auditing.records import ACCEPTED
from chainrule.errors import InputError
from chainrule.network.names import LOSS
from chainrule.sheets.lines import Line
from chainrule.system.patterns import regex

_HAT = r"(?:yhat|ŷ|\\hat\s*\{?\s*y\s*\}?)"
#: a superscript that cannot be a layer: of the loss, of the output, of inputs and targets
_NAME = rf"(?:(?<![A-Za-z\\])[LJExyt]|\\ell|\\mathcal\s*\{{L\}}|{_HAT})"
_OF_EXAMPLE = regex(_NAME + r"\s*\^\s*\{?\s*\(\s*([1-9][0-9]?)\s*\)")
_COUNTED = regex(r"\^\s*\{?\s*(?:\[\s*[0-9lL]\s*\]\s*)?\(\s*(?:[0-9]{1,2}|[a-z])\s*\)")
#: C(w + h) - C(w - h): a loss at two places
_QUOTIENT = regex(
    r"(?<![A-Za-z])(?P<loss>[LJCE]|[Ll]oss|[Cc]ost)\s*(?:\\left)?\([^()=]*[+][^()=]*\)\s*[-−]\s*(?P=loss)\s*(?:\\left)?\("
)
_LONGEST = 2_000  # characters of a line that are looked at
QUOTIENT = "a difference quotient is not worked out here"
EXAMPLES = "a superscript in brackets counts examples in this sheet: lines about one example are not judged"


#: dh1[h1 <= 0] = 0, dh1 *= (h1 > 0): an array changed in place, as code does it
_GATED = regex(r"(?<![\w.])(?P<name>[A-Za-z_]\w*)(?:\s*\[[^\[\]=]*[<>]=?[^\[\]=]*\]\s*=\s*0|\s*\*=\s*\(?[^=]*[<>])")
GATED = "the number is right; {} is changed in place above, which its formula has to be read with"


def spared(state: SheetState, marks: Sequence[Mark], lines: Sequence[str] = (), first_line: int = 1) -> list[Mark]:
    """The marks, undecided where nothing shows that the line is wrong.

    Args:
        lines: of the sheet, what is no claim too. first_line: the number of the first of them.
    """
    gated = {m["name"]: i for i, line in enumerate(lines, first_line) for m in _GATED.finditer(line[:_LONGEST])}
    counts = state.problem.n > 1 and any(_tells_examples(m.claim.line, state.problem.n) for m in marks)
    found = []
    for mark in marks:
        if mark.verdict in (*BAD, "unreadable"):
            if counts and _COUNTED.search(mark.claim.line.text):
                mark = replace(mark, verdict="undecided", why=EXAMPLES)
            elif _QUOTIENT.search(mark.claim.line.text):
                mark = replace(mark, verdict="undecided", why=QUOTIENT)
            elif why := _of_parts(state, mark) or _gated(mark, gated):
                mark = replace(mark, verdict="undecided", why=why)
        found.append(mark)
    return found


def _gated(mark: Mark, gated: dict[str, int]) -> str:
    """Why a formula is not judged in which an array stands that code has changed in place; "" for another."""
    if mark.value_verdict not in ACCEPTED:
        return ""
    texts = [f.part.text for f in mark.formulas if f.verdict == "wrong"]
    names = [name for name, line in gated.items() if line < mark.number and any(re.search(rf"\b{name}\b", one)
             for one in texts)]  # fmt: skip
    return GATED.format(names[0]) if names else ""


def _tells_examples(line: Line, examples: int) -> bool:
    """Whether a line has a name whose superscript is the number of an example."""
    return any(int(number) <= examples for number in _OF_EXAMPLE.findall(line.text))


def _of_parts(state: SheetState, mark: Mark) -> str:
    """Why a loss that is added up of parts is not judged; "" for another line, or one that is judged."""
    if mark.verdict == "unreadable":
        name = mark.claim.line.unknown
        word, _, part = name.partition("_")
        return f"nothing says what {name} is" if part and is_loss(word) else ""
    word, _, index = mark.claim.own.partition("_")
    if not is_loss(word) or index.lower() not in ("", "total", "tot", "all", "sum") or mark.value is None:
        return ""
    try:
        right = float(np.asarray(state.view(mark).truth.value(state.reader.place(LOSS))))
    except (InputError, TypeError):
        return ""
    numbers = mark.value.numbers
    if numbers.value.size != 1 or abs(float(numbers.value.ravel()[0]) - right) > float(np.ravel(numbers.unit)[0]):
        return ""
    return f"it is the loss of this network, though your own lines add up to {float(np.ravel(mark.value.due)[0]):.4g}"
