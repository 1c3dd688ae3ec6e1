"""The loss of which a sheet speaks in words and formulas, whether it has its 1/2, and what it leaves open."""

from __future__ import annotations

import re

from chainrule.system.patterns import regex

_ENTROPY = (
    r"(?:cross[\s-]?entrop(?:y|ies)|kreuzentropie|entropie[s]? crois[ée]es?|entrop[íi]a cruzada|entropia incrociata"
    r"|(?<![A-Za-z])xent(?![A-Za-z]))"
)
_BINARY = regex(
    rf"(?:binary|bin[äa]re?n?|bernoulli)[\s_-]*{_ENTROPY}|{_ENTROPY}\s+(?:bin\w+)|\bBCE(?:Loss|WithLogitsLoss)?\b"
    r"|\blog[\s-]?loss\b|\blogistic loss|\blogistischer verlust|1\s*-\s*[yt]\w*\s*\)\s*[*·]?\s*\\?(?:log|ln)",
    re.IGNORECASE,
)
_CROSS = regex(
    rf"{_ENTROPY}|CrossEntropyLoss|negative[\s_]log[\s-]?likelihood|\bNLL(?:Loss)?\b|log-?vraisemblance n[ée]gative",
    re.IGNORECASE,
)
#: L = -ln p, -Σ y log p: as a whole formula
_LOGARITHM = regex(
    r"(?<![A-Za-z])[LJEC](?:_?\w*)?\s*=\s*[-−]\s*(?:\\?sum\S*\s*|[Σ∑]\S*\s*)?(?:[yt]_?\w?\s*[*·]?\s*)?\\?(?:log|ln)\b"
)
_HALF = r"(?:1\s*/\s*2|½|\\[td]?frac\s*\{?\s*1\s*\}?\s*\{?\s*2\s*\}?|(?<![0-9.])0?\.5(?![0-9]))"
_HALF_MEAN = r"(?:1\s*/\s*\(?\s*2\s*[*·]?\s*[nmNM]\s*\)?|\\[td]?frac\s*\{\s*1\s*\}\s*\{\s*2\s*[nmNM]\s*\})"
_SUM = r"(?:\\left|\\big|[\s*·\\,({\[]|\\cdot|\\sum(?:\\limits)?(?:_\{[^{}]*\}|_\w)?(?:\^\{[^{}]*\}|\^\w)?"
_SUM += r"|[Σ∑](?:_\w+)?|(?:np\.)?(?:sum|mean)\s{0,3}){0,10}?"
_TERM = r"(?:[^()=|]|\([0-9lL]\)){1,60}?"
_DIFFERENCE = rf"(?:\(|\|\||\\\||‖){_TERM}[-−]{_TERM}(?:\\right)?(?:\)|\|\||\\\||‖)\s*(?:_2)?\s*\^\s*\{{?\s*2"
_HALVED = regex(
    rf"(?:{_HALF}|{_HALF_MEAN}){_SUM}{_DIFFERENCE}|{_DIFFERENCE}\s*\}}?\s*/\s*2"
    rf"|\\[td]?frac\s*\{{\s*{_DIFFERENCE}\s*\}}?\s*\}}\s*\{{\s*2\s*\}}"
)
_SQUARED_WORDS = (
    r"(?:MSE(?:Loss)?|SSE|(?:mean |sum of |summed |total )?squared?[\s-](?:errors?|loss|difference)|squares"
    r"|quadratic (?:cost|loss|error)"
    r"|(?:mittlere\w* )?quadratisch\w* (?:fehler|kosten)\w*|quadratfehler"
    r"|erreur quadratique(?: moyenne)?|error cuadr[áa]tico(?: medio)?"
    r"|erro quadr[áa]tico(?: m[ée]dio)?|errore quadratico(?: medio)?|least squares)"
)
_HALF_SAID = regex(
    rf"(?:\bhalf|\bone[\s-]half|\bhalbe[rsn]?|moiti[ée] d\S+|mitad del?|metade do?|met[àa] d\S+|mezz[oa]|{_HALF})"
    rf"[\s*·-]*(?:the\s|of\s|the\s|des\s|l['’])*(?:mean\s|sum of\s|summed\s)*{_SQUARED_WORDS}"
    rf"|{_SQUARED_WORDS}\s*[,(]?\s*(?:with|mit|avec|con|com)\s+(?:an?\s|the\s|factor\s|faktor\s|le\s|el\s|o\s|il\s)*(?:{_HALF}|half)"
    rf"|{_SQUARED_WORDS}\s*(?:loss\s*|cost\s*)?\(?\s*{_HALF}(?!\s*[=*·(\[Σ∑\\0-9])",
    re.IGNORECASE,
)  # fmt: skip
_SQUARED = regex(
    rf"\b{_SQUARED_WORDS}|\bdelta rule|delta-?regel|r[èe]gle delta|regla delta|regra delta|regola delta", re.IGNORECASE
)
_MEAN = regex(
    r"mean[\s-]squared|\bmean\s*\(|\bMSE(?:Loss)?\b|mittlere\w* quadrat|quadratique moyenne"
    r"|cuadr[áa]tico medio|quadr[áa]tico m[ée]dio|quadratico medio",
    re.IGNORECASE,
)
_SUMMED = regex(r"\bSSE\b|sum of squares|sum of (?:the )?squared|summe der quadrat|somme des carr", re.IGNORECASE)
#: names under which most write the 1/2
_HALF_AS_A_RULE = regex(
    r"quadratic (?:cost|loss|error)|quadratische (?:kosten|verlust)|delta rule|delta-?regel|r[èe]gle delta"
    r"|reg[lr]a delta|regola delta",
    re.IGNORECASE,
)
#: said without a 1/2
_WHOLE = regex(
    rf"\bMSELoss\b|mean_squared_error|\b(?:without|no|ohne|sans|sin|sem|senza) (?:an? |the |le |el |o |il |den )?"
    rf"(?:factor |faktor |facteur |fator |fattore )?{_HALF}",
    re.IGNORECASE,
)
#: a formula that gives the loss as squares, without a factor before or behind them
_LOSS_IS = regex(
    rf"(?:(?<![A-Za-z_/])(?:[LJEC]|loss|cost|error|Loss|Cost|Error|MSE|SSE|Kosten|Fehler|Verlust)\s*(?:_\w+|_\{{[^{{}}]*\}}|\([^()=]{{1,20}}\))?|(?:loss|cost|error))"
    rf"\s*[=:]\s*{_SUM}(?:1\s*/\s*[nmN]\s*|\\[td]?frac\s*\{{1\}}\s*\{{[nmN]\}}\s*)?{_SUM}{_DIFFERENCE}(?!\s*\}}?\s*[/*·])"
)
#: o.grad = 1.0, L = o: what comes out is itself differentiated
_OUTPUT = r"(?:o|out|output|f|yhat|y_hat|y_pred|ŷ)"
_ITSELF = regex(
    rf"(?m)(?<![\w.]){_OUTPUT}\.grad\s*=\s*(?:tensor\()?1(?:\.0*)?(?![\w.])"
    rf"|(?<![\w/∂.])(?:[LJ]|[Ll]oss)\s*=\s*{_OUTPUT}\s*(?:[,;]|\.?\s*$)"
)
_IN_LETTERS = regex(r"(?:\(|\||‖)[^()]*[^\W\d_].*[-]")  # not of numbers alone, which a claim may get wrong
_AVERAGE = regex(
    rf"(?:averaged?|mean|mittlere|durchschnittliche|moyenne|media|média)\s+(?:\w+\s+)?{_ENTROPY}"
    rf"|{_ENTROPY}\s+(?:moyenne|media|m[ée]dia|averaged)|averaged over the (?:batch|examples|samples)"
    rf"|=\s*[-−]?\s*(?:1\s*/\s*[nmN]\b|\\[td]?frac\s*\{{\s*1\s*\}}\s*\{{\s*[nmN]\s*\}})",
    re.IGNORECASE,
)
_TOTAL = regex(
    r"\b(?:sum(?:med)?|total)\s+(?:\w+\s+)?over (?:the |all |both )*(?:batch|examples|samples|data|observations)"
    r"|summ(?:e|iert) über (?:die |alle )*(?:beispiele|muster|daten)|somme sur (?:les|tous les) exemples"
    r"|suma sobre (?:los|todos los) ejemplos|soma sobre (?:os|todos os) exemplos|somma su(?:gli| tutti gli) esempi",
    re.IGNORECASE,
)
_LAMBDA = r"(?:λ|\\lambda|lambda|\\alpha|α|β|\\beta|wd|l2)"
_PENALTY = regex(
    rf"[+]\s*(?:{_HALF}\s*[*·]?\s*)?(?:{_LAMBDA}|\\[td]?frac\s*\{{\s*{_LAMBDA}\s*\}}\s*\{{\s*2?[nmN]?\s*\}})"
    rf"\s*(?:/\s*\(?2?[nmN]?\)?)?\s*[*·]?\s*(?:\\sum\S*|[Σ∑]\S*|sum)?\s*[(|\\‖]*\s*[wWθΘ][^=\n]{{0,20}}?(?:\^\s*\{{?\s*2|\||‖)"
    r"|(?<!no )(?<!without )(?<!ohne )(?<!sin )(?<!sans )(?<!sem )(?<!senza )(?<!non-)(?<!un)(?<!l[12][\s-])\b"
    r"(?:(?:l[12][\s-])?(?:regulari[sz]|régularis)(?:ed|ation|iert|ierung|é|ación|ação|zazione|azione)"
    r"|weight decay|l2[\s-]penalty|gewichtszerfall)",
    re.IGNORECASE,
)
_LOSS_NAME = regex(r"[\s$\\{]*(?:[LJEC](?![A-Za-z])|[A-Z]?[A-Za-z]*(?:loss|cost|error|Loss|Cost|Error)|MSE|SSE|BCE|CE)")


