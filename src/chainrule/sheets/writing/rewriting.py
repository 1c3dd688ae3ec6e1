"""A plain text with the signs of formulas for what people write for them; each way keeps the length of the text."""

from __future__ import annotations

import re

from chainrule.formula.plain import CLOSE, JOIN, THEN
from chainrule.sheets.writing.blocks import PRINTED
from chainrule.sheets.writing.libraries import with_signs
from chainrule.sheets.writing.octave import with_octave
from chainrule.sheets.writing.prose import words
from chainrule.sheets.writing.spoken import with_names
from chainrule.sheets.writing.times import with_times
from chainrule.sheets.writing.updates import with_primes, without_old_values
from chainrule.system.patterns import regex

_BETWEEN = regex(
    rf"(?P<before>[0-9)\]}}{CLOSE}⁠][\s⁠]{{1,20}})(?P<words>[eyio]|[^\W\d_]{{2,12}}(?:\s\w{{1,12}}){{0,5}})"
    rf"(?=[\s⁠]{{1,20}}(?:\\frac|[^\W\d_]|∂|∇)[^=;,\n{THEN}]{{0,80}}[={THEN}])"
)
#: w₁,₁
_SECOND_INDEX = regex(r"_([0-9]),_([0-9])(?![0-9])")
#: of lines that are aligned: 0.4193 & L &= 0.0240
_NEXT_COLUMN = regex(rf"(?<=[0-9)\]}}{CLOSE}])[\s⁠]{{0,9}}&(?=[\s⁠]*[^\W\d][^=&\n]{{0,40}}&[\s⁠]*=)")
#: w_1 = 0.2 (x_1 → h_1)
_ARROWED = regex(rf"(?<=[\w⁠])[\s⁠]{{1,3}}\([^()={THEN}\n]{{1,20}}{THEN}[^()={THEN}\n]{{1,20}}\)")
#: \varphi(z) is the activation; of the density of the normal distribution the integral stands beside it
_ACTIVATION = regex(r"(?<![A-Za-z_])phi(?=[\s⁠]*'?[\s⁠]*\()")

#: h_{W,b}(x), h_θ(x): the output of the whole network
_HYPOTHESIS = regex(
    r"(?<![\w\\])h_[\s⁠]?(?:\{[\s⁠]{0,3}(?:W[\s⁠]?,[\s⁠]{0,3}b|[Wwθ])[\s⁠]{0,3}\}|[Wwθ])[\s⁠]{0,3}\([\s⁠]{0,3}x[\s⁠]{0,3}\)"
)

