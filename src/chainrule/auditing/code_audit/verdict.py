"""One verdict over all networks on which a stranger's code was tried."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from chainrule.auditing.code import upheld
from chainrule.auditing.code_audit.question import CodeQuestion
from chainrule.auditing.code_audit.readings import CodeReading, lie_across, readings
from chainrule.auditing.records import ACCEPTED
from chainrule.auditing.report.document import Audit
from chainrule.auditing.report.tried import CodeAudit, TriedCase
from chainrule.errors import InputError
from chainrule.gradcheck.code.calls import CodeRuns
from chainrule.gradcheck.code.drawn import CodeCase
from chainrule.gradcheck.code.returned import CodeSet
from chainrule.network.network import Network

EXPLAINED = 2  # wrong networks of which the cause is looked for, until one has it


@dataclass(frozen=True, eq=False)
class _Best:
    """The reading that fits best so far: (a usual case, right, its loss too, arrays that are right)."""

    rank: tuple[bool, bool, bool, int]
    reading: CodeReading
    done: bool = False


def judged(runs: CodeRuns, cases: Sequence[CodeCase], networks: Sequence[Network], question: CodeQuestion) -> CodeAudit:
    """One verdict over all cases, under the reading that fits best.

    Raises:
        InputError: nothing that came back can be read; an activation that has to be said.
    """
    if question.finds_hidden and any(run.fed for run in runs.runs):
        due = f"the activation of the hidden layers: {runs.title} is given forward values"
        raise InputError("hidden", due, "none")
    best = _best(runs, cases, networks, question)
    if question.finds_hidden and not best.rank[1]:
        with suppress(InputError):
            other = _best(runs, cases, list(question.others()), question, screened=True)
            best = other if other.rank > best.rank else best
    verdicts = [
        _verdict(runs.title, reading, cases, networks[0], question) for reading in _alike(best, cases, question)
    ]
    found = min(verdicts, key=_mistakes)
    if question.finds_hidden and not (best.rank[1] or best.rank[3] or _names_a_cause(found.audit)):
        what = "the activations of the hidden layers" + (" and the output" if question.output is None else "")
        due = f"{what}: with none of the usual ones is any of its arrays right, and no known mistake gives them"
        raise InputError("hidden", due, "none")
    return found


def _best(
    runs: CodeRuns, cases: Sequence[CodeCase], networks: Sequence[Network], question: CodeQuestion,
    *, screened: bool = False,
) -> _Best:  # fmt: skip
    """The reading that fits best; ``screened``: among those alone under which any array may be right.

    Raises:
        InputError: none can be read.
    """
    best: _Best | None = None
    refused: list[InputError] = []
    read: dict[int, int] = {}  # run -> the part of what it returned that could be read
    for reading in readings(runs, networks, cases):
        if reading.run.single and best is not None and best.rank[0] and not best.reading.run.single:
            break  # what takes several examples is judged by them
        for at, part in reading.found(cases):
            if part.kind == "returned" and read.get(id(reading.run), reading.part) != reading.part:
                break
            own = reading
            if screened and not reading.may_fit(cases[at], part):
                break
            try:
                said = part.loss is not None and _is_near(part.loss, own.loss(cases[at]))
                if part.loss is not None and not said and (other := own.with_penalty(cases)) is not None:
                    own, said = other, True
                found = own.audit(cases[at], part, question.tolerance)
            except InputError as error:
                refused.append(error)
                continue
            is_usual = at < len(cases) - 1
            if part.kind == "returned" and is_usual:
                read[id(reading.run)] = reading.part
            rank = (is_usual, found.ok, said, sum(line.verdict in ACCEPTED for line in found.lines))
            if best is None or rank > best.rank:
                best = _Best(rank, own)
            if is_usual and found.ok and (said or part.loss is None):
                return best
            break
    if best is None:
        if not refused:
            raise InputError(runs.title, "gradients", "none")
        raise InputError(f"{runs.title}: {refused[0].quantity}", refused[0].expected, refused[0].got)
    return best


def _alike(best: _Best, cases: Sequence[CodeCase], question: CodeQuestion) -> Iterator[CodeReading]:
    """A reading, and where arrays are wrong that with the other reduction, if as many are right under it."""
    reading, like = best.reading, best.reading.network
    yield reading
    if best.rank[1] or question.reduction is not None:
        return
    with suppress(InputError):
        network = Network(
            like.weights,
            like.biases,
            like.hidden,
            like.output,
            like.loss,
            "sum" if like.reduction == "mean" else "mean",
        )
        at, part = next(reading.found(cases))
        other = replace(reading, network=network)
        found = other.audit(cases[at], part, question.tolerance)
        if sum(line.verdict in ACCEPTED for line in found.lines) == best.rank[3]:
            yield other


def _mistakes(audit: CodeAudit) -> tuple[bool, int]:
    """Whether no cause is named, and how many mistakes together are."""
    first = audit.first_wrong
    return not _names_a_cause(audit.audit), 0 if first is None else first.message.count("; and ")


def _penalised(
    reading: CodeReading, found: CodeAudit, cases: Sequence[CodeCase], usual: Network, question: CodeQuestion
) -> CodeAudit | None:
    """The verdict with the penalty that right code has of itself; None where it has none that is known."""
    run = reading.run
    if not found.ok or not run.penalised:
        return None
    own = replace(reading, run=replace(run, results=run.penalised, penalised=(), switched_off=())).with_penalty(cases)
    return None if own is None else _verdict(found.title, own, cases, usual, question)


def _verdict(
    title: str, reading: CodeReading, cases: Sequence[CodeCase], usual: Network, question: CodeQuestion
) -> CodeAudit:
    """The audits of all cases; of the last, where one size is all over, if no other can be read.

    Raises:
        InputError: that one does not say why.
    """
    tried: list[TriedCase] = []
    losses: list[tuple[float, float]] = []
    wrong: list[tuple[CodeCase, CodeSet]] = []
    refused: list[InputError] = []
    parts = dict(reading.found(cases))
    for at, (case, result) in enumerate(zip(cases, reading.run.results, strict=False)):
        is_last = at == len(cases) - 1
        if result == "" or (is_last and len(refused) < len(tried)):
            continue
        found, words = None, ""
        try:
            if isinstance(result, str):
                words = result
                raise InputError(title, "code that runs", f"{result}, with {reading.run.called}")
            if at not in parts:
                raise InputError(title, "the same arrays for each network", "others for this one")
            found = reading.audit(case, parts[at], question.tolerance)
        except InputError as error:
            refused.append(error)
        n = 1 if reading.run.single else len(case.x)
        tried.append(TriedCase(case.network.sizes, n, found, words or (str(refused[-1]) if found is None else "")))
        if found is not None:
            wrong += [] if found.ok else [(case, parts[at])]
            own = parts[at].loss
            losses += [] if own is None else [(own, reading.loss(case))]
    shown = next(case.audit for case in tried if case.audit is not None)
    for case, part in wrong[:EXPLAINED]:
        shown = reading.audit(case, part, question.tolerance, causes=True)
        if _is_explained(shown):
            of_others = [
                partial(reading.audit, *one, question.tolerance, causes=True) for one in wrong if one[0] is not case
            ]
            shown = upheld(shown, of_others)
            break
    if len(refused) == len(tried) - 1 and tried[0].audit is None and not _is_explained(shown):
        raise refused[0]
    notes = (*_notes(reading, usual, losses), *_assumed(shown, question), *_missing(reading, shown))
    faults = tuple(reading.other_steps(cases)) if shown.ok else ()
    cautions = tuple(_cautions(reading, cases, parts))
    verdict = CodeAudit(title, reading.run.called, tuple(tried), shown, notes, cautions, faults)
    return _penalised(reading, verdict, cases, usual, question) or verdict


def _names_a_cause(audit: Audit) -> bool:
    """Whether a cause of the first wrong array is named."""
    first = audit.first_wrong
    return first is not None and first.mistakes[:1] not in ((), ("inconsistent_with_own_line",))


def _is_explained(audit: Audit) -> bool:
    """Whether of the first wrong array a cause is named, and others are right."""
    return _names_a_cause(audit) and any(line.verdict in ACCEPTED for line in audit.lines)


def _assumed(shown: Audit, question: CodeQuestion) -> Iterator[str]:
    """Of wrong arrays: that another output may be meant, where nobody has said which."""
    if question.output is None and not shown.ok:
        yield "Its output is not said: of the usual ones that is taken under which most is right"


def _cautions(reading: CodeReading, cases: Sequence[CodeCase], parts: Mapping[int, CodeSet]) -> Iterator[str]:
    """What a verdict alone would hide."""
    run = reading.run
    if run.switched_off:
        yield f"it is called with {', '.join(run.switched_off)}: what it does with another value is not checked"
    if reading.penalty is not None:
        own = f"the loss that it returns has a penalty, {reading.penalty.words}"
        yield f"{own}, so that {reading.penalty.derivative} is due in its gradients; below it is taken out of them"
    if any(part.kind == "steps" for part in parts.values()):
        yield "what is judged is how far its weights moved"
    elif lie_across(run, reading.part, cases):
        own, other = ("(in, out)", "(out, in)") if run.in_out else ("(out, in)", "(in, out)")
        yield f"its gradients of W lie across its W: these are {own}, the gradients {other}"


def _notes(reading: CodeReading, usual: Network, losses: Sequence[tuple[float, float]]) -> Iterator[str]:
    network = reading.network
    if network.hidden != usual.hidden:
        own = list(map(str, network.hidden))
        same = len(set(own)) == 1
        yield f"Its hidden activation{' is' if same else 's are'} {', '.join(own[:1] if same else own)}"
    if network.output != usual.output:
        yield f"Its output is {network.output}"
    if network.loss != usual.loss:
        yield f"Its loss is {network.loss}"
    if network.reduction != usual.reduction:
        yield "Its loss is the sum over the examples"
    if reading.run.single:
        yield "It takes one example at a time: with several at once what it returns has other shapes"
    if not reading.run.biased:
        yield "It is given no biases: those of the networks are 0"
    off = [(own, due) for own, due in losses if not _is_near(own, due)]
    if off:
        yield f"The number beside its gradients is {off[0][0]:.6g}; the loss is {off[0][1]:.6g}"


def _missing(reading: CodeReading, shown: Audit) -> Iterator[str]:
    """Gradients that it does not give: nothing is said of them."""
    given, symbols = {line.name for line in shown.lines}, "Wb" if reading.run.biased else "W"
    names = [f"dL/d{symbol}_{i}" for i in range(1, reading.network.depth + 1) for symbol in symbols]
    if missing := [name for name in names if name not in given]:
        yield f"It gives no {', '.join(missing)}"


def _is_near(own: float, due: float) -> bool:
    return abs(own - due) <= 1e-4 * abs(due)
