"""An author's names taken apart: ``net_{h1}`` is the word net with the index h1, ``dW2`` the gradient by W 2.

What an index counts, ``naming`` settles.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from chainrule.network.words import CHANGE, WORDS
from chainrule.sheets.names.plain import Index, Operand, Own, Written
from chainrule.system.patterns import regex

#: words that the author's own quantities have as often: they mean a quantity of the network only on evidence
WEAK = frozenset((*"usnvqiptdcejofθ", "in", "input", "sum", "theta", "err", "error", CHANGE))
_LOSS = frozenset((*"ECJQ", "Loss", "loss", "LOSS", "Cost", "cost", "Error", "error", "MSE", "BCE", "CE", "SSE"))
_GROUPS = ("total", "tot", "all", "sum", "full")
#: words for the value after an update that stand before a name as well as behind it, in small letters
BEFORE_A_NAME = (
    "new", "updated", "neu", "neue", "neuer", "neues", "aktualisiert", "nova", "novo", "atualizado", "nuevo", "nueva",
    "actualizado", "nouveau", "nouvelle", "nuovo", "nuova", "aggiornato", "nieuw", "nieuwe", "nowy", "nowa", "nowe",
    "yeni",
)  # fmt: skip
#: all words for the value after an update, and those for the one before it
NEW = (
    *BEFORE_A_NAME, "upd", "next", "after", "baru", "mới", "нов", "новый", "новая", "новое", "новые", "新", "새",
)  # fmt: skip
OLD = (
    "old", "alt", "current", "curr", "viejo", "velho", "vecchio", "vecchia", "ancien", "oud", "oude", "stary", "stara",
    "stare", "eski", "lama", "cũ", "стар", "старый", "старая", "старое", "старые", "旧", "舊",
)  # fmt: skip
_WORDS = "|".join(sorted((word for word in WORDS if len(word) > 2), key=len, reverse=True))
_DIFFERENTIAL = regex(rf"(?:d|grad_?|g_|∇)(?=(?:[WwBbZzAaHhXθ]|{_WORDS})(?:[0-9_]|$))")
_HEAD = regex(r"(?P<word>[^\W\d_]+?)(?P<digits>[0-9]*)(?P<hat>hat)?")
_TOTAL = regex(r"([ECLJ]|[Ll]oss|[Ee]rror|[Cc]ost)[Tt]ot(?:al)?")
_SEPARATOR = regex(r"[_,]")
_ITEM = regex(r"([^\W\d_]*)([0-9]*)")


class Item(NamedTuple):
    """An index as written: ``h1`` has letters and digits, ``2`` digits alone, ``out`` letters alone."""

    letters: str
    digits: str


class Surface(NamedTuple):
    """A name as written, taken apart."""

    word: str
    items: tuple[Item, ...]
    of_loss: bool = False  # dW2, grad_W1
    after: int = 0
    layer: Index | None = None  # where one stands above the line

    @property
    def digits(self) -> str:
        """The digits of its indices, run together; "" where an index has letters."""
        return "" if any(item.letters for item in self.items) else "".join(item.digits for item in self.items)


@lru_cache(maxsize=4096)
def surface(operand: Operand) -> Surface | None:
    """A name taken apart; None where an index is a letter that counts."""
    if isinstance(operand, Written):
        above = operand.above
        if any(index.letter for index in operand.indices) or (above is not None and above.letter not in ("", "L")):
            return None
        word = {"δ": "delta"}.get(operand.symbol, operand.symbol)
        return Surface(word, tuple(Item("", str(i.number)) for i in operand.indices), False, operand.after, above)
    return _taken_apart(operand)


def _taken_apart(own: Own) -> Surface | None:
    if own.word == "Δ" and not own.above:
        index = str(own.entry[0]) if len(own.entry) == 1 else own.index
        return Surface(CHANGE, (Item("", index),)) if index.isdecimal() else None
    if own.entry:
        return None
    text, of_loss = own.word + (f"_{own.index}" if own.index else ""), False
    if text.startswith("Δ"):
        return None
    if match := _DIFFERENTIAL.match(text):
        text, of_loss = text[match.end() :], True
    head, *rest = [piece for piece in _SEPARATOR.split(text) if piece] or [""]
    found = _HEAD.fullmatch(head)
    if found is None:
        return None
    word = CHANGE if found["word"] == "Delta" else found["word"] + (found["hat"] or "")
    if total := _TOTAL.fullmatch(word):
        word = total[1]
    items = [Item("", found["digits"])] if found["digits"] else []
    after = 0
    for piece in rest:
        if piece.lower() in NEW:
            after += 1
        elif piece.lower() not in (*OLD, *_GROUPS):
            parts = [Item(*pair) for pair in _ITEM.findall(piece) if any(pair)]
            if "".join(a + b for a, b in parts) != piece:
                return None
            items += parts
        elif piece.lower() in _GROUPS and word.lower() not in ("e", "error", "err", "l", "c", "j", "loss", "cost"):
            return None
    if word.lower() == "y" and items and not items[0].digits and items[0].letters:
        word, items = {"pred": "yhat", "hat": "yhat", "out": "yhat", "true": "target"}.get(
            items[0].letters, word + items[0].letters
        ), items[1:]  # fmt: skip
    if word in ("z", "y") and items and items[0].letters == "in" and len(items) < 3:  # z_in1, y_in: net inputs
        unit = "".join(item.digits for item in items)
        word, items = "net", [Item("h" if word == "z" else "o", unit)]
    above = Index("L", 0) if own.above == "L" else Index("", int(own.above)) if own.above else None
    return Surface(word, tuple(items), of_loss, after, above)


def kinds(surface: Surface) -> tuple[str, ...]:
    """What kinds of quantity a name may be, by its word."""
    word = surface.word
    known = WORDS.get(word.lower(), ())
    if of_first_example(surface):
        return known[:1]
    if word == "L" or (known and known[0] == "L"):
        if word == "c":
            return known if not surface.items else known[1:]
        if surface.items or surface.of_loss:
            return known[1:] if not surface.of_loss and word != "C" else ()
        return known[:1]
    if len(word) == 1 and word.isupper() and word not in "WBAZHOXYUVSNPΘIT":
        return ()
    return known


def of_first_example(surface: Surface) -> bool:
    """Whether a name is one of the loss of the first example, counted from 0: ``C_0``."""
    return surface.word in ("C", "E", "J", "L") and surface.items == (Item("", "0"),) and not surface.of_loss


def is_loss(operand: Operand) -> bool:
    """Whether a name is one that people have for the loss and, over the line of a derivative, for nothing else."""
    if not isinstance(operand, Own) or operand.above or operand.entry:
        return False
    found = _taken_apart(operand)
    if found is None or found.after or found.word not in _LOSS:
        return False
    return not found.items or of_first_example(found)


def as_written(name: Written) -> str:
    """A name of the design as text: ``z_3``, ``z^2_3``."""
    above = "" if name.above is None else f"^{name.above.letter or name.above.number}"
    return name.symbol + above + ("_" + "".join(str(i.number) for i in name.indices) if name.indices else "")
