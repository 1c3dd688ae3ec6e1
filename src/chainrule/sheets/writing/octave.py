"""The signs of Octave and Matlab: ``.*``, ``./`` and ``.^`` entry by entry, and ``'`` for the transpose."""

from __future__ import annotations

from collections.abc import Iterable

from chainrule.formula.plain import JOIN
from chainrule.system.patterns import regex

_ENTRY_BY_ENTRY = regex(r"(?<=[\w)\]}'\s])\.(?P<sign>[*/^])")
_TRANSPOSE = regex(rf"(?<=[\w)\]]{JOIN})'(?!')|(?<=[\w)\]])'(?!')")


def shows_octave(lines: Iterable[str]) -> bool:
    """Whether a sheet has products entry by entry as Octave writes them.

    >>> shows_octave(["delta2 = Theta2'*delta3 .* a2"]), shows_octave(["w1' = 0.3", "3.*2 = 6."])
    (True, False)
    """
    return any(_SHOWN.search(line) is not None for line in lines if "." in line and len(line) < 2_000)


_SHOWN = regex(r"(?<=[A-Za-z_\d)\]'\s])(?<!\d)\.\*(?=[\s(A-Za-z])")


def with_octave(text: str) -> str:
    """A plain text with the signs of formulas for those of Octave; it keeps its length.

    >>> with_octave("Theta2'*delta3 .* a2 .^ 2")
    'Theta2⊤*delta3  ⊙ a2  ^ 2'
    """
    text = _ENTRY_BY_ENTRY.sub(lambda match: " " + {"*": "⊙"}.get(match["sign"], match["sign"]), text)
    return _TRANSPOSE.sub("⊤", text)