def as_one_writes(text: str) -> str:
    """A text with one sign for a square and for minus."""
    return text.replace("²", "^2").replace("**", "^").replace("−", "-")


def losses_said(text: str) -> tuple[list[str], set[str]]:
    """The losses that fit what is said, the likeliest first, and the conventions that it rules out."""
    settled: set[str] = set()
    found: list[str] = []
    if _BINARY.search(text):
        found.append("binary_cross_entropy")
    elif _CROSS.search(text):
        found.append("cross_entropy")
    written, halved = (_first(shape, text) for shape in (_LOSS_IS, _HALVED))
    if _HALF_SAID.search(text) or halved < written:
        found.append("half_squared_error")
        settled |= {"no_half"}
    elif _SQUARED.search(text) or written < len(text):
        kinds = ["squared_error", "half_squared_error"]
        if _MEAN.search(text) or _AVERAGE.search(text):
            kinds.insert(0, "mean_squared_error")
        elif _HALF_AS_A_RULE.search(text):
            kinds = ["half_squared_error", "squared_error", "mean_squared_error"]
        elif not _SUMMED.search(text):
            kinds.append("mean_squared_error")
        if (written < len(text) == halved) or _WHOLE.search(text):
            kinds.remove("half_squared_error")
            settled |= {"half"}
        found += kinds
    if not found and _LOGARITHM.search(text):
        found.append("cross_entropy")
    if not found and _ITSELF.search(text):
        found.append("identity")
    return found, settled


