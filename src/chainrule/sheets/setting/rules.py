"""Activations and losses by the names that people give them, or by a formula."""

from __future__ import annotations

import re
from collections.abc import Mapping

from chainrule.errors import InputError, unknown
from chainrule.network.activations import ACTIVATIONS, own_rule
from chainrule.network.losses import LOSSES
from chainrule.network.outputs import OUTPUTS
from chainrule.sheets.setting.facts import canonical
from chainrule.system.patterns import regex

_ACTIVATIONS = {
    "logistic": "sigmoid", "sigma": "sigmoid", "σ": "sigmoid", "sigm": "sigmoid", "expit": "sigmoid",
    "logistic_sigmoid": "sigmoid", "linear": "identity", "none": "identity", "id": "identity",
    "hyperbolic_tangent": "tanh", "rectifier": "relu", "leakyrelu": "leaky_relu", "lrelu": "leaky_relu",
    "swish": "silu", "logsig": "sigmoid", "tansig": "tanh", "purelin": "identity", "poslin": "relu", "lin": "identity",
    "rectified_linear": "relu", "rectified_linear_unit": "relu", "linear_unit": "identity", "sigmoide": "sigmoid",
    "sigmoïde": "sigmoid", "sigmoidea": "sigmoid", "tangens_hyperbolicus": "tanh", "identität": "identity",
}  # fmt: skip
_HALF = "half_squared_error"
_LOSSES = {
    "mse": "mean_squared_error", "half_mse": _HALF, "sse": "squared_error", "rss": "squared_error",
    "squared_loss": "squared_error", "l2": "squared_error", "half_sse": _HALF, "quadratic": _HALF,
    "quadratic_cost": _HALF, "quadratic_loss": _HALF, "mae": "absolute_error", "mean_absolute_error": "absolute_error",
    "l1": "absolute_error", "bce": "binary_cross_entropy", "log_loss": "binary_cross_entropy",
    "logloss": "binary_cross_entropy", "logistic_loss": "binary_cross_entropy", "ce": "cross_entropy",
    "crossentropy": "cross_entropy", "binary_crossentropy": "binary_cross_entropy", "cce": "cross_entropy",
    "categorical_cross_entropy": "cross_entropy", "categorical_crossentropy": "cross_entropy", "nll": "cross_entropy",
    "sum_of_squared": "squared_error", "sum_of_squared_errors": "squared_error", "sum_of_squares": "squared_error",
    "sum_squared": "squared_error", "least_squares": "squared_error", "squared_errors": "squared_error",
    "total_squared": "squared_error", "half_sum_of_squared": _HALF, "half_sum_of_squares": _HALF,
    "half_the_squared": _HALF, "half_of_the_squared": _HALF, "half_sum_of_squared_errors": _HALF,
    "half_squared_errors": _HALF, "mean_squared_errors": "mean_squared_error", "binary_ce": "binary_cross_entropy",
    "mean_square": "mean_squared_error", "average_squared": "mean_squared_error",
    "negative_log_likelihood": "cross_entropy", "softmax_cross_entropy": "cross_entropy",
}  # fmt: skip
_SHOWN: Mapping[str, str] = {
    "mean_squared_error": "the mean over the outputs of (yhat - y)^2; some write 1/2 before it",
    "squared_error": "the sum over the outputs of (yhat - y)^2; some write 1/2 before it",
    "half_squared_error": "1/2 of the sum over the outputs of (yhat - y)^2",
    "absolute_error": "the sum over the outputs of |yhat - y|",
    "binary_cross_entropy": "-(y log yhat + (1 - y) log(1 - yhat)), natural logarithms, summed over the outputs",
    "cross_entropy": "-y log yhat, natural logarithms, summed over the outputs",
}
_SLOPE = regex(r"leaky_?relu_?\(\s*(?:(?:alpha|slope|negative_slope|α)_?=_?)?\s*(0?\.[0-9]{1,12}|0)\s*\)")
_FORMULA = regex(r"\s*(?:[A-Za-zσφ]\w*\s*\(\s*(?P<letter>[A-Za-z]\w*)\s*\)\s*=)?(?P<formula>[^=]{1,200})")
_LETTER = regex(r"(?<![A-Za-z_])[A-Za-z](?![A-Za-z0-9_(])")


def rule_named(written: str, output: bool = False) -> str:
    """The name of an activation as the network has it: a common name, ``leaky_relu(0.2)``, or a formula ``t/10``.

    Args:
        output: softmax is one too.

    Raises:
        InputError: nothing of these.

    >>> from chainrule.sheets.setting.rules import rule_named
    >>> [rule_named(name) for name in ("ReLU", "logistic", "Leaky ReLU(0.2)", "A(t) = max(0, t)", "t/10")]
    ['relu', 'sigmoid', 'leaky_relu(0.2)', 'relu', 'a/10']
    """
    word = _AROUND.sub("", canonical(written))
    name = _ACTIVATIONS.get(word, word)
    if name in ACTIVATIONS or (output and name in OUTPUTS):
        return name
    if (sloped := _SLOPE.fullmatch(word)) is not None:
        return f"leaky_relu({float(sloped[1])})"
    if own_rule(written) is not None:
        return written
    match = _FORMULA.fullmatch(written)
    if match is None or not (_LETTER.search(match["formula"]) or match["letter"]):
        known = ", ".join(OUTPUTS if output else ACTIVATIONS)
        raise InputError("activation", f"one of {known}, leaky_relu(0.2), or a formula such as t/10", repr(written))
    return _by_formula(match["formula"], match["letter"])


