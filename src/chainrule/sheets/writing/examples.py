"""Which example a line is about, by the words above it: ``Example 2:``, ``the second training example``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from chainrule.system.patterns import regex

_WORD = (
    r"(?:example|sample|pattern|instance|data[\s-]?point|observation|Beispiel|Muster|exemple|échantillon|ejemplo|"
    r"muestra|exemplo|amostra|esempio|campione)"
)
_ORDINALS = ("first", "second", "third", "fourth", "fifth")
_COUNTED = regex(
    rf"(?<![^\W\d_]){_WORD}\s*(?:no\.?|number|nr\.?|#)?\s*\(?\s*([1-9][0-9]?)(?![0-9.]*[0-9]|\s*[-+*/=])"
    rf"|(?<![^\W\d_])({'|'.join(_ORDINALS)})\s+(?:training\s+|input\s+|data\s+)?{_WORD}(?![^\W\d_])",
    re.IGNORECASE,
)
_ALL = regex(
    rf"(?<![^\W\d_])(?:both|all|averag\w*|mean|batch|total|sum(?:med)?|together|epoch|summary)(?![^\W\d_])|{_WORD}s(?![a-z])",
    re.IGNORECASE,
)  # fmt: skip


def examples_told(lines: Sequence[str]) -> list[int]:
    """For each line the number of the example that it or the last words above it speak of; 0 where none do.

    >>> examples_told(["Example 1:", "yhat = 0.5", "Example 2", "yhat = 0.4", "The mean over all examples:", "L = 1"])
    [1, 1, 2, 2, 0, 0]
    """
    found, now = [], 0
    for line in lines:
        counted = list(_COUNTED.finditer(line))
        if counted:
            last = counted[-1]
            now = int(last[1]) if last[1] else _ORDINALS.index(last[2].lower()) + 1
        elif now and _ALL.search(line):
            now = 0
        found.append(now)
    return found