def _first(shape: re.Pattern[str], text: str) -> int:
    """Where a text has a formula with names in it; its length where it has none."""
    return next((match.start() for match in shape.finditer(text) if _IN_LETTERS.search(match[0])), len(text))


def reduction_said(text: str) -> str:
    """Whether the loss is the ``mean`` or the ``sum`` over the examples; empty where that is not said."""
    return "mean" if _AVERAGE.search(text) else "sum" if _TOTAL.search(text) else ""


def has_penalty(text: str) -> bool:
    """Whether the loss has a term of the weights."""
    return _PENALTY.search(text) is not None


_NAMED = regex(
    r"(?<![\w\\])(?P<name>[A-Z][A-Za-z]{0,9})\s*(?:\([^()=]{1,30}\))?\s*=\s*(?="
    r"[-−]\s*\\?(?:sum|∑|Σ)(?:_\{[^{}]{0,20}\})?[^=\n]{1,60}\\?(?:log|ln)|(?:\\frac\s*\{?1\}?\s*\{?2\}?|1/2|½|0\.5)?\s*[*·]?\s*"
    r"\(\s*(?:[tyd](?:_\{?\w\}?)?\s*[-−]\s*(?:ŷ|\\hat\s*\{?y\}?|o|yhat|y_hat)"
    r"|(?:ŷ|\\hat\s*\{?y\}?|o|yhat|y_hat)(?:_\{?\w\}?)?\s*[-−]\s*[tyd])\s*(?:_\{?\w\}?)?\s*\)\s*(?:\^|²))"
)


