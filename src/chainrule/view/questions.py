"""What a page may ask: each kind of question with its limits. Questions come from strangers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from chainrule.errors import InputError
from chainrule.network.names import Notation
from chainrule.view.states import Finite, NameText, NetworkChange, NetworkState, OpenedSheet, PageRecord, Text


class PageQuestion(PageRecord):
    """A question of a page."""


class SceneQuestion(PageQuestion):
    """The drawing; of wide layers the units that matter for ``focus``."""

    kind: Literal["scene"]
    notation: Notation = "textbook"
    focus: NameText | None = None


class WalkQuestion(PageQuestion):
    """Every equation in its order, up to the update by a learning rate: that of the worksheet, where none is given."""

    kind: Literal["walk"]
    notation: Notation = "textbook"
    learning_rate: Finite | None = None


class ExplainQuestion(PageQuestion):
    """Where a quantity comes from."""

    kind: Literal["explain"]
    name: NameText
    notation: Notation = "textbook"


class PathsQuestion(PageQuestion):
    """The paths of a number to the loss."""

    kind: Literal["paths"]
    name: NameText
    notation: Notation = "textbook"
    top: Annotated[int, Field(ge=0, le=50)] = 10


class CurveQuestion(PageQuestion):
    """The loss over one given number, or what a unit gives over its pre-activation."""

    kind: Literal["curve"]
    name: NameText
    notation: Notation = "textbook"


class AuditQuestion(PageQuestion):
    """The verdict of each line of somebody's derivation, about the network that it was written for.

    Without ``about``, that is the network that was shown when there were lines for the first time.
    """

    kind: Literal["audit"]
    text: Text
    about: NetworkState | None = None


class SheetQuestion(PageQuestion):
    """These lines as a worksheet, under a header with the network that they were written for."""

    kind: Literal["sheet"]
    text: Text
    about: NetworkState | None = None


class ChangeQuestion(NetworkChange, PageQuestion):
    """Other numbers (by name) or other rules."""

    kind: Literal["change"]


class DescendQuestion(PageQuestion):
    """Steps of gradient descent from here."""

    kind: Literal["descend"]
    steps: Annotated[int, Field(ge=1, le=1000)]
    learning_rate: Finite


class RewindQuestion(PageQuestion):
    """Back to a step of gradient descent; 0 is the start."""

    kind: Literal["rewind"]
    step: Annotated[int, Field(ge=0)]


class RestoreQuestion(PageQuestion):
    """A network as it was, with all that led to it."""

    kind: Literal["restore"]
    network: NetworkState


class OpenQuestion(OpenedSheet, PageQuestion):
    """Another worksheet, given as its text."""

    kind: Literal["open"]


class ExerciseQuestion(PageQuestion):
    """An exercise with a network of this shape."""

    kind: Literal["exercise"]
    ask: Literal["all", "forward", "backward", "update", "one"] = "all"
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 7
    digits: Annotated[int, Field(ge=1, le=12)] = 4
    notation: Notation = "textbook"


Question = Annotated[
    SceneQuestion | WalkQuestion | ExplainQuestion | PathsQuestion | CurveQuestion | AuditQuestion | SheetQuestion
    | ChangeQuestion | DescendQuestion | RewindQuestion | RestoreQuestion | OpenQuestion | ExerciseQuestion,
    Field(discriminator="kind"),
]  # fmt: skip
_READER: TypeAdapter[Any] = TypeAdapter(Question)


def read_question(data: Any) -> Any:
    """A question as its record.

    Raises:
        InputError: no question of this list, or a part of it that does not fit.
    """
    try:
        return _READER.validate_python(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))[:80]
        raise InputError(f"question {where}".strip(), "one that the page asks", first["msg"].lower()) from None
