"""Claims within sentences: ``we find that h_11 = 0.9``. What stands before the name, and what it says of the claim."""

from __future__ import annotations

import re
from typing import NamedTuple

from chainrule.formula.plain import CLOSE, JOIN, OPEN
from chainrule.network.words import WORDS
from chainrule.sheets.formulas.functions import function_named
from chainrule.sheets.writing.prose import words
from chainrule.sheets.writing.segments import Place, is_one_name
from chainrule.system.patterns import regex

LONGEST = 200  # characters before a name that are looked at
CONDITION = "the sentence speaks of what would be, of another pass or of what is wanted: it may not be a claim"
OTHER = "its words speak of a number that is no quantity of the network"
RELATION = "the words before the name may mean something else of it, such as its derivative or its input"
_S = rf"\s{JOIN}"
_FOREIGN = r"\u0400-\u04FF\u0590-\u06FF\u3001-\u30FF\u4E00-\u9FFF\uAC00-\uD7AF\uFF0C\uFF1A"
_START = regex(rf"(?<=[{_S},:{_FOREIGN}])(?=[^{_S},:{_FOREIGN}])")
_FOREIGN_WORD = regex(rf"[{_FOREIGN}À-ÖØ-öø-ÿ]")
_NAMELY = regex(r"[_^/0-9'\\∂∇α-ωΑ-Ω]")
_SENTENCE_END = regex(r"[.!?;][\s$]|[⇒\n|。；]|\\\\")
_COMMAND = regex(r"\\(?!text|mathrm)[A-Za-z]+|[$*`]")
_WORDS = regex(r"[^\W\d_]{2}")
_FORMULA = regex(
    rf"[^=]*[{_S}\w)\]}}{CLOSE}][{_S}]*[-+*/⊙][{_S}]*[\w(\[{{\\{OPEN}][^=]*|[^\W\d_]+'?\([^()]*[_0-9][^()]*\)"
)


def _any(text: str) -> re.Pattern[str]:
    return regex(rf"(?<![^\W_])(?:{'|'.join(text.split())})(?![^\W_])", re.IGNORECASE)


#: anywhere before it in its sentence
_CONDITION = _any(
    "if suppose supposing assume assumed assuming imagine would could might unless until when whenever were "
    "expected desired ideal ideally target targets should must want wants wanted wish aim goal true correct textbook "
    "epoch epochs iteration iterations previous previously (?:example|sample|pattern|case)[\\s]*[2-9] "
    "case instance say simplicity for[\\s]+example e\\.g\\.? zum[\\s]+Beispiel z\\.B\\.? par[\\s]+exemple "
    "por[\\s]+ejemplo "
    "second[\\s]+(?:pass|example|sample|pattern|update|iteration|time) next[\\s]+(?:pass|example|sample|step) "
    "wenn falls angenommen w[äa]re w[üu]rde soll sollte Zielwert Ziel Epoche "
    "supposons supposer serait devrait attendue? souhait[ée]e? cible [ée]poque it[ée]ration "
    "si(?![\\s]+(?:ha|ottiene|ottengono|trova|calcola)) suponga suponiendo supongamos ser[íi]a deber[íi]a deseada? "
    "objetivo esperada? [ée]poca iteraci[óo]n supondo suponha caso deveria desejada? itera[çc][ãa]o "
    "supponiamo sarebbe dovrebbe atteso desiderato iterazione"
)
#: in its own clause
_NEGATION = _any(
    "not never instead without wrong wrongly incorrect incorrectly mistake mistakenly typo rather nicht statt ohne "
    "falsch pas sans faux no sin n[ãa]o sem errado non senza sbagliato"
)
_BEHIND = regex(rf"^[{_S},]*(?:which|that|this)?[{_S}]*(?:is|was|would|w[äa]re|ist|est|es)[{_S}]+\S*[{_S}]*"
                     r"(?:wrong|incorrect|false|falsch|faux|better|worse|needed|wanted|expected)\b|^[^=]{0,60}\bwould\b",
                     re.IGNORECASE)  # fmt: skip
#: numbers of things, and numbers of the method, which no quantity of the network is
_OTHER = _any(
    "number[\\s]+of count depth (?:batch|sample|layer)[\\s]+size dimensions? width batch momentum temperature "
    "threshold "
    "tolerance coefficient constant decay regulari[sz]ation (?:leaky|relu)[^=]*slope accuracy dropout probability "
    "Anzahl Gr[öo][ßs]+e nombre[\\s]+de n[úu]mero[\\s]+de numero[\\s]+di"
)
_LAYER_WORD = _any(
    "layers? depth deep Schicht(?:en)? Tiefe couches? profondeur capas? camadas? profundidad(?:e)? strat[oi] "
    "profondit[àa]"
)
_LOSS_WORD = _any(
    "loss cost error Verlust Fehler Kosten perte co[ûu]t erreur p[ée]rdida coste? perda erro perdita costo"
)
_OUTPUT = _any("outputs? predictions? predicts? predicted Ausgabe Vorhersage sortie salida sa[íi]da uscita")
_GRADIENT = _any(
    "gradients? derivatives? differential slope Ableitung(?:en)? Gradienten? d[ée]riv[ée]es? derivadas? gradientes? "
    "derivata derivate sensitivity"
)
_RELATION = _any(
    "changes? difference [ÄA]nderung variation cambio mudan[çc]a inputs? net[\\s]+input pre-?activation sums? "
    "product ratio increase decrease contribution square squared root logarithm exponential "
    "Eingabe Eingang Summe entr[ée]e somme entrada suma soma somma ingresso"
)
_PREPOSITION = _any(
    "of to for in at by into from with[\\s]+respect[\\s]+to w\\.?r\\.?t\\.? per over through about on zu f[üu]r von "
    "vom der des nach bei de del du des da do di della pour para por sur sobre nach"
)
_SAME = _any(
    "values? outputs? activations? results? Wert Werte Ausgabe Aktivierung valeurs? sortie activation valor(?:es)? "
    "sa[íi]da salida valore uscita unit neuron node"
)
_COPULA = _any(
    "is are be was equals get gets have has find obtain gives? yields? that becomes? compute calculate ist sind haben "
    "erhalten folgt betr[äa]gt lautet ergibt est sont vaut obtient trouve donc es son obtenemos tenemos resulta "
    "entonces [ée] temos obtemos vale [èe] abbiamo otteniamo quindi so then thus hence therefore"
)