def _by_formula(formula: str, letter: str | None) -> str:
    from chainrule.formula.own_rule import VARIABLE, named
    from chainrule.formula.plain import plain
    from chainrule.formula.tree import Ref, refs, substitute
    from chainrule.sheets.formulas.functions import UnreadError
    from chainrule.sheets.formulas.grammar import parse_part
    from chainrule.sheets.names.plain import Names

    formula = re.sub(r"\|([^|]*)\|", r"abs(\1)", formula)
    found = {letter} if letter else set(_LETTER.findall(formula)) - {"e"}
    if len(found) != 1:
        raise InputError(
            f"activation {formula.strip()!r}", "a formula of one letter", ", ".join(sorted(found)) or "none"
        )
    (letter,) = found
    assert letter is not None
    formula = re.sub(rf"(?<![A-Za-z_]){re.escape(letter)}(?![A-Za-z0-9_])", " qq ", formula)
    try:
        tree, _ = parse_part(plain(formula).text, Names((1, 1), own={"qq"}))
    except UnreadError as error:
        raise InputError(f"activation {formula.strip()!r}", "a formula such as t/10", error.message) from None
    if set(refs(tree)) != {"qq"}:
        raise InputError(f"activation {formula.strip()!r}", f"a formula of {letter}", "other names in it")
    return named(substitute(tree, lambda _: Ref(VARIABLE)))


def loss_named(written: str, outputs: int, output: str) -> tuple[str, str]:
    """The name of a loss as the network has it, and what to tell of it: what a common name was read as.

    Raises:
        InputError: no such loss; or a mean of absolute errors over several outputs, which is not known here.
    """
    if written in LOSSES:
        return written, ""
    word = canonical(written)
    if (formula := _by_shape(written)) is not None:
        return formula, told(written, formula, outputs)
    word = _AROUND.sub("", re.sub(r"_?\([a-z0-9_]*\)$", "", word))
    word = re.sub(r"_?(?:losses|loss|error|cost|function|criterion)$", "", word) if word not in _LOSSES else word
    word = re.sub(r"^(?:1/2_?\*?_?|0\.5_?\*?_?|½_?|one_half_(?:of_)?(?:the_)?)", "half_", word)
    name = _LOSSES.get(word) or (word if word in LOSSES else f"{word}_error" if f"{word}_error" in LOSSES else "")
    if not name:
        short = ", ".join(["mse", "sse", "mae", "bce", "ce", "nll"])
        raise unknown("loss", written, LOSSES, f"one of {', '.join(LOSSES)}, or {short}")
    if name == "absolute_error" and word.startswith(("mae", "mean")) and outputs > 1:
        raise InputError(
            f"loss {written!r}", "absolute_error (the sum over the outputs)", f"a mean of {outputs} outputs"
        )
    if name == "cross_entropy" and outputs == 1 and output != "softmax":
        name = "binary_cross_entropy"
    return name, "" if name == canonical(written) else told(written, name, outputs)


_AROUND = regex(
    r"^(?:(?:torch|nn|tf|keras|activations|losses|f|jax|np)\.)+|_?\(\)$|_(?:activation_)?(?:function|units?|neurons?|funktion)$"
    r"|funktion$"
)
_DIFFERENCE = r"[(\[|‖]+(?P<one>\w+)-(?P<other>\w+)[)\]|‖]+\^\{?2\}?"
_SHAPES = (
    (regex(rf"(?:1/2|0?\.5|½)\*?(?:sum)?{_DIFFERENCE}|(?:sum)?{_DIFFERENCE.replace('P<', 'P<a_')}/2"), _HALF),
    (regex(rf"(?:1/[nmkN]\*?(?:sum)?|mean\(?){_DIFFERENCE}\)?"), "mean_squared_error"),
    (regex(rf"(?:sum)?{_DIFFERENCE}"), "squared_error"),
    (regex(r"-?[\[(]*-?\w+\*?(?:log|ln)\(?\w+\)?\+\(1-\w+\)\*?(?:log|ln)\(1-\w+\)[\])]*"), "binary_cross_entropy"),
    (regex(r"-\w+\*?(?:log|ln)\(?\w+\)?-\(1-\w+\)\*?(?:log|ln)\(1-\w+\)"), "binary_cross_entropy"),
    (regex(r"-(?:sum)?\(?\w+\*?(?:log|ln)\(?\w+\)?\)?"), "cross_entropy"),
)


def _by_shape(written: str) -> str | None:
    """The loss that a formula is, ``E = 1/2 (t - y)^2``; None for other text."""
    if len(written) > 120 or not re.search(r"\^|²|\*\*|log|ln", written) or not re.search(r"[-−]", written):
        return None
    from chainrule.formula.plain import JOIN, POWER, plain

    text = plain(
        re.sub(
            r"\\?(?:sum|Sum)\s*(?:_\s*(?:\{[^{}]*\}|\w))?(?:\^\s*(?:\{[^{}]*\}|\w))?|[Σ∑]\s*(?:_\w)?", " sum ", written
        )
    ).text
    text = re.sub(rf"[\s{JOIN}{POWER}]|_\{{?[a-z0-9]\}}?", "", text).partition("=")[2 if "=" in text else 0]
    text = re.sub(r"\\frac\{1\}\{2\}|\\frac12|\(1/2\)", "1/2", text).replace("norm(", "(")
    return next((name for shape, name in _SHAPES if shape.fullmatch(text)), None)


def told(written: str, name: str, outputs: int) -> str:
    """What a name of a loss means here, for the report."""
    shown = _SHOWN.get(name, "")
    if outputs == 1:
        shown = re.sub(r"the (?:mean|sum) over the outputs of |of the sum over the outputs of ", "", shown)
        shown = shown.removesuffix(", summed over the outputs")
    return f"the loss {written!r} is read as {name}: {shown}"
