"""``chainrule audit``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Exit, Option

from chainrule.cli.output import FORMATS, Json, Standalone, chosen_format, print_record, rendered
from chainrule.cli.shared import check_outputs
from chainrule.errors import InputError
from chainrule.system.files import write_whole

if TYPE_CHECKING:
    from chainrule.auditing.report.document import Audit

LARGEST = 1_000_000  # bytes of standard input


def audit(
    file: Annotated[str, Argument(help="A worksheet with lines; - reads standard input.")],
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
    endings = {ending: name for name, ending in FORMATS.items()}
    usual = "text" if out is None else endings.get(out.suffix.lower(), "text")
    chosen = chosen_format(usual if form is None else form, json)
    check_outputs({"--out": out}, [] if file == "-" else [file])
    found = _read(file)
    if explain:
        found = _explained(found, file)
    text = rendered("audit", found, chosen, standalone)
    if out is None:
        print_record(text, chosen)
    else:
        write_whole(out, text)
    raise Exit(0 if found.ok else 1)


def _explained(found: Audit, file: str) -> Audit:
    from chainrule.sheets.header import read_worksheet
    from chainrule.teaching.explained import explained

    if file == "-":
        raise InputError("--explain", "a file", "standard input")
    return explained(found, read_worksheet(file))


def _read(file: str) -> Audit:
    from chainrule.auditing.audit import audit, audit_text

    if file != "-":
        return audit(file)
    data = sys.stdin.buffer.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise InputError("standard input", f"at most {LARGEST} bytes", "more")
    try:
        return audit_text(data.decode("utf-8-sig"), "standard input")
    except UnicodeDecodeError as error:
        raise InputError("standard input", "text in UTF-8", f"byte {error.start} is not") from None