#: Since z_1 > 0, dL/dz_1 = …
_GIVEN_THAT = regex(
    r"(?im)(?<![^\W\d_])(?:since|as|because|if|where|da|weil|wenn|como|si|puisque|car|poich[eé]|se|pois)\s"
    r"[^,=;.\n]{1,60}[<>≥≤≠][^,=;\n]{1,30},"
)
#: - **w5**: 0.40 - 0.5 * 0.0129 = 0.3936, a new value with its name as a label
_LABELLED = regex(
    rf"(?m)^([\s⁠*•>–-]*[Wwbθ][0-9]{{0,3}}(?:[_^][\s⁠]*(?:\{{[\w,]{{1,9}}\}}|\w{{1,4}})){{0,2}})([\s⁠*`$]*):"
    rf"(?=[\s⁠]+[-+(]?[\s⁠]*[0-9.][^=:;{THEN}\n]{{0,200}}[-+*/·×][^=:;{THEN}\n]{{0,200}}=[\s⁠]*[-+]?[0-9.]+[\s⁠.]*$)"
)
_INDEXED = r"[d∂]?[^\W\d]\w{0,12}'*(?:_\{[\w,]{1,9}\}|\^\{?[(\[]?[0-9][)\]]?\}?){0,2}"
#: dL/dw2 = -0.104   dL/db2 = -0.143, and with a bar: two claims
_GAP = regex(
    rf"(=[^=\n]{{0,200}}[0-9)\]}}])(?P<gap>[ ]{{2,60}}|[ ]?\|{{1,2}}[ ]?)"
    rf"(?=\(?{_INDEXED}(?:[ ]?/[ ]?{_INDEXED})?'*[ ]*=)"
)
#: W1 (new): 0.4, whose sign of a new value is a prime by now
_NEW_VALUE = regex(
    r"(?m)^([\s⁠*•>–-]*[WwbBvVθ][0-9]{0,3}(?:[_^][\s⁠]*(?:\{[\w,()]{1,9}\}|\w{1,4})){0,2}[\s⁠]*'{1,3}[\s⁠*`$]*):"
    r"(?=[\s⁠*]*[-+]?[0-9.\[][-+0-9.,;eE\[\]\s⁠*]*$)"
)
#: out_{h_1}, net_{o_{2}}: an index in an index
_NESTED = regex(
    r"(?<=[A-Za-z⁠])(?<!∇⁠)_([\s⁠]?)\{[\s⁠]*([A-Za-z]{1,3})[\s⁠]*_[\s⁠]?(?:\{[\s⁠]*([0-9]{1,2})[\s⁠]*\}|([0-9]{1,2}))[\s⁠]*\}"
)
_DIGITS = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
#: z_1 = 1.2 > 0: the value, and what it shows
_COMPARED = regex(
    rf"(=[\s⁠]{{0,9}}-?[\s⁠]?{_DIGITS})[\s⁠]{{0,9}}(?:[<>≥≤≠]|[<>]=)[\s⁠]{{0,9}}-?{_DIGITS}(?=[\s⁠]{{0,9}}(?:[.,;){THEN}\n]|$))"
)
#: dL/dz = 0.4 × 0.9 = 0.36 (= ŷ − y ✓)
_CHECKED = regex(
    r"(?<=[0-9)\]}⁠])(?P<gap>[\s⁠]{1,9})\((?P<formula>[\s⁠]*=(?:[^()=\n]|\([^()=\n]{0,40}\)){1,80})\)(?=[\s⁠.,;!]*(?:\n|$))"
)


#: np.array([[1, 2], [3, 4],])
_LAST_COMMA = regex(r",(?=\s*[\])])")
#: w_{x1 → h1}, W_{X1-H1}: both ends of a weight
_ENDS = regex(
    rf"(?<=_)(?P<gap>[\s⁠]?\{{)[\s⁠]*(?P<source>[xXiIhH](?:_\{{?)?[0-9]{{0,2}}\}}?)[\s⁠]*(?:{THEN}|-)[\s⁠]*"
    rf"(?P<unit>[hHoOyY](?:_\{{?)?[0-9]{{0,2}}\}}?)[\s⁠]*\}}"
)


def _between(match: re.Match[str]) -> str:
    """Both ends of a weight with a comma between them, and no indices of indices."""
    ends = (re.sub(r"[_{}]", "", match[end]) for end in ("source", "unit"))
    return f"{match['gap']}{','.join(ends)}}}".ljust(len(match[0]))


def _nested(match: re.Match[str]) -> str:
    return f"_{match[1]}{{{match[2]}{match[3] or match[4]}}}".ljust(len(match[0]), JOIN)


def _checked(match: re.Match[str]) -> str:
    """A formula in brackets behind a value, as one that goes on with it."""
    return match[0] if words(match["formula"]) else f"{match['gap']} {match['formula']} "


#: a (h2 . Delta): a dot as the sign of a product, in brackets
_DOT = regex(r"(?<=[\w)] )\.(?= [\w(\\][^()\n=]{0,60}\))")