def loss_named_in(text: str) -> str:
    """The name that a formula of a usual loss stands behind, where it is none of the usual ones; "" for none.

    >>> [loss_named_in(text) for text in ("H(y, p) = -sum y_i log p_i", "Hata = (y - ŷ)^2", "E = (y - ŷ)^2")]
    ['H', 'Hata', '']
    """
    found = _NAMED.search(text)
    return "" if found is None or _LOSS_NAME.match(f"{found['name']} =") else found["name"]


_TARGET_NAME = r"(?:t|y|d|T|Y|target|targets|desired|y_?true|label)(?:_\{?\w\}?)?"
_OUTPUT_NAME = r"(?:o|O|p|ŷ|\\hat\s*\{?y\}?|y_?hat|y_?pred|out|output|outputs|prediction|pred|actual)(?:_\{?\w\}?)?"
_SQUARE = regex(
    rf"[\s$]*[^=]+=\s*(?P<half>{_HALF})?[\s*·]*(?:\\cdot\s*)?(?:(?:\\sum|[Σ∑])(?:_\{{[^{{}}]*\}}|_\w)?(?:\^\{{[^{{}}]*\}}|\^\w)?)?"
    rf"\s*(?:\\left)?\(\s*(?:{_TARGET_NAME}\s*-\s*{_OUTPUT_NAME}|{_OUTPUT_NAME}\s*-\s*{_TARGET_NAME})\s*(?:\\right)?\)"
    r"\s*\^\s*\{?2\}?(?P<halved>\s*/\s*2)?[\s.,;$]*"
)


def square_stated(claim: str) -> str:
    """The loss that the formula of a claim is, in the usual names of targets and outputs; "" for any other formula.

    >>> [square_stated(text) for text in ("E = 1/2 Σ (t - o)^2", "L = (y - p)²", "L = (y - z)^2", "E = 1/2 (t + o)^2")]
    ['half_squared_error', 'squared_error', '', '']
    """
    found = _SQUARE.fullmatch(as_one_writes(claim))
    if found is None or (found["half"] and found["halved"]):
        return ""
    return "half_squared_error" if found["half"] or found["halved"] else "squared_error"


def states_loss(claim: str) -> bool:
    """Whether a claim is the formula of a loss and no number: it says what the loss is, in whatever names.

    >>> states_loss("E = 1/2 (t - o)^2"), states_loss("E = 1/2 (t - o)^2 = 0.3"), states_loss("z = (t - o)^2")
    (True, False, False)
    """
    claim = as_one_writes(claim)
    if claim.count("=") != 1 or _LOSS_NAME.match(claim) is None:
        return False
    return any(shape.search(claim) for shape in (_LOSS_IS, _HALVED, _LOGARITHM, _BINARY))
