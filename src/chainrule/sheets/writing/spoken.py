"""Names of two words, ``hidden net``, ``delta output``, as the names that they stand for: ``net_h``, ``delta_o``."""

from __future__ import annotations

import re

from chainrule.formula.plain import JOIN
from chainrule.system.patterns import regex

_S = rf"[\s{JOIN}]"
_WHAT = {"net": "net", "net input": "net", "input": "net", "out": "out", "output": "out", "activation": "out",
         "delta": "delta"}  # fmt: skip
_LAYER = rf"(?P<layer{{0}}>hidden|output)(?:{_S}(?:layer|neuron|unit|node))?"
_NAMED = regex(
    rf"(?<![\w\\])(?:{_LAYER.format(0)}{_S}{{1,3}}(?P<what0>{'|'.join(sorted(_WHAT, key=len, reverse=True))})"
    rf"|(?P<what1>net|delta){_S}{{1,3}}{_LAYER.format(1)})(?={_S}{{0,3}}=)",
    re.IGNORECASE,
)
#: grad W2 = …, the gradient of W2 = …
_GRADIENT = regex(
    rf"(?<![\w\\])(?:the{_S})?grad(?:ient)?(?:{_S}of|{_S}f[oü]r)?{_S}{{1,3}}([WwBbvV]_?[0-9]{{0,3}})(?={_S}{{0,3}}=)",
    re.IGNORECASE,
)
#: Hidden 1 out: 0.5250; Output: 0.5815
_LABEL = regex(
    rf"(?m)^(?P<before>[\s{JOIN}*•>-]*)(?:(?P<layer>[Hh]idden|[Oo]utput)(?:{_S}{{1,3}}(?:layer|neuron|unit|node))?"
    rf"(?:{_S}{{1,3}}(?P<unit>[0-9]{{1,2}}))?{_S}{{1,3}}(?P<what>{'|'.join(sorted(_WHAT, key=len, reverse=True))})"
    rf"|[Oo]utput){_S}{{0,3}}:(?={_S}{{0,3}}-?{_S}?[0-9]*\.[0-9]+(?:{_S}*$|[^\n:=]{{0,200}}=))"
)


def with_names(text: str) -> str:
    """A plain text with names for those of two words before a sign of equality; it keeps its length.

    >>> with_names("hidden net = 0.5 * 0.3").replace(JOIN, ""), with_names("delta output = 0.1").replace(JOIN, "")
    ('net_h = 0.5 * 0.3', 'delta_o = 0.1')
    """

    def named(match: re.Match[str]) -> str:
        layer, what = match["layer0"] or match["layer1"], match["what0"] or match["what1"]
        name = f"{_WHAT[re.sub(_S, ' ', what.lower())]}_{layer[0].lower()}"
        return name.ljust(len(match[0]), JOIN)

    def labelled(match: re.Match[str]) -> str:
        name = "output"
        if match["layer"]:
            name = f"{_WHAT[re.sub(_S, ' ', match['what'].lower())]}_{match['layer'][0].lower()}{match['unit'] or ''}"
        return f"{match['before']}{name.ljust(len(match[0]) - len(match['before']) - 1, JOIN)}="

    text = _LABEL.sub(labelled, text) if ":" in text else text
    text = _GRADIENT.sub(lambda m: f"d{m[1]}".ljust(len(m[0]), JOIN), text) if "grad" in text.lower() else text
    return _NAMED.sub(named, text) if "idden" in text or "utput" in text else text