class Led(NamedTuple):
    """The subject of a claim without the words before it.

    Attributes:
        place: the name or the formula.
        words: there were some.
        doubt: why the words leave open what is claimed.
        always: they do so whatever its number is, and not only where that is wrong.
    """

    place: Place
    words: bool = False
    doubt: str = ""
    always: bool = False


def led(subject: Place, behind: str = "") -> Led:
    """Take the words before a name, or before a formula, from the subject of a claim.

    Args:
        behind: the text behind the claim.
    """
    start = _start_of_name(subject.text)
    place = subject.within(start, len(subject.text)) if start else subject
    before = _before(place)
    if _WORDS.search(before) is None:
        return Led(place, start > 0, CONDITION if _BEHIND.search(behind) else "")
    clause = "" if before.rstrip()[-1:] in ",:，：" else re.split(r"[,:]\s|[，：]", before)[-1]
    if _OTHER.search(clause):
        return Led(place, start > 0, OTHER, True)
    if _is_open(clause, place.text):
        return Led(place, start > 0, RELATION, True)
    doubtful = _CONDITION.search(before) or _NEGATION.search(clause) or _BEHIND.search(behind)
    doubtful = doubtful or (_OUTPUT.search(clause) and re.match(r"y(?!hat)", place.text))
    return Led(place, start > 0, CONDITION if doubtful else "")


def counts_layers(subject: Place, value: Place, depth: int) -> bool:
    """Whether ``L = 3`` is the number of layers: a whole number that can be it, in a sentence about layers."""
    number = value.text.strip(f" \t$.{JOIN}")
    if subject.text.strip(f" \t{JOIN}") != "L" or number not in (str(depth), str(depth + 1)):
        return False
    behind = value.source.written[value.source.origin(value.end) :][:LONGEST]
    last = _SENTENCE_END.search(behind)
    sentence = _before(subject) + " " + (behind[: last.start()] if last else behind)
    return _LAYER_WORD.search(sentence) is not None and _LOSS_WORD.search(sentence) is None


def _before(place: Place) -> str:
    """What stands before a claim in its sentence, as it was written, without commands of LaTeX."""
    end = place.source.origin(place.start)
    text = place.source.written[max(0, end - LONGEST) : end]
    ends = list(_SENTENCE_END.finditer(text))
    return _COMMAND.sub(" ", text[ends[-1].end() :] if ends else text)


def _start_of_name(text: str) -> int:
    """Where the name begins that is all of a subject but words before it; 0 where there are none."""
    skipped = max(0, len(text) - LONGEST)
    tail = text[skipped:]
    if not _told(tail):
        return 0
    for match in _START.finditer(tail):
        rest, before = tail[match.start() :], tail[: match.start()].split()
        if not before or not _told(" ".join(before)):
            continue
        if is_one_name(rest) and (_told(before[-1]) or function_named(before[-1]) or before[-1][-1] in ":)"):
            return skipped + match.start() if _is_name(rest) else 0
        if _told(before[-1]) and not _told(rest) and _FORMULA.fullmatch(rest):
            return skipped + match.start()
    return 0


def _told(text: str) -> bool:
    """Whether there are words of a language in a text."""
    return words(text) > 0 or _FOREIGN_WORD.search(text) is not None


def _is_name(text: str) -> bool:
    bare = text.strip(f" \t\n{JOIN}")
    return len(bare) == 1 or _NAMELY.search(bare) is not None or bare.lower() in WORDS


def _is_open(clause: str, name: str) -> bool:
    """Whether the words of a clause may mean something else than the name behind them."""
    last = (clause.split() or [""])[-1]
    if re.search(r"[d∂∇Δδ]|delta|nabla", name):
        return False
    if _GRADIENT.search(clause) and (_PREPOSITION.fullmatch(last) or _is_parameter(name)):
        return True
    if _PREPOSITION.fullmatch(last):
        return not _SAME.search(clause)
    if function_named(last):
        return True
    is_input = name.strip(f" {JOIN}")[:1] in "xazi"
    return _RELATION.search(clause) is not None and not _COPULA.fullmatch(last) and not is_input


def _is_parameter(name: str) -> bool:
    return re.match(rf"[{_S}]*[Wwb]", name) is not None
