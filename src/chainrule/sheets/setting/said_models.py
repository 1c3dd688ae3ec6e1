r"""The output of which a sheet says by its formula alone that it is linear: ``ŷ = w_2 h``, ``\hat{y} = w^T x + b``."""

from __future__ import annotations

import re

from chainrule.formula.plain import JOIN, plain
from chainrule.system.patterns import regex

LONGEST = 2_000  # characters of a line
_INDEX = r"(?:_\{[^{}]{1,12}\}|_\w{1,6}|\^\{[^{}]{1,8}\}|\^[0-9T⊤]|'){0,4}"
_ALWAYS = r"yhat|[Yy]_?\{?(?:hat|pred)\}?|y_?pred(?:icted)?|[Pp]rediction|[fh]\(x\)"
#: names that are the output where the line says so: y of "output layer: y = v h"
_WHERE_SAID = r"y|o|a|out"
_SAYS_SO = regex(
    r"\b(?:model|modell|modèle|modelo|modello|outputs? (?:layer|unit|neuron|is)|output|prediction|ausgabe\w*|sortie"
    r"|salida|sa[ií]da|uscita|predicci[óo]n|previsão|previsione|vorhersage)\b",
    re.IGNORECASE,
)
_CLAIM = regex(
    rf"(?<![\w/^(∂])(?<![-+*]\s)(?P<name>(?:{_ALWAYS}|{_WHERE_SAID})){_INDEX}(?:\(x\))?\s*=(?P<formula>[^=,;⇒\n]{{1,200}})"
)
_WEIGHT = rf"(?:[wWvVuUθΘβ]|weight)(?:[0-9]{{0,2}}){_INDEX}"
_VALUE = rf"(?:[xhazo]|out|hidden|act)(?:[0-9]{{0,2}}){_INDEX}"
_SUM = r"(?:∑(?:_\{[^{}]{1,12}\}|_\w)?(?:\^\{[^{}]{1,8}\}|\^\w)?)?"
_PRODUCT = rf"{_SUM}(?:{_WEIGHT}[*⊙]?{_VALUE}|{_VALUE}[*⊙]?{_WEIGHT})"
_BIAS = rf"(?:b|c|B|bias|w_?\{{?0\}}?)(?:[0-9]{{0,2}}){_INDEX}"
_LINEAR = regex(rf"{_PRODUCT}(?:\+{_PRODUCT}){{0,7}}(?:\+{_BIAS})?")
_WORDS_BEHIND = regex(r"\s+(?:[^\W\d_]{3,}|\().*$|[.\s]+$")


def linear_by_formula(text: str) -> bool:
    """Whether a text gives its output as a sum of products alone, and nowhere puts it into an activation.

    >>> [linear_by_formula(one) for one in ("ŷ = w_2 h + b", "y_hat = w x = 6", "ŷ = σ(w_2 h)", "z = w x")]
    [True, True, False, False]
    """
    found: set[str] = set()
    for line in text.split("\n"):
        if len(line) > LONGEST or not ("=" in line or "≈" in line):
            continue
        written = plain(line).text.replace(JOIN, "")
        for match in _CLAIM.finditer(written):
            formula = re.sub(r"\s", "", _WORDS_BEHIND.sub("", match["formula"]))
            always = re.fullmatch(_ALWAYS, match["name"]) is not None
            if _LINEAR.fullmatch(formula) and (always or _SAYS_SO.search(line)):
                found.add(match["name"])
    return bool(found) and not any(_is_put_in(name, text) for name in found)


def _is_put_in(name: str, text: str) -> bool:
    """Whether an activation is taken of the output: then its formula is that of what the output adds up."""
    called = r"(?:ŷ|y_?hat|\\hat\s*\{?y\}?|y_?pred)" if re.fullmatch(_ALWAYS, name) else re.escape(name)
    functions = r"σ|\\sigma|sigmoid|logistic|tanh|relu|softmax|φ|\\phi|exp|(?<![A-Za-z])[fg]|e\s*\^"
    of = rf"(?:{functions})\s*[({{\[]+\s*[-−]?\s*{called}(?![A-Za-z])"
    return re.search(of, text, re.IGNORECASE) is not None
