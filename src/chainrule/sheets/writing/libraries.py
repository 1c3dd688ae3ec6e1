"""What NumPy and PyTorch print and are asked for: ``tensor(0.62, grad_fn=<…>)``, ``W1.grad``, ``np.power(a, 2)``."""

from __future__ import annotations

import re

from chainrule.formula.plain import JOIN
from chainrule.system.patterns import regex

_SETTING = regex(
    r",\s*(?:dtype|grad_fn|requires_grad|device|copy|ndmin|weak_type)\s*=\s*"
    r"(?:<[^<>\n]{0,60}>|'[^'\n]{0,20}'|\"[^\"\n]{0,20}\"|[\w.]{1,30})(?=\s*[,)])"
)
_GRADIENT = regex(r"(?<![\w.)\]])([A-Za-z][A-Za-z0-9_]{0,20})\.grad(?:\.data)?(?![\w(])")
_METHOD = regex(r"(?<![\w.])([A-Za-z]\w{0,20})\.(tanh|sigmoid|relu|exp|log|sqrt|softmax)\(\)")
_KEPT = regex(r"(?<=[\w\])])\.(?:data(?![\w(])|detach\(\)|clone\(\)|cpu\(\))")
#: words of a language elsewhere, functions behind the name of a library
_FUNCTION = regex(
    r"(?<![\w.])(?:np|numpy|jnp|torch|math|tf(?:\.math)?)\.(power|pow|add|subtract|sub|multiply|mul|divide|div)(?=\s*\()"
)


def with_signs(text: str) -> str:
    """A plain text without the settings of arrays, and with a derivative for ``W1.grad``; it keeps its length.

    >>> with_signs("yhat = tensor(0.62, grad_fn=<SigmoidBackward0>)").replace(" ", "")
    'yhat=tensor(0.62)'
    >>> with_signs("W1.grad = tensor([0.5])").replace(JOIN, "")
    'dL/dW1 = tensor([0.5])'
    >>> with_signs("o = n.tanh()").replace(JOIN, "")
    'o = tanh(n)'
    """
    if "(" not in text and ".grad" not in text:
        return text
    text = without_settings(text)
    text = _METHOD.sub(lambda m: f"{m[2]}({m[1]})".ljust(len(m[0]), JOIN), text)
    text = _KEPT.sub(_blank, _GRADIENT.sub(lambda m: f"dL/d{m[1]}".ljust(len(m[0]), JOIN), text))
    return _FUNCTION.sub(lambda m: f"py{m[1]}".ljust(len(m[0]), JOIN), text)


def without_settings(text: str) -> str:
    """A text without the settings of arrays, ``dtype=float32``; it keeps its length."""
    while "=" in text and (found := _SETTING.sub(_blank, text)) != text:
        text = found
    return text


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])
