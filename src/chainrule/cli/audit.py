"""``chainrule audit``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from typer import Argument, Exit, Option

from chainrule.cli.output import FORMATS, Json, Standalone, chosen_format, print_record, rendered
from chainrule.cli.shared import check_outputs, worksheet
from chainrule.errors import InputError
from chainrule.system.files import write_whole


def audit(
    file: Annotated[
        str,
        Argument(help="A worksheet, or a notebook with one; - or nothing reads standard input.", show_default=False),
    ] = "",
    form: Annotated[
        str | None, Option("--format", help="text, markdown, latex, html or json; else as --out ends, or text.")
    ] = None,
    explain: Annotated[bool, Option("--explain", help="Derive each wrong line as it should be.")] = False,
    json: Json = False,
    out: Annotated[Path | None, Option(help="File to write; else standard output.")] = None,
    standalone: Standalone = False,
) -> None:
    """Say which line of a worksheet is wrong, and why.

    Exit code 1 if a line is wrong or cannot be read, or if the header's numbers contradict the lines.
    """
    from chainrule.auditing.audit import audit_sheet

    if not file and sys.stdin.isatty():
        raise InputError("FILE", "a worksheet, or a text piped in", "none")
    endings = {ending: name for name, ending in FORMATS.items()}
    usual = "text" if out is None else endings.get(out.suffix.lower(), "text")
    chosen = chosen_format(usual if form is None else form, json)
    check_outputs({"--out": out}, [file] if file not in ("", "-") else [])
    with worksheet(file) as sheet:
        found = audit_sheet(sheet)
        if explain:
            from chainrule.teaching.explained import explained

            found = explained(found, sheet)
        text = rendered("audit", found, chosen, standalone)
    if out is None:
        print_record(text, chosen)
    else:
        write_whole(out, text)
    raise Exit(0 if found.ok else 1)
