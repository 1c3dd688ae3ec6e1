"""The rules of which a sheet speaks in words: its activations and what they are of, and with them its loss."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from chainrule.sheets.setting.said_losses import as_one_writes, has_penalty, losses_said, reduction_said
from chainrule.sheets.setting.said_models import linear_by_formula
from chainrule.system.patterns import regex

LONGEST = 50_000  # characters in which rules are looked for: those of some thousand lines
_CALLED = r"(?!\s?['′(_]|\()"  # behind a name that is none of a function with its argument
#: activations by their names in words, the longer ones first
_WORDS = {
    "softmax": regex(rf"soft-?max(?!imum){_CALLED}", re.IGNORECASE),
    "leaky_relu": regex(rf"leaky[\s_-]?relu{_CALLED}", re.IGNORECASE),
    "relu": regex(
        rf"(?<!leaky[\s_-])(?<!leaky)\brelus?\b{_CALLED}|rectified[\s-]linear|\brectifiers?\b", re.IGNORECASE
    ),
    "tanh": regex(
        rf"\btanh\b{_CALLED}|hyperbolic tangent|tangens[\s-]?hyperbolicus"
        r"|tangente (?:hyperbolique|hiperb[óo]lica|iperbolica)",
        re.IGNORECASE,
    ),
    "sigmoid": regex(
        rf"\b(?:log-?)?sigm(?:o[iï]d\w*|a)\b{_CALLED}|сигмоид\w*|시그모이드|シグモイド"
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
        r"|\bsem ativa|\bsenza attiva|(?<!phi )(?<!tổ hợp )(?<!hồi quy )\btuyến tính\b|\bdoğrusal (?:çık|akt|nöron)"
        r"|\bлинейн\w+\s+(?:выход|актив|нейрон|функц|сло)|выход\w*\s+(?:слой\s+|нейрон\s+)?линейн"
        r"|(?<!非)[线線]性(?=激活|激勵|输出|輸出|函数|函數|单元|單元|神经|神經)|(?:输出|輸出)[层層]?(?:为|為|是|用|采用)?[线線]性"
        r"|(?<!非)線形(?=出力|活性|関数|ユニット)|出力層?(?:は|が)?線形|恒等(?:函数|関数|激活|活性)"
        r"|(?<!비)선형\s?(?=출력|활성|함수|뉴런)|출력(?:층)?(?:은|는)?\s?선형"
        r"|\bliniow\w+\s+(?:wyj|aktyw|neuron)|wyjści\w+\s+liniow|\blineaire?\s+(?:uitvoer|uitgang|activ)",
        re.IGNORECASE | re.MULTILINE,
    ),
    "silu": regex(rf"\b(?:swish|silu)\b{_CALLED}", re.IGNORECASE),
    "softplus": regex(rf"\bsoft-?plus\b{_CALLED}", re.IGNORECASE),
    "gelu": regex(rf"\bgelu\b{_CALLED}", re.IGNORECASE),
    "elu": regex(rf"\belu\b{_CALLED}", re.IGNORECASE),
}  # fmt: skip
OF_OUTPUT = regex(
    r"\boutputs?(?![a-z])|(?:final|last) layer|ausgabe|ausgang|\bsorties?\b|\bsalidas?\b|\bsa[ií]das?\b|\buscit[ae]\b"
    r"|đầu ra|\bвыход|输出|輸出|出力|출력|\bwyjści|\buitvoer|\buitgang|\bçıkış|\bçıktı",
    re.IGNORECASE,
)
_OF_HIDDEN = regex(
    r"\bhidden(?![a-z])|verdeckt|versteckt|\bcach[ée]e?s?\b|\bocult[ao]s?\b|\bescondid[ao]s?\b|\bnascost[aoie]\b"
    r"|\binterm[eé]di|zwischenschicht|\bẩn\b|\bскрыт|隐藏|隐含|隐层|隱藏|隠れ|은닉|\bukryt|\bverborgen|\bgizli",
    re.IGNORECASE,
)
_EVERYWHERE = regex(
    r"\s*(?:activations?\s+)?(?:units|neurons|nodes|network|everywhere|throughout|neuronen|einheiten|netz|neurones?|unités"
    r"|neuronas|unidades|neurônios|neuroni|unità|in (?:all|both|every)|for all|(?:in )?beiden|überall|partout)\b",
    re.IGNORECASE,
)
_OF = r"(?<![A-Za-z\\])(?:[σφϕfg]|\\sigma|\\(?:var)?phi|act)\s*\(\s*(?P<letter>[A-Za-z]{1,4})\s*\)\s*=\s*"
#: activations by the formula that defines them
_DEFINED = {
    "sigmoid": regex(rf"{_OF}(?:\\[td]?frac\s*\{{?\s*1\s*\}}?\s*\{{|1\s*/\s*\(?)\s*1\s*\+\s*(?:np\.|\\)?e"),
    "tanh": regex(rf"{_OF}(?:np\.|\\)?tanh"),
    "relu": regex(rf"{_OF}\\?max\s*\(\s*0"),
    "silu": regex(rf"{_OF}(?P=letter)\s*(?:[*·]|\\cdot|\\times)?\s*(?:σ|\\sigma|sigm(?:oid)?)\s*\("),
    "softplus": regex(rf"{_OF}\\?(?:ln|log)\s*\(\s*1\s*\+\s*(?:e\s*\^|exp)"),
    "identity": regex(rf"{_OF}(?P=letter)(?!\s*(?:[\w(^*/+·×σ-]|\\[a-z]))"),
}
_CLAUSES = regex(r"[,;\n)，；。]|(?<![A-Za-z])\(|\.(?=\s|$)|(?<=\s)(?:->|→|--)(?=\s)")
_JOINED = regex(r"\s(?:and|with|und|mit|et|avec|y|con|e|com|then|dann|và|и|en|ve|oraz)\s|[和与與、]", re.IGNORECASE)
_LAYERS = regex(
    r"\b(?P<weights>Linear|Dense|Affine|(?:fc|lin|linear|layer|dense)_?[0-9]|fc_?out)\b|\b(?P<rule>Tanh|Leaky_?ReLU|ReLU|Sigmoid|Softmax|LogSoftmax|Identity)\b"
)
_CHAIN = regex(r"\b(?:Linear|Dense|Affine)\s*\(|\bSequential\s*\(\s*(?:fc|lin|linear|layer|dense)_?[0-9]\s*,")
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


_MOMENTUM = regex(
    r"(?<!no )(?<!without )(?<!ohne )(?<!sans )(?<!sin )(?<!sem )(?<!senza )\b(?:momentum|velocity|impulsterm"
    r"|adam|rmsprop|adagrad|nesterov)\b",
    re.IGNORECASE,
)


_SLOPE = regex(
    r"leaky[\s_-]?relu\b[^.\n]{0,40}?(?:slope|steigung|pente|pendiente|inclina\w+|pendenza|α|alpha|\\alpha)"
    r"\s*(?:of|von|de|di|=|is)?\s*(0?\.[0-9]{1,6})|leaky[\s_-]?relu\s*\(\s*(0?\.[0-9]{1,6})\s*\)",
    re.IGNORECASE,
)


def speaks_of_momentum(text: str) -> bool:
    """Whether a text speaks of steps with a velocity."""
    return _MOMENTUM.search(text[:LONGEST]) is not None


def slope_said(text: str) -> float:
    """The slope of the leaky ReLU of which a text speaks; 0 where it says none.

    >>> slope_said("Leaky ReLU with slope 0.1, linear output"), slope_said("leaky ReLU")
    (0.1, 0.0)
    """
    found = _SLOPE.search(text[:LONGEST])
    return 0.0 if found is None else float(found[1] or found[2])


_FIRST_IS_BIAS = regex(
    r"\bfirst (?P<one>column|row)\b[^.\n]{0,80}\bbias|\bbias(?:es)?\b[^.\n]{0,60}\bfirst (?P<other>column|row)\b",
    re.IGNORECASE,
)


def bias_said(text: str) -> str:
    """Whether the first ``row`` or ``column`` of each matrix is the bias, as a text says; "" where it says neither.

    >>> bias_said("the first column of each matrix is the bias")
    'column'
    """
    found = _FIRST_IS_BIAS.search(text[:LONGEST])
    return "" if found is None else (found["one"] or found["other"]).lower()


@dataclass(frozen=True)
class Said:
    """What a sheet says of its rules; an empty tuple leaves them open.

    Attributes:
        hidden, output: activations said of the hidden layers, and of the output.
        anywhere: activations that are named, whatever of, in the order of the text.
        everywhere: the one that all units have: ``sigmoid units``.
        losses: the losses that fit what is said, the likeliest first.
        reduction: over several examples the loss is the ``mean`` or the ``sum``; empty where that is left open.
        settled: conventions that what is said rules out: the formula of the loss shows whether there is a 1/2.
        penalty: the loss has a term of the weights. momentum: the steps have a velocity.
        assumed: the output has the one activation that is named, though nothing says that it is of all units.
        by_formula: that the output is linear only its formula says, as ``ŷ = w_2 h``; printed numbers may show another.
        unread: an activation by a formula that is none of those known.
    """

    hidden: tuple[str, ...] = ()
    output: tuple[str, ...] = ()
    anywhere: tuple[str, ...] = ()
    everywhere: str = ""
    losses: tuple[str, ...] = ()
    reduction: str = ""
    settled: frozenset[str] = frozenset()
    penalty: bool = False
    momentum: bool = False
    assumed: bool = False
    by_formula: bool = False
    unread: str = ""


def said_in(text: str) -> Said:
    """What a text says of the rules of its network.

    >>> said = said_in("tanh hidden, linear output, E = 1/2 (y - t)^2")
    >>> said.hidden, said.output, said.losses
    (('tanh',), ('identity',), ('half_squared_error',))
    >>> said_in("Logistische Regression").output, said_in("quadratic cost").losses
    (('sigmoid',), ('half_squared_error', 'squared_error', 'mean_squared_error'))
    """
    text = as_one_writes(text[:LONGEST])
    roles: dict[str, list[str]] = {"hidden": [], "output": [], "": []}
    everywhere: list[str] = []
    for name, role, of_all in (*_chained(text), *_named(text), *_defined(text)):
        if name not in roles[role]:
            roles[role].append(name)
        if of_all and name not in everywhere:
            everywhere.append(name)
    kind = next(((output, loss) for shape, output, loss in _REGRESSIONS if shape.search(text)), ("", ""))
    if kind[0] and not roles["output"]:
        roles["output"].append(kind[0])
    by_formula = not roles["output"] and not everywhere and linear_by_formula(text)
    if by_formula:
        roles["output"].append("identity")
    if len(roles[""]) == 1 and bool(roles["hidden"]) is not bool(roles["output"]):  # ReLU units, a sigmoid output
        other = "output" if roles["hidden"] else "hidden"
        if roles[""] not in (roles["hidden"], ["softmax"]):
            roles[other] = roles[""]
    losses, settled = losses_said(text)
    first = dict.fromkeys([*roles["hidden"], *roles[""], *roles["output"]])
    alone = roles[""] if len(roles[""]) == 1 and not roles["hidden"] and not roles["output"] else []
    return Said(
        tuple(one for one in roles["hidden"] if one != "softmax"),
        ("softmax",) if "softmax" in first else tuple(roles["output"]),
        tuple(first),
        everywhere[0] if len(everywhere) == 1 == len(alone) else "sigmoid" if alone == ["sigmoid"] else "",
        tuple(losses or [kind[1]] * bool(kind[1])),
        (reduction := reduction_said(text)),
        frozenset(settled | {"mean": {"sum_batch"}, "sum": {"mean_batch"}}.get(reduction, set())),
        has_penalty(text),
        speaks_of_momentum(text),
        alone == ["sigmoid"] and not everywhere,
        by_formula,
        _unread_rule(text),
    )


def _named(text: str) -> Iterator[tuple[str, str, bool]]:
    """(activation, of what, whether of all units) for each that is named in words."""
    for clause in _CLAUSES.split(text):
        if len(clause) > 2_000 or _CHAIN.search(clause):
            continue
        pieces = [clause] if len(_activations(clause)) < 2 else _JOINED.split(clause)
        for piece in pieces:
            found = _activations(piece)
            output, hidden = OF_OUTPUT.search(piece), _OF_HIDDEN.search(piece)
            alone = len({name for name, _ in found}) == 1
            for name, end in found:
                of_all = bool(_EVERYWHERE.match(piece, end)) and not output and not hidden
                if alone and output:
                    yield name, "output", False
                if alone and hidden:
                    yield name, "hidden", False
                if not alone or not (output or hidden):
                    yield name, "", of_all


def _defined(text: str) -> Iterator[tuple[str, str, bool]]:
    """The activations that formulas define: ``f(z) = 1 / (1 + e^(-z))``."""
    yield from ((name, "", False) for name, shape in _DEFINED.items() if shape.search(text))


_RULE = regex(rf"{_OF}(?P<rule>[^=,;\n$]{{1,80}})")
_FUNCTIONS = regex(r"\\?(?:exp|ln|log|tanh|sinh|cosh|sin|cos|sqrt|max|min|abs|sigmoid|frac|left|right|cdot|sigma|σ|e)")


def _unread_rule(text: str) -> str:
    """An activation by a formula of its letter alone that is none of those known: ``f(z) = z^2``; "" for none."""
    for match in _RULE.finditer(text):
        formula = match["rule"].partition(". ")[0].strip(" .")
        letters = set(re.findall(r"[^\W\d_]+", _FUNCTIONS.sub(" ", formula)))
        known = any(shape.match(match[0]) for shape in _DEFINED.values())
        if letters == {match["letter"]} and not known and not re.search(r"tanh|max|σ|sigma", formula):
            return match[0].strip()
    return ""


def _activations(text: str) -> list[tuple[str, int]]:
    found = [(match.start(), name, match.end()) for name, shape in _WORDS.items() for match in shape.finditer(text)]
    return [(name, end) for _, name, end in sorted(found)]


def _chained(text: str) -> Iterator[tuple[str, str, bool]]:
    """The activations of layers in a chain: ``Linear(2, 2) -> Tanh -> Linear(2, 1)``, ``Sequential(…)``."""
    for match in re.finditer(r"[^\n]{0,80}?Sequential\s*\((?:[^()]|\([^()]*\)){1,2000}\)|[^\n]{1,2000}", text):
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
