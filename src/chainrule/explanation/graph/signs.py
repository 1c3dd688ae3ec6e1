"""Signs that take what stands next to them: roots without brackets, and upright bars that stand twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from chainrule.errors import InputError
from chainrule.explanation.graph.tokens import Lexeme, shown

#: a root -> the function, and how often it is taken
ROOTS = {"√": ("sqrt", 1), "∛": ("cbrt", 1), "∜": ("sqrt", 2)}
_CLOSED = {"(": ")", "[": "]", "|": "|", "||": "||", "‖": "‖"}


def with_brackets(formula: str, words: list[Lexeme]) -> list[Lexeme]:
    """The words with brackets around what each root is of: a root takes the next factor, √2*x is √(2)*x.

    Raises:
        InputError: nothing stands behind a root that it could take; a power behind it, which may belong inside.
    """
    if not any(word.kind == "sign" and word.text in ROOTS for word in words):
        return words
    found: list[Lexeme] = []  # from the end, where the brackets of what stands behind are there already
    for place in range(len(words) - 1, -1, -1):
        word = words[place]
        if word.kind != "sign" or word.text not in ROOTS:
            found.append(word)
            continue
        rest = found[::-1]
        size = _size(rest)
        if not size:
            raise _unreadable(formula, word, f"a number, a name or brackets after {word.text}, such as {word.text}(x),")
        inside, behind = rest[:size], rest[size:]
        if not _is_in_brackets(inside):
            after = behind[0]
            if after.kind in ("sign", "transposed") and after.text.startswith("^"):
                raise _unreadable(formula, word, f"brackets: {word.text}(x^2) or ({word.text}x)^2,")
            if not after.spaced and (after.kind in ("name", "number") or after.text in ("(", "[", *ROOTS)):
                raise _unreadable(formula, word, f"brackets: {word.text}(2*x) or {word.text}(2)*x,")
            inside = [Lexeme("sign", "(", inside[0].at), *inside, Lexeme("sign", ")", inside[-1].at)]
        if ROOTS[word.text][1] == 2:
            twice = [Lexeme("sign", "√", word.at), *inside]
            inside = [Lexeme("sign", "(", word.at), *twice, Lexeme("sign", ")", inside[-1].at)]
        found = [replace(word, text="√" if word.text == "∜" else word.text), *inside, *behind][::-1]
    return found[::-1]


def with_bars_apart(words: list[Lexeme]) -> list[Lexeme]:
    """The words with two bars that stand together as two: ||x| - 1| is no norm."""

    def apart(word: Lexeme) -> Iterator[Lexeme]:
        if word.kind == "sign" and word.text == "||":
            yield from (replace(word, text="|"), replace(word, text="|", at=word.at + 1, spaced=False))
        else:
            yield word

    return [part for word in words for part in apart(word)]


def _size(words: list[Lexeme]) -> int:
    """How many words the next factor has; 0 where none stands here."""
    first = words[0]
    if first.kind == "number" or (first.kind == "name" and not _opens(words[1], "(")):
        return 1
    if first.kind == "name" or (first.kind == "sign" and first.text in ROOTS):
        return 1 + _bracketed(words[1:])
    return _bracketed(words) if first.kind == "sign" and first.text in _CLOSED else 0


def _bracketed(words: list[Lexeme]) -> int:
    """How many words stand from an opening bracket to its closing one; 0 where it is not closed."""
    opened: list[str] = []
    for place, word in enumerate(words):
        if word.kind != "sign":
            continue
        if opened and word.text == _CLOSED[opened[-1]]:
            opened.pop()
            if not opened:
                return place + 1
        elif word.text in _CLOSED:
            opened.append(word.text)
    return 0


def _is_in_brackets(words: list[Lexeme]) -> bool:
    return _opens(words[0], "(") and _bracketed(words) == len(words)


def _opens(word: Lexeme, bracket: str) -> bool:
    return word.kind == "sign" and word.text == bracket


def _unreadable(formula: str, word: Lexeme, expected: str) -> InputError:
    got = repr(formula[word.at : word.at + 12].split("\n")[0])
    return InputError(f"formula {shown(formula)}", f"{expected} at column {word.at + 1}", got)
