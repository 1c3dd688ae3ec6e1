"""Write what the audit says of each sheet in docs/worksheets.md anew, and the names that it lists.

python tools/worksheets.py
"""

import re
import textwrap
from pathlib import Path

import chainrule as cr
from chainrule import InputError
from chainrule.network.activations import ACTIVATIONS

PAGE = Path(__file__).parent.parent / "docs/worksheets.md"
#: a sheet of the page under its name, and what the audit says of it
EXAMPLE = re.compile(r"(<!-- sheet: ([\w -]+) -->\n~~~~markdown\n(.*?)~~~~\n\n)```text\n(.*?)```", re.DOTALL)
WIDTH = 120


def told(sheet: str) -> str:
    """What the audit of a sheet says: how it was read, then each line with its verdict and its message."""
    try:
        audit = cr.audit(sheet)
    except InputError as error:
        return "".join(f"{line}\n" for line in textwrap.wrap(f"error: {error}", WIDTH))
    said = [f"read: {note}" for note in audit.notes]
    said += [f"convention: {convention.words}" for convention in audit.conventions]
    for line in audit.lines:
        text = " ".join(line.text.split())
        said.append(f"{line.number:>3} {line.verdict:<10} {text}" + (f": {line.message}" if line.message else ""))
    return "".join(f"{part}\n" for one in said for part in textwrap.wrap(one, WIDTH, subsequent_indent=" " * 15))


def with_names(page: str) -> str:
    """The page with the names that the table has."""
    return re.sub(r"(?m)^Activations: .*$", f"Activations: {', '.join(f'`{name}`' for name in ACTIVATIONS)},", page)


def with_outputs(page: str) -> str:
    """The page with the names of the activations, and the outputs that its sheets have now."""
    return EXAMPLE.sub(lambda match: f"{match[1]}```text\n{told(match[3])}```", with_names(page))


if __name__ == "__main__":
    PAGE.write_text(with_outputs(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
