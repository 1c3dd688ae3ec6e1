"""What a page gets: the answer to each kind of question of ``questions``.

``tools/typescript.py`` writes ``web/src/records.ts`` from these two modules. A name within an answer is its text in the
notation of the question.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from pydantic import Field

from chainrule.auditing.records import Verdict
from chainrule.explanation.walk import Phase
from chainrule.network.names import Notation
from chainrule.render.blocks import visible
from chainrule.render.json import record
from chainrule.view import questions as asked
from chainrule.view.blocks import DocumentBlock, EquationBlock, PageData, Parts
from chainrule.view.states import NetworkState

LONGEST_MESSAGE = 1000
MaybeNumber: TypeAlias = float | None  # null where it is not finite, which JSON cannot say


def one_line(message: str) -> str:
    """A message as one line with nothing in it that a terminal or a browser obeys, not too long."""
    line = " ".join(visible(message).split())
    return line if len(line) <= LONGEST_MESSAGE else f"{line[:LONGEST_MESSAGE]}…"


def refusal(message: str) -> dict[str, Any]:
    """What is sent in place of an answer: ``{"kind": "error", "message": one line}``."""
    return record("error", {"message": one_line(message)})


# ---------------------------------------------------------------- the drawing


class DrawnPlace(PageData):
    """Where a quantity is drawn; ``unit`` and ``from`` are null for a whole vector or matrix."""

    part: Literal["pre", "act", "bias", "weight", "target", "loss", "crossing"]
    layer: int
    unit: int | None
    from_: int | None = Field(serialization_alias="from")


class DrawnNumber(PageData):
    """A number under its name; its derivative of the loss, under its own, is null for a target and the loss."""

    name: str
    unit: int
    value: MaybeNumber
    gradient: MaybeNumber
    gradient_name: str | None


class DrawnUnit(PageData):
    """A unit and what it adds to what is asked; an input has an activation alone."""

    unit: int
    adds: MaybeNumber
    act: DrawnNumber
    pre: DrawnNumber | None
    bias: DrawnNumber | None


class OtherUnits(PageData):
    """The units of a layer that are not drawn: how many, what they add together, and the one that adds most."""

    count: int
    adds: MaybeNumber
    largest: MaybeNumber


class DrawnLayer(PageData):
    """The units of a layer that are drawn, and the others; layer 0 is the input, which has no activation."""

    layer: int
    size: int
    activation: str | None
    units: list[DrawnUnit]
    rest: OtherUnits | None


class DrawnWeight(DrawnNumber):
    """A weight, from a unit of the layer before to a unit of its own layer."""

    from_: int = Field(serialization_alias="from")
    to: int


class OtherWeights(PageData):
    """What the units that are not drawn add to the pre-activation of one that is."""

    to: int
    adds: MaybeNumber


class DrawnWeights(PageData):
    """The weights between two layers; the largest by size are those of the whole matrix, drawn or not."""

    layer: int
    largest: MaybeNumber
    largest_gradient: MaybeNumber
    edges: list[DrawnWeight]
    rest: list[OtherWeights]


class OutputSlope(PageData):
    """The derivative of a prediction by a pre-activation of the last layer."""

    from_: int = Field(serialization_alias="from")
    to: int
    name: str
    value: MaybeNumber


class DescentSoFar(PageData):
    """The loss at the start and after each step of gradient descent, and the step that is looked at."""

    now: int
    losses: list[MaybeNumber]


class RuleChoices(PageData):
    """The rules that may be chosen."""

    hidden: list[str]
    output: list[str]
    loss: list[str]


class SceneAnswer(PageData):
    """All that is drawn. ``whole``: no unit is left out. ``lines``: of the worksheet that was opened.

    ``network`` tells how this network came about.
    """

    title: str
    note: str
    notation: Notation
    sizes: list[int]
    hidden: list[str]
    output: str
    loss: str
    parameters: int
    learning_rate: float
    whole: bool
    layers: list[DrawnLayer]
    weights: list[DrawnWeights]
    crossing: list[OutputSlope]
    targets: list[DrawnNumber]
    L: DrawnNumber
    descent: DescentSoFar
    network: NetworkState
    choices: RuleChoices
    lines: list[str]


# ---------------------------------------------------------------- walking and asking


class WalkStep(PageData):
    """An equation: what it gives and where, what it means in a sentence, and with the network's numbers."""

    phase: Phase
    stage: str
    means: str
    name: str
    gives: DrawnPlace
    is_gradient: bool
    block: EquationBlock


class WalkAnswer(PageData):
    """Every equation in the order in which it is applied."""

    steps: list[WalkStep]


class ExplainAnswer(PageData):
    """Where a quantity comes from. ``paths``: its paths to the loss can be asked for."""

    name: str
    value: MaybeNumber | list[Any]
    blocks: list[DocumentBlock]
    highlights: list[DrawnPlace]
    paths: bool


class DrawnPath(PageData):
    """A path: its nodes as text, as LaTeX and as places; the derivative along each edge, and their product."""

    nodes: list[str]
    latex: list[str]
    stops: list[DrawnPlace]
    factors: list[MaybeNumber]
    product: MaybeNumber


class PathsAnswer(PageData):
    """The largest paths from a number to the loss, how many there are, and the sum of all."""

    quantity: str
    latex: str
    total: MaybeNumber
    count: int
    paths: list[DrawnPath]


class CurveAnswer(PageData):
    """A curve: ``of`` over ``over`` at the points ``x`` and ``y``, and its tangent where the network is.

    ``at`` and ``value`` are that point, ``slope`` is the derivative there; null for a target. ``rule`` is the curve's.
    """

    over: str
    of: str
    rule: str
    x: list[float]
    y: list[MaybeNumber]
    at: float
    value: MaybeNumber
    slope: MaybeNumber


class LineFault(PageData):
    """The mistake that a line most probably makes: its id, the wrong equation and the one due, as LaTeX or ""."""

    id: str
    wrong: str
    right: str


class AuditedLine(PageData):
    """A line with its verdict. ``asks``: a gradient whose paths explain it; ``part_messages``: of its single parts."""

    number: int
    text: str
    verdict: Verdict
    message: str
    part_messages: list[str]
    root: int | None
    fault: LineFault | None
    highlights: list[DrawnPlace]
    asks: str | None


class AuditAnswer(PageData):
    """The audit of some lines; the remarks are about the sheet as a whole."""

    summary: Parts
    remarks: list[str]
    lines: list[AuditedLine]


class SheetAnswer(PageData):
    """A worksheet as its text."""

    text: str


class MovedAnswer(PageData):
    """The network that the page shows now: the step of gradient descent, of how many, and the loss."""

    now: int
    steps: int
    L: MaybeNumber
    network: NetworkState


#: the answer to each kind of question
ANSWERS: dict[type[asked.PageQuestion], type[PageData]] = {
    asked.SceneQuestion: SceneAnswer, asked.WalkQuestion: WalkAnswer, asked.ExplainQuestion: ExplainAnswer,
    asked.PathsQuestion: PathsAnswer, asked.CurveQuestion: CurveAnswer,
    asked.AuditQuestion: AuditAnswer, asked.SheetQuestion: SheetAnswer,
    asked.ChangeQuestion: MovedAnswer, asked.DescendQuestion: MovedAnswer, asked.RewindQuestion: MovedAnswer,
    asked.RestoreQuestion: MovedAnswer, asked.OpenQuestion: MovedAnswer, asked.ExerciseQuestion: MovedAnswer,
}  # fmt: skip
