"""Sessions of Python pasted as text: what an expression printed is what the author claims of it.

``>>> a1`` and the array below it, ``In [3]: a1`` and ``Out[3]: …``, ``print(a1)`` and what stands below it become
``a1 =`` and the value. Lines keep their number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from chainrule.sheets.writing.libraries import without_settings
from chainrule.system.patterns import regex

_PROMPT = regex(r"[>\s]{0,4}(?P<prompt>>>>|\.\.\.|In \[\s*[0-9]*\s*\]:|Out\[\s*[0-9]*\s*\]:)[ ]?(?P<rest>.*)")
_MORE = regex(r"\s*\.\.\.:?\s*$|\s*\.\.\.:? ")
_PRINT = regex(r"\s*print\s*\(\s*(?P<inside>.*?)\s*(?:,\s*(?:sep|end|flush)\s*=[^,()]*)?\)\s*;?\s*(?:#.*)?$")
_STRING = regex(r"""(?P<quote>["'])(?P<said>[^"']{0,80})(?P=quote)\s*,\s*(?P<rest>.*)""")
_QUOTED = regex(r"""[fr]{0,2}["'].*""")
_ROUNDED = regex(r"(?:np\.|numpy\.)?round\(\s*(?P<one>[^,()]+(?:\([^()]*\)[^,()]*)?)(?:,\s*[0-9]+)?\s*\)"
                      r"|(?P<other>.+?)\.(?:round\([0-9]*\)|item\(\)|tolist\(\)|numpy\(\))")  # fmt: skip
_EXPRESSION = regex(r"[A-Za-z_α-ωΑ-Ω][^=\"':;{}]{0,200}")
_NO_VALUE = regex(r"(?:import|from|def|class|for|while|if|with|return|del|assert|pass|help|type|len|print)\b"
                       r"|.*\.(?:shape|dtype|ndim|size)\s*$|.*,\s*$|[^(\[]*,")  # fmt: skip
_VALUE = regex(
    r"\s*(?:np\.|torch\.|jnp\.)?(?:float[0-9]*|int[0-9]*|array|Array|tensor|matrix)?\s*\(?\s*[-+\[(]*\s*[0-9.]"
)
_KIND = regex(r"^(\s*)(?:np\.|torch\.|jnp\.)?(?:float|int)[0-9]*\((.*)\)(\s*)$")
LONGEST = 1_000  # characters of a line of code
TALLEST = 40  # lines of one value


def with_claims(lines: Sequence[str]) -> Sequence[str]:
    """The lines with claims for expressions and what they printed; as they are where there are none.

    >>> with_claims([">>> a1", "array([1. , 1.5])"])
    ['a1 = array([1. , 1.5])', '']
    >>> with_claims(["print('L', L)", "L 0.113"])
    ['', 'L = 0.113']
    """
    if not any(">>>" in line or "In [" in line or "print" in line for line in lines):
        return lines
    found, at = list(lines), 0
    while at < len(found):
        prompt, code = _code(found[at])
        if prompt or ("print" in code[:20] and len(code) < LONGEST and _PRINT.match(code)):
            at = _after(found, at, prompt, code)
        else:
            at += 1
    return found


def _code(line: str) -> tuple[str, str]:
    """The prompt of a line, and what stands behind it."""
    match = _PROMPT.fullmatch(line) if len(line) < LONGEST else None
    if match is None or match["prompt"].startswith("Out"):
        return "", line
    return match["prompt"], match["rest"]


def _after(lines: list[str], at: int, prompt: str, code: str) -> int:
    """Put a claim for the expression at a place and what it printed; the place behind them."""
    printed, said = _PRINT.match(code), ""
    expression = printed["inside"] if printed else code.strip().rstrip(";")
    if printed and (label := _STRING.fullmatch(expression)):
        said, expression = label["said"], label["rest"]
    if printed and _QUOTED.fullmatch(expression):
        lines[at] = ""  # what it prints says itself what it is
        return at + 1
    if prompt and not printed and (shown := _shown_behind(lines, at, code)):
        return shown
    if prompt and not printed and "=" in re.sub(r"[=!<>]=", "", code):
        lines[at] = code  # a statement
        return at + 1
    if rounded := _ROUNDED.fullmatch(expression):
        expression = rounded["one"] or rounded["other"]
    if not _EXPRESSION.fullmatch(expression) or _NO_VALUE.match(expression):
        lines[at] = "" if prompt else lines[at]
        return at + 1
    start = _value_at(lines, at + 1, said)
    if start is None:
        lines[at] = "" if prompt else lines[at]
        return at + 1
    return _put(lines, at, start, said, expression)


def _shown_behind(lines: list[str], at: int, code: str) -> int:
    """``z1 = W1 @ x; z1`` and the value below it: the statement, and a claim for what it shows; 0 for other code."""
    statement, sign, expression = code.rpartition(";")
    expression = expression.strip()
    if not sign or not _EXPRESSION.fullmatch(expression) or _NO_VALUE.match(expression):
        return 0
    start = _value_at(lines, at + 1, "")
    if start is None:
        return 0
    lines[at] = statement
    lines[start] = f"{expression} = {_output(lines[start], '').strip()}"
    return start


def _value_at(lines: list[str], at: int, said: str) -> int | None:
    """The line where what was printed begins; None where no value follows."""
    while at < len(lines) and (not _output(lines[at], said).strip() or _MORE.fullmatch(lines[at])):
        at += 1
    if at == len(lines):
        return None
    text = _output(lines[at], said)
    return at if _VALUE.match(text) and "=" not in without_settings(text) else None


def _output(line: str, said: str) -> str:
    out = _PROMPT.fullmatch(line)
    text = out["rest"] if out is not None and out["prompt"].startswith("Out") else line
    return text.lstrip().removeprefix(said) if said else text


def _put(lines: list[str], at: int, start: int, said: str, expression: str) -> int:
    """The claim in the line where the value begins, so that rows of it stay in their lines; that of code is empty."""
    text = _output(lines[start], said)
    if kind := _KIND.match(text):
        text = kind[2]
    end, depth = start + 1, text.count("[") - text.count("]")
    while depth > 0 and end < len(lines) and end - start < TALLEST:
        depth += lines[end].count("[") - lines[end].count("]")
        end += 1
    whole = " ".join([text.strip(), *(line.strip() for line in lines[start + 1 : end])])
    claim = f"{expression} = {whole}"
    if said:
        lines[at], lines[start] = "", claim
        lines[start + 1 : end] = [""] * (end - start - 1)
    else:
        lines[at] = claim
        lines[at + 1 : end] = [""] * (end - at - 1)
    return end
