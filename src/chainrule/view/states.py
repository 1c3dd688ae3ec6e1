"""What was done to the network that was opened, as records, which a page keeps and sends again."""

from __future__ import annotations

import hashlib
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from chainrule.sheets.writing.inputs import LARGEST
from chainrule.view.subject import Subject

Text = Annotated[str, Field(max_length=LARGEST)]
NameText = Annotated[str, Field(max_length=60)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
DIGEST = 12  # hexadecimal digits that tell networks apart


class PageRecord(BaseModel):
    """What a page sends: nothing but its own fields, each of its own type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class NetworkChange(PageRecord):
    """Other numbers (by name) or other rules; null leaves a rule as it is."""

    values: Annotated[dict[NameText, Finite], Field(max_length=10_000)] = {}
    hidden: Annotated[list[NameText], Field(max_length=100)] | None = None
    output: NameText | None = None
    loss: NameText | None = None

    def and_then(self, later: NetworkChange) -> NetworkChange:
        """Both as one change; the names of their values are spelled alike."""
        return NetworkChange(
            values=self.values | later.values, hidden=later.hidden or self.hidden,
            output=later.output or self.output, loss=later.loss or self.loss,
        )  # fmt: skip


class Steps(PageRecord):
    """Steps of gradient descent at one learning rate."""

    count: Annotated[int, Field(ge=1, le=100_000)]
    learning_rate: Finite


class Stretch(PageRecord):
    """A change, and the steps of gradient descent that were taken from there."""

    change: NetworkChange
    steps: Annotated[list[Steps], Field(max_length=1000)] = []


class OpenedSheet(PageRecord):
    """A worksheet that was opened on the page."""

    text: Text
    file: Annotated[str, Field(max_length=200)] = "worksheet"


class NetworkState(PageRecord):
    """A network by its history: what was opened, what was done to it, the step of the last stretch that is looked at.

    ``sheet`` is null for what the program was started with; ``of`` is the digest of what was opened, or "".
    """

    sheet: OpenedSheet | None = None
    of: Annotated[str, Field(max_length=DIGEST)] = ""
    stretches: Annotated[list[Stretch], Field(max_length=1000)] = []
    step: Annotated[int, Field(ge=0)] = 0


def digest(subject: Subject) -> str:
    """What tells the network and the example of a subject from others."""
    net = subject.network
    found = hashlib.sha256(repr((net.sizes, net.hidden, net.output, net.loss, net.reduction)).encode())
    for array in (net.flat, subject.x, subject.targets):
        found.update(b"" if array is None else array.astype(float).tobytes())
    return found.hexdigest()[:DIGEST]
