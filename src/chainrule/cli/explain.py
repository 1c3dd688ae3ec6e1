"""``chainrule explain``, ``chainrule paths`` and ``chainrule graph``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from chainrule.errors import InputError

if TYPE_CHECKING:
    from chainrule.render.document import Rendered

FORMATS = ("text", "markdown", "latex", "html", "json")

File = Annotated[str, typer.Argument(help="A worksheet, or a model file (.safetensors) with --data.")]
Wanted = Annotated[str, typer.Argument(help="A name, such as dL/dW_212, dL/dh_1, dyhat_1/da_21, a_21, L.")]
Data = Annotated[str | None, typer.Option(help="Table for a model.")]
Example = Annotated[list[int] | None, typer.Option(help="Row of DATA, counted from 1; may be repeated.")]
Way = Annotated[str | None, typer.Option(help="textbook or delta; else as the name is written.")]
Format = Annotated[str, typer.Option("--format", help="text, markdown, latex, html or json.")]
Json = Annotated[bool, typer.Option("--json", help="The same as --format json.")]
Standalone = Annotated[bool, typer.Option(help="With latex: a document that compiles by itself.")]


def explain(
    file: File,
    quantity: Wanted,
    data: Data = None,
    example: Example = None,
    examples: Annotated[int, typer.Option(help="Without --example: how many rows.", min=1)] = 1,
    steps_of: Annotated[int | None, typer.Option(help="Of a batch: the example whose steps are shown.")] = None,
    notation: Way = None,
    shortcuts: Annotated[bool, typer.Option(help="Use declared pairs of output and loss, or go the long way.")] = True,
    full: Annotated[bool, typer.Option("--full", help="Every term of long sums, every entry of large arrays.")] = False,
    form: Format = "text",
    standalone: Standalone = False,
    json: Json = False,
) -> None:
    """Explain one quantity: where it comes from, step by step, with its numbers."""
    from chainrule.cli.shared import read_input
    from chainrule.explanation import explain as explained

    form = _format(form, json)
    _need_data(file, data)
    subject = read_input(file, data, example, examples, 0)
    record = explained(
        subject.network, subject.x, subject.y, quantity, notation,  # type: ignore[arg-type]
        sample_weight=subject.sample_weight, shortcuts=shortcuts, full=full, example=steps_of,
    )  # fmt: skip
    _print("explain", record, form, standalone)


def paths(
    file: File,
    quantity: Wanted,
    top: Annotated[int, typer.Option(help="List so many of the largest paths.", min=0)] = 10,
    data: Data = None,
    example: Annotated[int | None, typer.Option(help="Row of DATA or of the worksheet, counted from 1.")] = None,
    notation: Way = None,
    shortcuts: Annotated[bool, typer.Option(help="Take a declared pair of output and loss as one edge.")] = False,
    form: Format = "text",
    standalone: Standalone = False,
    json: Json = False,
) -> None:
    """List the paths from one number of the network to the loss: their sum is the gradient."""
    from chainrule.cli.shared import read_input
    from chainrule.explanation import paths as found

    form = _format(form, json)
    _need_data(file, data)
    subject = read_input(file, data, [example] if example is not None else None, 1, 0)
    record = found(
        subject.network, subject.x, subject.y, quantity, top, notation,  # type: ignore[arg-type]
        sample_weight=subject.sample_weight, shortcuts=shortcuts,
    )  # fmt: skip
    _print("paths", record, form, standalone)


def graph(
    formulas: Annotated[str, typer.Argument(help='Formulas, such as "y1 = x^2; y2 = x^3; z = log(y1/y2)".')],
    of: Annotated[str, typer.Option(help="The derivative, such as dz/dx.")],
    at: Annotated[list[str] | None, typer.Option(help="A value, such as x=2; one for each input.")] = None,
    top: Annotated[int, typer.Option(help="List so many paths; all are counted and summed.", min=1)] = 20,
    form: Format = "text",
    standalone: Standalone = False,
    json: Json = False,
) -> None:
    """The chain rule in a graph of formulas: every path with its product, and their sum."""
    from chainrule.explanation import Graph

    form = _format(form, json)
    values = [_value(text) for text in at or []]
    if len({name for name, _ in values}) < len(values):
        raise InputError("--at", "one value for each variable", ", ".join(at or []))
    _print("graph", Graph(formulas).derivative(of, dict(values), top), form, standalone)


def _need_data(file: str, data: str | None) -> None:
    if file.endswith(".safetensors") and data is None:
        raise InputError("--data", "a table with the example to explain", "none")


def _value(text: str) -> tuple[str, float]:
    name, _, number = text.partition("=")
    try:
        return name.strip(), float(number)
    except ValueError:
        raise InputError("--at", "a value such as x=2", repr(text)) from None


def _format(form: str, json: bool) -> str:
    if form not in FORMATS:
        raise InputError("--format", ", ".join(FORMATS), repr(form))
    return "json" if json else form


def _print(kind: str, record: Rendered, form: str, standalone: bool) -> None:
    if form == "json":
        from chainrule.render.json import to_json

        data: Any = record
        print(to_json(kind, data.to_dict()))
    elif form == "text":
        _print_text(str(record))
    else:
        latex = record.to_latex(standalone) if form == "latex" else ""
        print(latex or (record.to_markdown() if form == "markdown" else record.to_html()), end="")


def _print_text(text: str) -> None:
    """In a terminal, headings stand out; in a file or a pipe, the text as it is."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    lines = text.split("\n")
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        heading = bool(below) and set(below) <= {"═", "─"}
        console.print(Text(line, style="bold" if heading else ""))
