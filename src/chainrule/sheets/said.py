"""The rules of which a sheet speaks in words and formulas: its activations, its loss, and what it leaves open."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from chainrule.system.patterns import regex

_CALLED = r"(?!\s?['′(_]|\()"  # behind a name that is none of a function with its argument
#: activations by their names in words, the longer ones first
_WORDS = {
    "softmax": regex(rf"soft-?max(?!imum){_CALLED}", re.IGNORECASE),
    "leaky_relu": regex(rf"leaky[\s_-]?relu{_CALLED}", re.IGNORECASE),
    "relu": regex(rf"(?<!leaky[\s_-])(?<!leaky)\brelus?\b{_CALLED}|rectified[\s-]linear|\brectifiers?\b", re.IGNORECASE),
    "tanh": regex(
        rf"\btanh\b{_CALLED}|hyperbolic tangent|tangens[\s-]?hyperbolicus"
        r"|tangente (?:hyperbolique|hiperb[óo]lica|iperbolica)",
        re.IGNORECASE,
    ),
    "sigmoid": regex(
        rf"\b(?:log-?)?sigm(?:o[iï]d\w*|a)\b{_CALLED}"
        r"|\blogist(?:ic|isch\w*|ique|ic[aoh]e?|ici)s?\b(?!\s+(?:regress|loss|verlust))(?<!regresión logística)"
        r"(?<!regressão logística)(?<!regressione logistica)(?<!régression logistique)(?<!regresion logistica)",
        re.IGNORECASE,
    ),
    "identity": regex(
        r"(?<![\w-])(?<!rectified )(?<!rectified-)(?:linear(?:e[rsnm]?)?|lin[ée]aires?|lineal(?:es)?|lineari|lineares)"
        r"(?=\s*(?:$|[,.;:)\]|*]|(?:and|und|et|con|y|e)\b|activ|aktiv|attiv|ativ|output|neuron|unit|node|perceptron"
        r"|ausg|einheit|knoten|salida|sa[ií]da|sortie|uscita|hidden|in (?:the|der) (?:output|ausg)))"
        r"|(?:ausgabe|ausgang|sortie|salida|sa[ií]da|uscita|neurona|neur[ôo]nio|neurone|unidad|unidade|unit[éà])\s+"
        r"(?:linear\w*|lin[ée]aire|lineal)"
        r"|\bidenti(?:ty|tät|té|tà|dade?)\b|\bno activation|\bohne aktivierung|\bsans activation|\bsin activaci"
        r"|\bsem ativa|\bsenza attiva",
        re.IGNORECASE | re.MULTILINE,
    ),
}  # fmt: skip
_OF_OUTPUT = regex(
    r"\boutputs?\b|(?:final|last) layer|ausgabe|ausgang|\bsorties?\b|\bsalidas?\b|\bsa[ií]das?\b|\buscit[ae]\b",
    re.IGNORECASE,
)
_OF_HIDDEN = regex(
    r"\bhidden\b|verdeckt|versteckt|\bcach[ée]e?s?\b|\bocult[ao]s?\b|\bescondid[ao]s?\b|\bnascost[aoie]\b"
    r"|\binterm[eé]di|zwischenschicht",
    re.IGNORECASE,
)
_EVERYWHERE = regex(
    r"\s*(?:activations?\s+)?(?:units|neurons|nodes|network|everywhere|throughout|neuronen|einheiten|netz|neurones?|unités"
    r"|neuronas|unidades|neurônios|neuroni|unità|in (?:all|both|every)|for all|(?:in )?beiden|überall|partout)\b",
    re.IGNORECASE,
)
_CLAUSES = regex(r"[,;\n()]|\.(?=\s|$)|(?<=\s)(?:->|→|--)(?=\s)")
_JOINED = regex(r"\s(?:and|with|und|mit|et|avec|y|con|e|com|then|dann)\s", re.IGNORECASE)
_LAYERS = regex(
    r"\b(?P<weights>Linear|Dense|Affine)\b|\b(?P<rule>Tanh|Leaky_?ReLU|ReLU|Sigmoid|Softmax|LogSoftmax|Identity)\b"
)
_CHAIN = regex(r"\b(?:Linear|Dense|Affine)\s*\(")
_CLASSES = {"logsoftmax": "softmax", "leakyrelu": "leaky_relu", "leaky_relu": "leaky_relu"}

_REGRESSIONS = (
    (
        regex(
            r"softmax[\s-](?:classifier|regression|klassifi\w*)|multi(?:nomial|class) logistic"
            r"|r[ée]gress\w+ softmax|regresi[óo]n softmax|regress[ãa]o softmax|clas+ifi\w+ softmax",
            re.IGNORECASE,
        ),
        "softmax", "cross_entropy",
    ),
    (
        regex(
            r"logisti(?:c|sche[nr]?) regression|r[ée]gression logistique|regresi[óo]n log[íi]stica"
            r"|regress[ãa]o log[íi]stica|regressione logistica|logistic classifier",
            re.IGNORECASE,
        ),
        "sigmoid", "binary_cross_entropy",
    ),
    (
        regex(
            r"linear(?:e[nr]?)? regression|r[ée]gression lin[ée]aire|regresi[óo]n lineal|regress[ãa]o linear"
            r"|regressione lineare|\badaline\b|widrow",
            re.IGNORECASE,
        ),
        "identity", "",
    ),
)  # fmt: skip

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
_SUM = r"(?:\\left|\\big|[\s*·\\,({\[]|\\cdot|\\sum(?:\\limits)?(?:_\{[^{}]*\}|_\w)?(?:\^\{[^{}]*\}|\^\w)?|[Σ∑](?:_\w+)?|(?:np\.)?(?:sum|mean)\s*)*?"
_TERM = r"(?:[^()=|]|\([0-9lL]\)){1,60}?"
_DIFFERENCE = rf"(?:\(|\|\||\\\||‖){_TERM}[-−]{_TERM}(?:\\right)?(?:\)|\|\||\\\||‖)\s*(?:_2)?\s*\^\s*\{{?\s*2"
_HALVED = regex(
    rf"(?:{_HALF}|{_HALF_MEAN}){_SUM}{_DIFFERENCE}|{_DIFFERENCE}\s*\}}?\s*/\s*2"
    rf"|\\[td]?frac\s*\{{\s*{_DIFFERENCE}\s*\}}?\s*\}}\s*\{{\s*2\s*\}}"
)
_SQUARED_WORDS = (
    r"(?:MSE(?:Loss)?|SSE|(?:mean |sum of |summed |total )?squared?[\s-](?:errors?|loss|difference)|squares|quadratic (?:cost|loss|error)"
    r"|(?:mittlere\w* )?quadratisch\w* (?:fehler|kosten)\w*|quadratfehler|erreur quadratique|error cuadr[áa]tico"
    r"|erro quadr[áa]tico|errore quadratico|least squares)"
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
    r"mean[\s-]squared|\bmean\s*\(|\bMSE(?:Loss)?\b|mittlere\w* quadrat|quadratique moyenne|cuadr[áa]tico medio|quadr[áa]tico m[ée]dio"
    r"|quadratico medio",
    re.IGNORECASE,
)
_SUMMED = regex(r"\bSSE\b|sum of squares|sum of (?:the )?squared|summe der quadrat|somme des carr", re.IGNORECASE)
#: names under which most write the 1/2
_HALF_AS_A_RULE = regex(
    r"quadratic (?:cost|loss|error)|quadratische (?:kosten|verlust)|delta rule|delta-?regel|r[èe]gle delta|reg[lr]a delta"
    r"|regola delta",
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
_AVERAGE = regex(
    rf"(?:averaged?|mean|mittlere|durchschnittliche|moyenne|media|média)\s+(?:\w+\s+)?{_ENTROPY}"
    rf"|{_ENTROPY}\s+(?:moyenne|media|m[ée]dia|averaged)|averaged over the (?:batch|examples|samples)"
    rf"|=\s*[-−]?\s*(?:1\s*/\s*[nmN]\b|\\[td]?frac\s*\{{\s*1\s*\}}\s*\{{\s*[nmN]\s*\}})",
    re.IGNORECASE,
)
_LAMBDA = r"(?:λ|\\lambda|lambda|\\alpha|α|β|\\beta|wd|l2)"
_PENALTY = regex(
    rf"[+]\s*(?:{_HALF}\s*[*·]?\s*)?(?:{_LAMBDA}|\\[td]?frac\s*\{{\s*{_LAMBDA}\s*\}}\s*\{{\s*2?[nmN]?\s*\}})"
    rf"\s*(?:/\s*\(?2?[nmN]?\)?)?\s*[*·]?\s*(?:\\sum\S*|[Σ∑]\S*|sum)?\s*[(|\\‖]*\s*[wWθΘ][^=\n]{{0,20}}?(?:\^\s*\{{?\s*2|\||‖)"
    r"|(?<!no )(?<!without )(?<!ohne )(?<!sin )(?<!sans )(?<!non-)(?<!un)\b(?:l[12][\s-])?"
    r"(?:regulari[sz]|régularis|regulariz)(?:ed|ation|iert|ierung|é|ación|ação|zazione|ation)"
    r"|\bweight decay|\bl2[\s-]penalty|\bgewichtszerfall",
    re.IGNORECASE,
)
_LOSS_NAME = regex(r"[\s$\\{]*(?:[LJEC](?![A-Za-z])|[A-Z]?[A-Za-z]*(?:loss|cost|error|Loss|Cost|Error)|MSE|SSE|BCE|CE)")


@dataclass(frozen=True)
class Said:
    """What a sheet says of its rules; an empty tuple leaves them open.

    Attributes:
        hidden, output: activations said of the hidden layers, and of the output.
        anywhere: activations that are named, whatever of, in the order of the text.
        everywhere: the one that all units have: ``sigmoid units``.
        losses: the losses that fit what is said, the likeliest first.
        settled: conventions that what is said rules out: the formula of the loss shows whether there is a 1/2.
        penalty: the loss has a term of the weights.
    """

    hidden: tuple[str, ...] = ()
    output: tuple[str, ...] = ()
    anywhere: tuple[str, ...] = ()
    everywhere: str = ""
    losses: tuple[str, ...] = ()
    settled: frozenset[str] = frozenset()
    penalty: bool = False


def said_in(text: str) -> Said:
    """What a text says of the rules of its network.

    >>> said = said_in("tanh hidden, linear output, E = 1/2 (y - t)^2")
    >>> said.hidden, said.output, said.losses
    (('tanh',), ('identity',), ('half_squared_error',))
    >>> said_in("Logistische Regression").output, said_in("quadratic cost").losses
    (('sigmoid',), ('half_squared_error', 'squared_error', 'mean_squared_error'))
    """
    text = text.replace("²", "^2").replace("**", "^").replace("−", "-")
    roles: dict[str, list[str]] = {"hidden": [], "output": [], "": []}
    everywhere: list[str] = []
    for name, role, of_all in (*_chained(text), *_named(text)):
        if name not in roles[role]:
            roles[role].append(name)
        if of_all and name not in everywhere:
            everywhere.append(name)
    kind = next(((output, loss) for shape, output, loss in _REGRESSIONS if shape.search(text)), ("", ""))
    if kind[0] and not roles["output"]:
        roles["output"].append(kind[0])
    losses, settled = _losses(text, kind[1])
    first = dict.fromkeys([*roles["hidden"], *roles[""], *roles["output"]])
    alone = roles[""] if len(roles[""]) == 1 and not roles["hidden"] and not roles["output"] else []
    return Said(
        tuple(one for one in roles["hidden"] if one != "softmax"),
        ("softmax",) if "softmax" in first else tuple(roles["output"]),
        tuple(first),
        everywhere[0] if len(everywhere) == 1 == len(alone) else "sigmoid" if alone == ["sigmoid"] else "",
        tuple(losses),
        frozenset(settled),
        _PENALTY.search(text) is not None,
    )


def _named(text: str) -> Iterator[tuple[str, str, bool]]:
    """(activation, of what, whether of all units) for each that is named in words."""
    for clause in _CLAUSES.split(text):
        if len(clause) > 2_000 or _CHAIN.search(clause):
            continue
        pieces = [clause] if len(_activations(clause)) < 2 else _JOINED.split(clause)
        for piece in pieces:
            found = _activations(piece)
            output, hidden = _OF_OUTPUT.search(piece), _OF_HIDDEN.search(piece)
            alone = len({name for name, _ in found}) == 1
            for name, end in found:
                of_all = bool(_EVERYWHERE.match(piece, end)) and not output and not hidden
                if alone and output:
                    yield name, "output", False
                if alone and hidden:
                    yield name, "hidden", False
                if not alone or not (output or hidden):
                    yield name, "", of_all


def _activations(text: str) -> list[tuple[str, int]]:
    found = [(match.start(), name, match.end()) for name, shape in _WORDS.items() for match in shape.finditer(text)]
    return [(name, end) for _, name, end in sorted(found)]


def _chained(text: str) -> Iterator[tuple[str, str, bool]]:
    """The activations of layers in a chain: ``Linear(2, 2) -> Tanh -> Linear(2, 1)``, ``Sequential(…)``."""
    for match in re.finditer(r"Sequential\s*\((?:[^()]|\([^()]*\)){1,2000}\)|[^\n]{1,2000}", text):
        line = match[0]
        if not _CHAIN.search(line) or not ("Sequential" in line or "->" in line or "→" in line):
            continue
        layers = list(_LAYERS.finditer(line))
        last = max((i for i, layer in enumerate(layers) if layer["weights"]), default=-1)
        for layer in layers[:last]:
            if layer["rule"]:
                yield _class(layer["rule"]), "hidden", False
        behind = [_class(layer["rule"]) for layer in layers[last + 1 :] if layer["rule"]]
        if re.search(r"CrossEntropyLoss|WithLogits", text):
            behind = ["softmax" if "CrossEntropyLoss" in text else "sigmoid"]
        yield behind[0] if behind else "identity", "output", False


def _class(name: str) -> str:
    return _CLASSES.get(name.lower(), name.lower())


def _losses(text: str, usual: str) -> tuple[list[str], set[str]]:
    """The losses that fit what is said, the likeliest first, and the conventions that it rules out."""
    settled = {"sum_batch"} if _AVERAGE.search(text) else set()
    found: list[str] = []
    if _BINARY.search(text):
        found.append("binary_cross_entropy")
    elif _CROSS.search(text):
        found.append("cross_entropy")
    written = _LOSS_IS.search(text) is not None
    if _HALF_SAID.search(text) or (_HALVED.search(text) and not written):
        found.append("half_squared_error")
        settled |= {"no_half"}
    elif _SQUARED.search(text) or written:
        kinds = ["squared_error", "half_squared_error"]
        if _MEAN.search(text) or _AVERAGE.search(text):
            kinds.insert(0, "mean_squared_error")
        elif _HALF_AS_A_RULE.search(text):
            kinds = ["half_squared_error", "squared_error", "mean_squared_error"]
        elif not _SUMMED.search(text):
            kinds.append("mean_squared_error")
        if (written and not _HALVED.search(text)) or _WHOLE.search(text):
            kinds.remove("half_squared_error")
            settled |= {"half"}
        found += kinds
    if not found and _LOGARITHM.search(text):
        found.append("cross_entropy")
    return found or [usual] * bool(usual), settled


def states_loss(claim: str) -> bool:
    """Whether a claim is the formula of a loss and no number: it says what the loss is, in whatever names.

    >>> states_loss("E = 1/2 (t - o)^2"), states_loss("E = 1/2 (t - o)^2 = 0.3"), states_loss("z = (t - o)^2")
    (True, False, False)
    """
    claim = claim.replace("²", "^2").replace("**", "^").replace("−", "-")
    if claim.count("=") != 1 or _LOSS_NAME.match(claim) is None:
        return False
    return any(shape.search(claim) for shape in (_LOSS_IS, _HALVED, _LOGARITHM, _BINARY))
