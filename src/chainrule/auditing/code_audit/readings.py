"""The ways to take what came back of a stranger's code."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.auditing.code import audit_arrays
from chainrule.auditing.code_audit.own_steps import other_steps
from chainrule.auditing.code_audit.penalties import OwnLoss, OwnPenalty, found_penalty
from chainrule.auditing.report.document import Audit
from chainrule.errors import InputError
from chainrule.gradcheck.code.calls import CodeRun, CodeRuns
from chainrule.gradcheck.code.drawn import CodeCase
from chainrule.gradcheck.code.returned import CodeSet
from chainrule.gradcheck.given.containers import TakenApart
from chainrule.gradcheck.given.reader import read_gradients
from chainrule.network.arrays import Array
from chainrule.network.names import Name
from chainrule.network.network import Network


@dataclass(frozen=True, eq=False)
class CodeReading:
    """One way to take what came back: a layout, a part of what was returned, a network that may be meant.

    Attributes:
        in_out: how its gradients of weights lie, where that is known and no shape says it.
        penalty: what the loss that it returns has beside the network's.
    """

    run: CodeRun
    part: int
    network: Network
    in_out: bool | None = None
    penalty: OwnPenalty | None = None

    def found(self, cases: Sequence[CodeCase]) -> Iterator[tuple[int, CodeSet]]:
        """Its part of what came back, by the place of each case."""
        for at, result in enumerate(self.run.results[: len(cases)]):
            if not isinstance(result, str) and self.part < len(result):
                yield at, result[self.part]

    def case(self, case: CodeCase) -> CodeCase:
        """A case as the code had it, under this network's rules."""
        case = case if self.run.biased else case.unbiased
        own, like = case.network, self.network
        network = Network(own.weights, own.biases, like.hidden, like.output, like.loss, like.reduction)
        return replace(case, network=network)

    def audit(self, case: CodeCase, part: CodeSet, tolerance: float | None, *, causes: bool = False) -> Audit:
        """The audit of one result; values of its forward pass go along where an array is wrong.

        Raises:
            InputError: what came back cannot be read.
        """
        case = self.case(case)
        rate = self.rate(case, part.taken) if part.kind == "steps" else None
        x, y = self.examples(case)
        is_square = all(W.shape[0] == W.shape[1] for W in case.network.weights)

        def audit(forward: TakenApart | None, causes: bool) -> Audit:
            return audit_arrays(
                case.network, x, y, part.taken, forward=forward, learning_rate=rate, tolerance=tolerance, causes=causes,
                added=self._added(case), in_out=self.in_out if is_square else None,
            )  # fmt: skip

        found = audit(None, False)
        if not found.ok and part.forward is not None:
            with contextlib.suppress(InputError):
                return audit(part.forward, causes)
        return audit(None, True) if causes and not found.ok else found

    def examples(self, case: CodeCase) -> tuple[Any, Any]:
        """x and y as the code had them."""
        return (case.x[0], case.y[0]) if self.run.single else (case.x, case.y)

    def may_fit(self, case: CodeCase, part: CodeSet) -> bool:
        """Whether the numbers of any array are those of a gradient, in any order and times any factor."""
        b = self.case(case).network.backward(*self.examples(case))
        layers = [(W.ravel(), np.ravel(c)) for W, c in zip(b.grad_W, b.grad_b, strict=True)]
        dues = [*(array for layer in layers for array in layer), *map(np.concatenate, layers), b.flat]
        given = [_in_order(leaf.value) for leaf in part.taken.leaves if leaf.value.size > 1]
        return any(
            one.size == due.size and np.allclose(one, _in_order(due), 1e-3, 1e-6) for one in given for due in dues
        )

    def loss(self, case: CodeCase) -> float:
        """L, with the penalty."""
        case = self.case(case)
        plain = float(case.network.backward(*self.examples(case)).L)
        return plain if self.penalty is None else plain + self.penalty.value(case.network, self._count(case))

    def rate(self, case: CodeCase, given: TakenApart) -> float | None:
        """The rate of a step, by the size of its last weights."""
        due = case.network.backward(*self.examples(case)).grad_W[-1]
        steps = [leaf.value for leaf in given.leaves if leaf.value.size == due.size and leaf.name.startswith("W")]
        size = float(np.linalg.norm(due))
        return float(np.linalg.norm(steps[-1])) / size if steps and size else None

    def with_penalty(self, cases: Sequence[CodeCase]) -> CodeReading | None:
        """The same with the penalty that the losses show; None where they show none."""
        losses = [
            OwnLoss(self.case(cases[at]).network, self._count(cases[at]), part.loss, self.loss(cases[at]))
            for at, part in self.found(cases) if part.loss is not None
        ]  # fmt: skip
        found = found_penalty(losses)
        return None if found is None else replace(self, penalty=found)

    def other_steps(self, cases: Sequence[CodeCase]) -> list[str]:
        """What is said of weights that take other steps than their gradients say, in the first case that shows it."""
        for at, part in self.found(cases):
            result = self.run.results[at]
            steps = [one.taken for one in result if not isinstance(one, str) and one.kind == "steps"]
            if part.kind == "steps" or not steps or self.run.in_out is None:
                return []
            case = self.case(cases[at])
            given = read_gradients(case.network.backward(*self.examples(case)), part.taken, added=self._added(case))
            if said := list(other_steps(case.network, given, steps[0], self.run.in_out)):
                return said
        return []

    def _count(self, case: CodeCase) -> int:
        return 1 if self.run.single else len(case.x)

    def _added(self, case: CodeCase) -> dict[Name, Array]:
        return {} if self.penalty is None else self.penalty.gradients(case.network, self._count(case))


def _in_order(value: Array) -> Array:
    sizes = np.sort(np.abs(value), axis=None)
    return np.asarray(sizes / (sizes[-1] or 1.0))


def lie_across(run: CodeRun, part: int, cases: Sequence[CodeCase]) -> bool | None:
    """Whether shapes say that gradients of W lie across its W; None where none says anything."""
    for case, result in zip(cases, run.results, strict=False):
        if run.in_out is None or isinstance(result, str) or part >= len(result):
            continue
        shapes = {leaf.value.shape for leaf in result[part].taken.leaves}
        for W in case.network.weights:
            shape = W.shape[::-1] if run.in_out else W.shape
            if 1 not in shape and shape[0] != shape[1] and (shape in shapes) != (shape[::-1] in shapes):
                return shape[::-1] in shapes
    return None


def readings(runs: CodeRuns, networks: Sequence[Network], cases: Sequence[CodeCase]) -> Iterator[CodeReading]:
    """Every way to take what came back, the likeliest first."""
    for run in sorted(runs.runs, key=lambda run: run.single):
        for part in range(max(len(result) for result in run.results if not isinstance(result, str))):
            across = lie_across(run, part, cases)
            in_out = run.in_out if run.in_out is None or not across else not run.in_out
            yield from (CodeReading(run, part, network, in_out) for network in networks)
