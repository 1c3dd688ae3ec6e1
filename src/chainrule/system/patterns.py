"""Regular expressions that are compiled when they are first used: a start needs few of those that a sheet may need."""

from __future__ import annotations

import re
from typing import Any, cast


def regex(text: str, flags: int = 0) -> re.Pattern[str]:
    r"""The regular expression of a text, which compiles itself the first time that it is used.

    >>> number = regex(r"[0-9]+")
    >>> number.findall("W_212 = 0.5"), number.pattern
    (['212', '0', '5'], '[0-9]+')
    """
    return cast("re.Pattern[str]", _Uncompiled(text, flags))


class _Uncompiled:
    """Stands for a pattern, and takes its methods over once it is compiled."""

    def __init__(self, pattern: str, flags: int) -> None:
        self.pattern = pattern
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        compiled = re.compile(self.pattern, self._flags)
        methods = ("match", "fullmatch", "search", "finditer", "findall", "sub", "split")
        self.__dict__.update((method, getattr(compiled, method)) for method in methods)
        return getattr(compiled, name)