def rewritten(text: str, times: bool, octave: bool) -> str:
    """A plain text with the signs of formulas.

    Args:
        times: an x between names is a product on this sheet. octave: products are written ``.*`` on it.
    """
    text = with_octave(text) if octave else text
    text = _NESTED.sub(_nested, text)
    text = _SECOND_INDEX.sub(lambda match: f"_{match[1]},{match[2]}{JOIN}", text) if ",_" in text else text
    text = _NEXT_COLUMN.sub(",", text) if "&" in text else text
    text = _ARROWED.sub(lambda match: " " * len(match[0]), text) if THEN in text else text
    text = _DOT.sub("*", text) if " . " in text else text
    text = with_names(text)
    text = with_signs(_uncommented(PRINTED.sub(r"\1=", text)))
    text = text if "Φ" in text or "Phi" in text else _ACTIVATION.sub(f"φ{JOIN}{JOIN}", text)
    text = _HYPOTHESIS.sub(lambda match: "yhat".ljust(len(match[0]), JOIN), text) if "h_" in text else text
    text = _GIVEN_THAT.sub(lambda match: " " * len(match[0]), text)
    text = _LAST_COMMA.sub(" ", text) if "array" in text or "tensor" in text else text
    text = _ENDS.sub(_between, text) if "_" in text else text
    text = _COMPARED.sub(lambda match: match[1] + " " * (len(match[0]) - len(match[1])), text)
    text = _CHECKED.sub(_checked, text)
    text = _GAP.sub(lambda match: f"{match[1]}{',':{len(match['gap'])}}", text) if "  " in text or "|" in text else text
    text = _LABELLED.sub(lambda match: f"{match[1]}{' ' * len(match[2])}=", text)
    text = with_primes(_apart(without_old_values(_axes(with_times(text, times)))))
    return _NEW_VALUE.sub(r"\1=", text) if ":" in text and "'" in text else text


def _apart(text: str) -> str:
    """A text with a comma for the words between two claims, ``0.3672 com y = 1``; it keeps its length."""

    def comma(match: re.Match[str]) -> str:
        before, told = text[text.rfind("\n", 0, match.start()) + 1 : match.start()], match["words"]
        are_words = len(told) == 1 or words(told) == len(told.split()) or words(told) > 2
        return match["before"] + ",".ljust(len(told)) if are_words and re.search(rf"[={THEN}]", before) else match[0]

    return _BETWEEN.sub(comma, text) if text.count("=") + text.count(THEN) > 1 else text


def _uncommented(text: str) -> str:
    """A text without the comments of code behind its claims; it keeps its length."""
    text = _VALUE_BEHIND.sub(lambda match: match[1] + "=", text) if "#" in text else text
    return _COMMENT.sub(lambda match: " " * len(match[0]), text) if "#" in text or "//" in text else text


def _axes(text: str) -> str:
    """``sum(Z, axis=1, keepdims=True)`` as ``sum(Z, 1)``, in as many characters."""
    if "axis" not in text and "dim" not in text:
        return text
    text = _KEEPS.sub(lambda m: " " * len(m[0]), text)
    return _AXIS.sub(lambda m: m[2].lstrip("-").rjust(len(m[0])), text)


_KEEPS = regex(r",[^\S\n]*keepdims?[^\S\n]*=[^\S\n]*(?:True|False|1)[^\S\n]*(?=[,)])")
_AXIS = regex(r"(?<=,)([^\S\n]*(?:axis|dim)[^\S\n]*=[^\S\n]*)(-?[01])(?=[^\S\n]*\))")
#: z1 = x @ W1 + b1  # [0.6 1.3]
_VALUE_BEHIND = regex(
    r"(?m)(=(?=[^=#\n]*[A-Za-z])[^=#\n]{1,200}[\w)\]][^\S\n]{1,40})#"
    r"(?=[^\S\n]{0,3}(?:-?[0-9.]+|\[[-0-9.,eE \[\]]*\])[^\S\n]*$)"
)
_COMMENT = regex(
    r"(?m)(?<=[\w)\]])[^\S\n]+(?:#[^\S\n]*(?:[^\W\d_]|\([0-9, x×]*\)[^\S\n]*$)|//[^\S\n]*[^\W\d_]{2})[^\n]*"
)
