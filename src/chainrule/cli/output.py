"""How a command prints its record: as text, Markdown, LaTeX, HTML or JSON, and the options that choose."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Annotated, Any

from typer import Option

from chainrule.errors import unknown
from chainrule.system.streams import drawn, says_all, shown

if TYPE_CHECKING:
    from chainrule.render.document import Rendered

#: name -> ending of a file
FORMATS = {"text": ".txt", "markdown": ".md", "latex": ".tex", "html": ".html", "json": ".json"}

Format = Annotated[str, Option("--format", help="text, markdown, latex, html or json.")]
Json = Annotated[bool, Option("--json", help="The same as --format json.")]
Standalone = Annotated[bool, Option(help="With latex: a document that compiles by itself.")]


def chosen_format(form: str, json: bool) -> str:
    """The format that was asked for.

    Raises:
        InputError: none of ``FORMATS``.
    """
    if form not in FORMATS:
        raise unknown("--format", form, FORMATS, ", ".join(FORMATS))
    return "json" if json else form


def rendered(command: str, record: Rendered, form: str, standalone: bool) -> str:
    """The record in a format, which ends with a newline."""
    if form == "json":
        from chainrule.render.json import to_json

        data: Any = record
        text = to_json(command, data.to_dict())
    elif form == "latex":
        text = record.to_latex(standalone)
    else:
        text = {"text": record.__str__, "markdown": record.to_markdown, "html": record.to_html}[form]()
    return text if text.endswith("\n") else f"{text}\n"


def print_json(text: str) -> None:
    """A JSON text; where standard output lacks characters of it, they are written as JSON escapes them."""
    import json

    print(text if says_all() else re.sub(r"[^\x00-\x7f]+", lambda found: json.dumps(found[0])[1:-1], text))


def print_record(text: str, form: str) -> None:
    """What ``rendered`` gave; in a terminal, the headings of a text stand out."""
    if form == "json":
        print_json(text.removesuffix("\n"))
        return
    if form != "text" or not sys.stdout.isatty():
        print(text, end="")
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(file=drawn(sys.stdout), highlight=False, soft_wrap=True)
    lines = shown(text).removesuffix("\n").split("\n")
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        heading = bool(below) and set(below) <= {"═", "─"}
        console.print(Text(line, style="bold" if heading else ""))
