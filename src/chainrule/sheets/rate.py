"""The learning rate that the lines of a sheet give, where its header gives none."""

from __future__ import annotations

import re
from collections.abc import Sequence

_RATE = re.compile(
    r"(?:η|\\eta|learning[ _-]?rate|Lernrate|taxa de aprendizado|taux d.apprentissage"
    r"|(?<![A-Za-z])(?:lr|eta)(?![A-Za-z]))"
    r"\s*(?:[:=≈]|is|of|ist|de|von|est)?\s*\$?\s*(?P<rate>[0-9]*\.?[0-9]+)(?![0-9]*\s*[-+*/])"
)


def rate_in(lines: Sequence[str]) -> float | None:
    """The learning rate that a line gives by its name; None where none does, or where two differ.

    >>> rate_in(["Take the learning rate 0.5.", "w' = w - 0.5*dL/dw = 0.3"])
    0.5
    """
    found = {float(match["rate"]) for line in lines if len(line) < 2_000 for match in _RATE.finditer(line)}
    return found.pop() if len(found) == 1 else None
