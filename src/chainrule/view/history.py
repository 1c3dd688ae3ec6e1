"""What was opened and all that was done to it: changes, and steps of gradient descent that can be rewound."""

from __future__ import annotations

from itertools import groupby

from chainrule.errors import InputError
from chainrule.view.descent import MOST_STEPS, Descent
from chainrule.view.states import NetworkChange, NetworkState, OpenedSheet, Steps, Stretch, digest
from chainrule.view.subject import Subject


class NetworkHistory:
    """A network with all that led to it; each method moves on, or raises an InputError and changes nothing.

    Attributes:
        opened: at its beginning. sheet: the worksheet that it was opened from on the page, or None.
        descent: from the network as it was changed last.
    """

    def __init__(self, opened: Subject, sheet: OpenedSheet | None = None) -> None:
        self.opened, self.sheet, self.descent = opened, sheet, Descent(opened)
        self._digest = digest(opened)
        self._before: list[Stretch] = []
        self._start, self._change = opened, NetworkChange()  # of the last stretch: before its change, and that

    @property
    def subject(self) -> Subject:
        """The network and its example as they are now."""
        return self.descent.subject

    @property
    def state(self) -> NetworkState:
        """It as a record, from which ``replayed`` makes the same network, bit for bit."""
        last = self._stretch(len(self.descent.rates))
        stretches = [*self._before, last] if last.steps or last.change != NetworkChange() else self._before
        return NetworkState(sheet=self.sheet, of=self._digest, stretches=list(stretches), step=self.descent.now)

    def _stretch(self, steps: int) -> Stretch:
        grouped = groupby(self.descent.rates[:steps])
        return Stretch(
            change=self._change, steps=[Steps(count=len(list(same)), learning_rate=rate) for rate, same in grouped]
        )

    def change(self, change: NetworkChange) -> None:
        """Other numbers or rules from here; changes between which no step was taken are one."""
        plain = change.model_copy(update={"values": self.subject.plain_names(change.values)})
        before, start = self._before, self._start
        if self.descent.now:
            before, start = [*before, self._stretch(self.descent.now)], self.subject
        else:
            plain = self._change.and_then(plain)
        descent = Descent(start.changed(plain.values, plain.hidden, plain.output, plain.loss))
        self._before, self._start, self._change, self.descent = before, start, plain, descent


def replayed(opened: Subject, state: NetworkState) -> NetworkHistory:
    """All that a record says, done again to what was opened.

    Raises:
        InputError: what cannot be done to this network, or more steps than one descent may have.
    """
    steps = sum(steps.count for stretch in state.stretches for steps in stretch.steps)
    if steps > MOST_STEPS:
        raise InputError("steps", f"at most {MOST_STEPS} in all", str(steps))
    made = NetworkHistory(opened, state.sheet)
    for stretch in state.stretches:
        made.change(stretch.change)
        for taken in stretch.steps:
            made.descent.descend(taken.count, taken.learning_rate)
    made.descent.rewind(state.step)
    return made
