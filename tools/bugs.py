"""Write docs/bugs.md: what ``audit_gradients`` says of each kind of bug of ``trials.bugs``.

python tools/bugs.py
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from trials.bugs.__main__ import outcome  # noqa: E402
from trials.bugs.kinds import KINDS, SOURCES  # noqa: E402

PAGE = ROOT / "docs" / "bugs.md"
LONGEST = 160  # characters of a saying

INTRODUCTION = """# Bugs of backward passes, and what is said of them

Each row is a kind of bug that people report, re-expressed as one changed step of a backward pass in NumPy
(`trials/bugs`), with the first wrong array that `audit_gradients` finds in one drawn network and the cause that it
names. Several causes that fit are separated by "or". The footnotes say what kind of report a bug is known from.
`python -m trials.bugs` draws each kind in several networks, checks also that no cause is named for random arrays, and
prints the shares. This page is written by `python tools/bugs.py`.

"""


def said(text: str) -> str:
    """What is said, for one cell of a table."""
    short = " or ".join(text.split(" | "))
    short = short if len(short) <= LONGEST else short[: LONGEST - 1].rstrip() + "…"
    return short.replace("|", "\\|")


def page() -> str:
    """The page."""
    rows = ["| kind | in code | what is said | source |", "|---|---|---|---|"]
    for kind in KINDS:
        one = outcome(kind, 0, 0)
        code = kind.words.replace("|", "\\|")
        rows.append(f"| {kind.id} | `{code}` | {said(one.said)} | [^{kind.source}] |")
    used = {kind.source for kind in KINDS}
    notes = [f"[^{key}]: {text}." for key, text in SOURCES.items() if key in used]
    return INTRODUCTION + "\n".join(rows) + "\n\n" + "\n".join(notes) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
