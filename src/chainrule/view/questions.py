"""What a page may ask: each kind of question with its limits. Questions come from strangers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from chainrule.errors import InputError
from chainrule.network.names import Notation
from chainrule.sheets.writing.inputs import LARGEST

Text = Annotated[str, Field(max_length=LARGEST)]
NameText = Annotated[str, Field(max_length=60)]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class PageQuestion(BaseModel):
    """A question of a page: nothing but its own fields, each of its own type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class SceneQuestion(PageQuestion):
    """The drawing; of wide layers the units that matter for ``focus``."""

    kind: Literal["scene"]
    notation: Notation = "textbook"
    focus: NameText | None = None


class WalkQuestion(PageQuestion):
    """Every equation in its order."""

    kind: Literal["walk"]
    notation: Notation = "textbook"


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


class AuditQuestion(PageQuestion):
    """The verdict of each line of somebody's derivation."""

    kind: Literal["audit"]
    text: Text


class SheetQuestion(PageQuestion):
    """These lines as a worksheet, under a header with this network."""

    kind: Literal["sheet"]
    text: Text


class ChangeQuestion(PageQuestion):
    """Other numbers (by name) or other rules."""

    kind: Literal["change"]
    values: Annotated[dict[NameText, Finite], Field(max_length=10_000)] = {}
    hidden: Annotated[list[NameText], Field(max_length=100)] | None = None
    output: NameText | None = None
    loss: NameText | None = None


class DescendQuestion(PageQuestion):
    """Steps of gradient descent from here."""

    kind: Literal["descend"]
    steps: Annotated[int, Field(ge=1, le=1000)]
    learning_rate: Finite


class RewindQuestion(PageQuestion):
    """Back to a step of gradient descent; 0 is the start."""

    kind: Literal["rewind"]
    step: Annotated[int, Field(ge=0)]


class OpenQuestion(PageQuestion):
    """Another worksheet, given as its text."""

    kind: Literal["open"]
    text: Text
    file: Annotated[str, Field(max_length=200)] = "worksheet"


class ExerciseQuestion(PageQuestion):
    """An exercise with a network of this shape."""

    kind: Literal["exercise"]
    ask: Literal["all", "forward", "backward", "update", "one"] = "all"
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 7
    digits: Annotated[int, Field(ge=1, le=12)] = 4
    notation: Notation = "textbook"


Question = Annotated[
    SceneQuestion | WalkQuestion | ExplainQuestion | PathsQuestion | AuditQuestion | SheetQuestion | ChangeQuestion
    | DescendQuestion | RewindQuestion | OpenQuestion | ExerciseQuestion,
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
