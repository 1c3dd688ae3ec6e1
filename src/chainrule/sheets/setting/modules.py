"""The layers of a model by their names in code: ``fc1.weight`` and ``fc2.bias`` are W1 and b2."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.system.patterns import regex

_MODULE = (
    r"(?<![\w.\])])(?P<module>(?:(?:self|model|net|m|mlp|nn)\.|(?:model|net|m|mlp)(?=\[))?"
    r"(?:[A-Za-z]\w{0,20}|\[?[0-9]\]?))"
)
_PARAMETER = regex(rf"{_MODULE}\.(?P<what>weight|bias)(?![\w(])(?:\.data(?!\w))?")
_GIVEN = regex(
    rf"{_MODULE}\.weight(?:\.data)?\s*(?:=|:)\s*(?:nn\.Parameter\()?(?:torch\.)?(?:tensor|FloatTensor|Tensor|\[)"
)
MOST = 9  # layers


def with_layers_named(lines: Sequence[str]) -> Sequence[str]:
    """The lines with W1, b1, W2, … for the parameters of modules, where some line gives weights under such a name.

    >>> with_layers_named(["fc1.weight = tensor([[0.5]])", "fc1.bias = tensor([0.1])", "fc1.weight.grad"])
    ['W1 = tensor([[0.5]])', 'b1 = tensor([0.1])', 'W1.grad']
    """
    if not any(".weight" in line and _GIVEN.search(line) for line in lines):
        return lines
    found = [match["module"] for line in lines for match in _PARAMETER.finditer(line) if match["what"] == "weight"]
    modules = list(dict.fromkeys(found))
    if len(modules) > MOST:
        return lines
    number = {module: str(i) for i, module in enumerate(modules, 1)}
    return [
        _PARAMETER.sub(
            lambda m: ("W" if m["what"] == "weight" else "b") + number[m["module"]] if m["module"] in number else m[0],
            line,
        )
        for line in lines
    ]
