"""The signs by which people mark a value after an update, all made one: a prime behind the name.

``W^{(2)}_{new}``, ``W_{new}^{(2)}``, ``b_{2,new}``, ``b_2_new``, ``W2_new``, ``w^{(t+1)}``, ``w(t+1)``, ``w+``,
``w^+``, ``w_+``, ``new b_2``, ``b_2 new``, ``b_2 (new)``, ``b_2 after the update``, and a prime
beside the layer, ``b^{(2)'}``.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from chainrule.formula.plain import JOIN, OPEN, THEN
from chainrule.sheets.names.surfaces import BEFORE_A_NAME, NEW, OLD
from chainrule.system.patterns import regex

_S = rf"[\s{JOIN}]{{0,9}}"  # space
_NEW = rf"(?i:{'|'.join(sorted(NEW, key=len, reverse=True))})"
_STEP = rf"[tnk]{_S}\+{_S}1"
_OLD_WORD = rf"(?i:{'|'.join(OLD)})"
_OLD = rf"(?:{_OLD_WORD}|\{{{_S}{_OLD_WORD}{_S}\}})"
_BRACED = rf"\{{{_S}\(?{_S}(?:{_NEW}|{_STEP}){_S}\)?{_S}\}}"
_AT_SIGN = rf"(?={_S}(?:[=:|&\t]|{THEN}))"  # of equality, behind a label, or the end of a cell
_PLUS = rf"(?:\+|\({_S}\+{_S}\))"
_NEXT = rf"(?:[_^]{_S}{_BRACED}|[_^]{_S}\{{{_S}{_PLUS}{_S}\}}|[_^]{_S}{_PLUS}{_AT_SIGN}|[_^]{_S}{_NEW}(?![A-Za-z0-9_]))"
_INDEX = r"(?:\{[^{}]{1,20}\}|[0-9]{1,9}(?:,[0-9]{1,9}){0,3}|\([0-9]{1,2}\)|\[[0-9]{1,2}\])"
_BEHIND = rf"(?<=[\w)\]}}\s{JOIN}])(?<!^e)(?<![^A-Za-z]e)"  # a name, which e is not that has an exponent
_NAME = rf"[A-Za-zα-ωΑ-Ω][A-Za-z0-9]{{0,20}}{JOIN}?(?:{_S}[_^]{_S}{_INDEX}){{0,3}}"
_BELOW = rf"(?:{_S}[_^]{_S}{_INDEX}|_[A-Za-z0-9]{{1,9}}){{0,3}}"
_PARAMETER = rf"(?<![\w\\∂/])((?:[WwbBθΘvVuUc]|ω|bias|weight)[0-9]{{0,3}}{JOIN}?{_BELOW})"
_BLANK = rf"[\s{JOIN}]{{1,4}}"
#: after the update, after one gradient step, nach dem Schritt
_AFTERWARDS = (
    rf"(?i:(?:after|nach|apr[èe]s|despu[ée]s|ap[óo]s|depois|dopo|na|po)(?:{_BLANK}[^\W\d]{{1,12}}|{_BLANK}1){{0,3}}"
    rf"{_BLANK}(?:l['’])?(?:\w*updat\w*|\w*step|iteration|epoch|descent|\w*schritt|mise|pas|actualizaci[óo]n|paso"
    r"|atualiza[çc][ãa]o|passo|aggiornamento|stap|krok\w*)"
    rf"(?:{_BLANK}[^\W\d]{{1,12}}){{0,3}})"
)
_PLUSSED = _PARAMETER.replace("((?:", "(?P<name>(?:", 1)
_NUMBER = r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)"

#: a sign, and what stands for it
_RULES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    # b_{2,new}, b_{new,2}
    (regex(rf"([_^]{_S}\{{[^{{}}]{{1,20}}?){_S}[, ]{_S}(?:{_NEW}|{_STEP}){_S}\}}"), lambda m: m[1] + "}'"),
    (regex(rf"(_{_S}\{{){_S}{_NEW}{_S},([^{{}}]{{1,20}}\}})"), lambda m: m[1] + m[2] + "'"),
    # W_{new}^{(2)}, w^{new}_{11}: the index belongs to the name
    (regex(rf"{_BEHIND}{_NEXT}({_S}[_^]{_S}{_INDEX})"), lambda m: m[1] + "'"),
    (regex(rf"{_BEHIND}{_NEXT}"), lambda m: "'"),
    # b_2 new, b_2 (new), b_2(t+1), where nothing else stands before the sign of equality; and so the old one
    (regex(rf"{_PARAMETER}{_S}(?:[(\[]{_S}(?:{_NEW}|{_STEP}){_S}[)\]]|(?<=[\s{JOIN}]){_NEW}){_AT_SIGN}"),
     lambda m: m[1] + "'"),
    (regex(rf"{_PARAMETER}{_S}(?:[(\[]{_S}{_OLD_WORD}{_S}[)\]]|(?<=[\s{JOIN}]){_OLD_WORD}){_AT_SIGN}"),
     lambda m: m[1]),
    # W2 after the update = …
    (regex(rf"{_PARAMETER}{_S}[,(]?{_S}{_AFTERWARDS}{_S}\)?{_AT_SIGN}"), lambda m: m[1] + "'"),
    # w+ = …, where a blank shows whose the + is; w+=w - …, w+=0.5 - …, which += would not have
    (regex(rf"{_PLUSSED}(?:\+(?=[\s{JOIN}]{{1,9}}=|{_S}[:|&\t])|{_S}\+(?={_S}={_S}(?:(?P=name)(?![\w^])|{_NUMBER}{_S}[-+])))"),
     lambda m: m[1] + "'"),
    # *w6 = w6 - …
    (regex(r"(?m)^([\s⁠]*)\*([wWbBvV](?:_?\{?[0-9]{1,3}\}?)?)(?=[\s⁠]*=)"), lambda m: f"{m[1]}{m[2]}'"),
    # w1neu, v2new
    (regex(rf"(?<![\w\\∂/])([WwbBvVuU][0-9]{{1,3}}){_NEW}(?![A-Za-z0-9_])"), lambda m: m[1] + "'"),
    # w(t+1), and w(t) and w^{(t)} before it
    (regex(rf"(?<![A-Za-z])([Wwbθ](?:_{_INDEX})?){_S}\({_STEP}\)"), lambda m: m[1] + "'"),
    (regex(rf"(?<![A-Za-z])([Wwbθ](?:_{_INDEX})?)(?:\(t\)|\^{_S}\{{{_S}\(?t\)?{_S}\}})"), lambda m: m[1]),
    (regex(rf"(?<![A-Za-z])([Wwbθ]{_S}(?:[_^]{_S}{_INDEX}){{0,2}})_{_S}{_OLD}"), lambda m: m[1]),
    # b^{(2)'}
    (regex(rf"(\^{_S}\{{{_S}[(\[]{_S}[0-9lL]{{1,2}}{_S}[)\]]){_S}('{{1,3}}){_S}\}}"), lambda m: m[1] + "}" + m[2]),
    # new b_2
    (
        regex(rf"(?<![A-Za-z_\\])(?i:{'|'.join(BEFORE_A_NAME)})[\s{JOIN}]{{1,4}}({_NAME})(?={_S}[=:])"),
        lambda m: m[1] + "'",
    ),
)  # fmt: skip
_ANY = regex(
    rf"{_NEW}|(?i:nach|apr[èe]s|despu|ap[óo]s|depois|dopo|na|po){_BLANK}|\+{_S}\)?{_S}\}}?{_S}[=:|&\t{THEN}]|(?m:^\s*\*[wWbBvV])|\(\s*[tnk]|{_STEP}|{_OLD_WORD}|\^{_S}\{{"
)


#: b_2: 0.2 → 0.23, b_2 = 0.2 → 0.23
_FROM_OLD = regex(
    rf"(?m)^([\s{JOIN}*•>-]*[Wwbθ][0-9]{{0,2}}(?:{_S}[_^]{_S}{_INDEX}){{0,3}})({_S}[:=][^=:{THEN}\n]{{1,200}})"
    rf"(?={THEN}[\s{JOIN}]*[-+0-9.\[({OPEN}][^{THEN}=:]*$)"
)


def without_old_values(plain: str) -> str:
    """A plain text in which a parameter's old value is left out where an arrow goes from it to the new one.

    >>> without_old_values("b_2: 0.2 ⇒ 0.23").replace(JOIN, "")
    'b_2⇒ 0.23'
    """
    return _FROM_OLD.sub(lambda match: match[1] + JOIN * len(match[2]), plain) if THEN in plain else plain


def with_primes(plain: str) -> str:
    """A plain text with primes for the signs of an update; it keeps its length, so that places in it stay.

    >>> with_primes("b_{2,new} = 0.5").replace(JOIN, "")
    "b_{2}' = 0.5"
    >>> with_primes("W_{new}^{(2)}").replace(JOIN, "")
    "W^{(2)}'"
    """
    if _ANY.search(plain) is None:
        return plain
    for sign, becomes in _RULES:
        plain = sign.sub(lambda match, becomes=becomes: becomes(match).ljust(len(match[0]), JOIN), plain)  # type: ignore[misc]
    return plain
