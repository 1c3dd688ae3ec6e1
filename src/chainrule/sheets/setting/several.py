"""Lines that give several values: blanks between them, words behind them, values in brackets, targets in a sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence

from chainrule.system.patterns import regex

_NUMBER = r"[-−+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
_LETTER = r"(?:[A-Za-zηαθλ]|eta|alpha)"
_NAME = rf"{_LETTER}[A-Za-z]{{0,5}}(?:_?\{{?[0-9A-Za-z]{{1,4}}\}}?)?(?:\^\{{?[(\[]?[0-9][)\]]?\}}?)?"
_VALUE = rf"(?:{_NUMBER}|\[[-−+0-9.,;eE\s\[\]]*\])"
_GAP = regex(rf"(?<=[0-9\]]) (?= +{_NAME}\s*=\s*{_VALUE})|(?<=[0-9\]])\t(?=\s*{_NAME}\s*=\s*{_VALUE})")
_ONE = rf"{_NAME}\s*=\s*{_VALUE}"
_ROW = regex(rf"(?:^|(?<=[;:,]))\s*{_ONE}(?:\s+{_ONE})+(?=\s*$|\s*[,;]|\s+[^\W\d_]{{4,}})")
_BETWEEN = regex(rf"(?<=[0-9\]]) (?=\s*{_NAME}\s*=)")
_CALLED = regex(rf"({_NAME})\s*=")
_WORDS = regex(r"\s*[^\W\d_]{3,}(?:\s[^=+*/^_\\$|]*|[-.][^=+*/^_\\$|]*)?")
_BEHIND = regex(rf"(=\s*{_VALUE})(\s+[^\W\d_]{{4,}}(?:\s[^=+*/^_\\$|]*)?)$")
_TOLD = regex(r"(?<=[0-9\])])\s*\(\s*(?:one-hot|[^\W\d_]{3,}\s)[^()=+*/^-]*\)(?!\s*\^)")
_INSIDE = regex(r"\s\(((?:[^()=]*\s)?" + _NAME + r"\s*=\s*(?:\([^()]*\)|[^()])*)\)")
_WANTED = regex(
    r"\b(?:want\w*|should|desired?|targets?|expected|ideal\w*|aim|soll\w*|gewünscht\w*|erwartet\w*|zielwerte?|deseja\w*"
    r"|desea\w*|esperad[ao]s?|queremos|souhait\w*|voulons|attendue?s?|désirée?s?|vogliamo|desiderat[aio]|attes[aio])\b",
    re.IGNORECASE,
)
_OUTPUT = regex(r"(?<![\w\\{])(?:out(?:put)?|o)(?:_\{?)?o?_?([1-9])\}?(?=\s*[=:])")


_TURNED = r"(?:\s*\^\s*\{?\s*(?:T|\\top)(?![A-Za-z])\s*\}?)?"
_WHOLE = rf"(?:(?<![\w\\}}]){_NAME}|\\(?:mathbf|boldsymbol|bm|vec|bar|underline)\s*\{{\s*{_NAME}\s*\}})"
_TUPLES = regex(
    rf"(?P<whole>{_WHOLE}\s*=\s*)?(?<![\w\\}}])[(\[]\s*(?P<names>[^()\[\]=\d][^()\[\]=]{{0,60}}?)\s*[)\]]{_TURNED}\s*="
    rf"\s*[(\[]\s*(?P<values>[-−+0-9.][-−+0-9.,;\s]*)[)\]]{_TURNED}"
)


def _one_by_one(match: re.Match[str]) -> str:
    """``x_1 = 1, x_2 = 0`` for ``(x_1, x_2) = (1, 0)``; ``x = [1, 0]`` where a name of the whole stands before it."""
    names, values = match["names"].split(","), re.split(r"[,;]", match["values"])
    numbers = all(re.fullmatch(_NUMBER, value.strip()) for value in values)
    if (
        len(names) != len(values)
        or len(names) < 2
        or not numbers
        or not all(_NAME_ALONE.fullmatch(name.strip()) for name in names)
    ):
        return match[0]
    if match["whole"]:
        return f"{match['whole']}[{match['values'].strip()}]"
    return ", ".join(f"{name.strip()} = {value.strip()}" for name, value in zip(names, values, strict=True))


_NAME_ALONE = regex(_NAME)
#: x1, x2, y = 1.5, -0.5, 1.0
_BARE_TUPLE = regex(
    rf"(?<![\w\])}}=+*/-])({_NAME}(?:\s*,\s*{_NAME}){{1,11}})\s*=\s*({_NUMBER}(?:\s*,\s*{_NUMBER}){{1,11}})"
    r"(?=\s*(?:$|[;.$#)]|,\s*[^\W\d])|\s+[^\W\d_]{3,})"
)


def _last_by_one(match: re.Match[str]) -> str:
    """``x_1 = 1, x_2 = 0`` for ``x_1, x_2 = 1, 0``; names before those that have a value are words."""
    names, values = (re.split(r"\s*,\s*", group.strip()) for group in (match[1], match[2]))
    told, named = names[: len(names) - len(values)], names[len(names) - len(values) :]
    if len(values) > len(names) or any(re.search("[0-9_]", one) or len(one) < 3 for one in told):
        return match[0]
    return ", ".join([*told, *(f"{name} = {value}" for name, value in zip(named, values, strict=True))])


#: $( x = 1 )$
_BRACKETED = regex(rf"(\$\s*)\((\s*(?:{_NAME}\s*=\s*)+{_VALUE}\s*)\)(\s*\$)")


#: - x1: 0.1, - w1: 0.25 (x1 to h1)
_ITEM = regex(
    r"(\s*(?:[-*•]\s+)?)((?:[xywbtvXYWBTV]|target|bias|eta|η)_?\{?[0-9]{0,3}\}?(?:_[0-9]{1,3})?)\s*:\s*(-?[0-9.]+)\s*(?:\([^()]*\))?\s*"
)


def parted(lines: Sequence[str]) -> list[str]:
    """The lines, a comma between values that blanks alone part.

    >>> parted(["x = 0.8   t = 2", "w1 = 0.5 b1 = 0.1", "z = 2 w = 4", "w = 1"])
    ['x = 0.8,  t = 2', 'w1 = 0.5, b1 = 0.1', 'z = 2, w = 4', 'w = 1']
    >>> parted(["Given: x=0.8; w1=.5 w2=.1"])
    ['Given: x=0.8; w1=.5, w2=.1']
    >>> parted(["w = 2", "z = 2 w = 4"])[1]
    'z = 2 w = 4'
    """
    found: list[str] = []
    named: set[str] = set()
    for line in lines:
        if len(line) < 200 and (item := _ITEM.fullmatch(line)):
            line = f"{item[1]}{item[2]} = {item[3]}"
        if len(line) < 2_000 and "=" in line:
            line = _BRACKETED.sub(lambda m: f"{m[1]} {m[2]} {m[3]}", line)
            line = _BARE_TUPLE.sub(_last_by_one, _TUPLES.sub(_one_by_one, line))
            names = _CALLED.findall(line)
            line = _INSIDE.sub(lambda m: f", {m[1]} ", _GAP.sub(",", line))
            if len(set(names)) == len(names) and not named & set(names):
                line = _ROW.sub(lambda m: _BETWEEN.sub(", ", m[0]), line)
            named |= set(names)
        found.append(line)
    return found


def with_wanted(line: str) -> str:
    """A sentence that says what the outputs should be, with names of targets for them.

    >>> with_wanted("Given i1 = 0.3, we want the network to output o1 = 0.2 and o2 = 0.85.")
    'Given i1 = 0.3, we want the network to output t1 = 0.2 and t2 = 0.85.'
    """
    wanted = _WANTED.search(line)
    if wanted is None:
        return line
    return line[: wanted.end()] + _OUTPUT.sub(lambda m: f"t{m[1]}", line[wanted.end() :])


def without_words(line: str) -> str:
    """A line that gives values, without parts that are words alone: they are no claims. It keeps its length.

    >>> without_words("b = 0.9, sigmoid, E = (t - y)^2, Lernrate 0.5").split()
    ['b', '=', '0.9,', 'E', '=', '(t', '-', 'y)^2']
    """
    line = _TOLD.sub(lambda m: " " * len(m[0]), line)
    parts, start, depth = [], 0, 0
    for at, sign in enumerate(line):
        depth += (sign in "([{") - (sign in ")]}")
        if depth <= 0 and (sign in ",;" or line[at : at + 2] == ". "):
            parts.append((_unworded(line[start:at]), ";" if sign == "." else sign))  # 0. tanh is no decimal point
            start = at + 1
    parts.append((_unworded(line[start:]), ""))
    said = [_WORDS.fullmatch(part.rstrip(" .:")) is None for part, _ in parts]
    last = max((i for i, is_kept in enumerate(said) if is_kept), default=-1)
    return "".join(
        part + (sign if i < last else " " * len(sign)) if is_kept else " " * len(part + sign)
        for i, ((part, sign), is_kept) in enumerate(zip(parts, said, strict=True))
    )


def _unworded(part: str) -> str:
    """``b = 0.9 sigmoid`` without the words behind the value."""
    return _BEHIND.sub(lambda m: m[1] + " " * len(m[2]), part)
