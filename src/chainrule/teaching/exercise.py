"""Exercises: a network with numbers that a person can compute with and that keep mistakes apart, and its key."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.auditing.model.claims import QuantityPlace, Reader, Reading
from chainrule.auditing.model.problem import Problem
from chainrule.auditing.model.replay import Wrong
from chainrule.auditing.report.wording import PRIMED
from chainrule.errors import InputError
from chainrule.formula.tree import Symbol, Timed
from chainrule.network import names
from chainrule.network.losses import LOSSES
from chainrule.network.names import Derivative, Notation, Quantity
from chainrule.network.network import Network
from chainrule.render.blocks import visible
from chainrule.teaching import author
from chainrule.teaching.author import Style
from chainrule.teaching.detectable import Detectable, detectable
from chainrule.teaching.draw_numbers import draw_problem

WIDEST, DEEPEST = 20, 10
LARGEST_STEP = 100.0
MOST_DIGITS = 12
MOST_TITLE = 200
PARTS = ("all", "forward", "backward", "update", "one")
TRIES = 24  # candidates at most
SETTLED = 8  # candidates after which one in which every mistake shows is good enough
WORK = 800_000  # numbers that are replayed at most, over all candidates; a line costs as much as LINE numbers
LINE = 20
#: what stands in the term of a loss -> what it is, for the instructions
_LETTERS = {
    "log": "log is the natural logarithm",
    "/k": "k is the number of outputs",
    "sign": "sign is -1, 0 or 1",
    "huber": "huber of e is e^2/2 where e lies from -1 to 1, and the size of e less 1/2 beyond",
}


@dataclass(frozen=True, eq=False)
class Exercise:
    """An exercise, as it is handed out.

    Attributes:
        problem: the network with its example.
        asked: the quantities to compute, in their order.
        style: digits and notation.
        title: of the sheet. student: whose it is, or "".
        detectable: which mistakes would show.
    """

    problem: Problem
    asked: tuple[Symbol, ...]
    style: Style
    title: str
    student: str
    detectable: Detectable

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the lines to fill in."""
        return tuple(line.label for line in self._lines())

    @property
    def header(self) -> str:
        """The header of the sheet and of its key."""
        p = self.problem
        y = None if p.network.loss == "identity" else p.y[0]
        title = f"{self.title}: {self.student}" if self.student else self.title
        return author.header(p.network, p.x[0], y, title, p.learning_rate)

    @property
    def sheet(self) -> str:
        """The sheet to fill in."""
        blanks = "\n".join(f"{label} = " for label in self.labels)
        return f"{self.header}\n{self.instructions}\n\n{blanks}\n"

    @property
    def key(self) -> str:
        """The same with the right numbers, each rounded once."""
        return self._with("The key.", self._lines())

    def filled(self, wrong: Sequence[Wrong] = ()) -> str:
        """The sheet as it is handed in by somebody who goes on with rounded numbers and has some equations wrong."""
        style = replace(self.style, carry=True)
        return self._with(self.instructions, author.write(self.problem, self.asked, style, _rng(), wrong))

    def _with(self, words: str, lines: Sequence[author.WrittenLine]) -> str:
        body = "\n".join(line.line for line in lines)
        return f"{self.header}\n{words}\n\n{body}\n"

    @property
    def instructions(self) -> str:
        """What to do, in prose: no sign of equality is in it."""
        places = "significant digits" if self.style.significant else "decimals"
        term = LOSSES[self.problem.network.loss].formula
        letters = ["p is yhat", *(words for sign, words in _LETTERS.items() if sign in term)]
        said = [
            f"Complete each line: behind the sign of equality comes its number, to {self.style.digits} {places}.",
            "Formulas may stand between, as many as you like. A vector is [1, 2], a matrix [[1, 2], [3, 4]].",
            f"In the loss each output adds {term}, where {' and '.join(letters)}.",
        ]
        if any(isinstance(symbol, Timed) for symbol in self.asked):
            said.append("A prime is the value after one step of gradient descent.")
        return "\n".join(said)

    def _lines(self) -> list[author.WrittenLine]:
        return author.write(self.problem, self.asked, self.style, _rng())

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        s = self.detectable
        return {
            "title": self.title,
            "student": self.student,
            "network": repr(self.problem.network),
            "lines": list(self.labels),
            "possible": s.possible,
            "shows": s.shows,
            "share": s.share,
            "apart": s.apart,
            "hidden": list(s.hidden),
            "mixed": [list(pair) for pair in s.mixed],
            "sheet": self.sheet,
            "key": self.key,
        }


def _rng() -> np.random.Generator:
    """For writers who draw nothing."""
    return np.random.default_rng(0)


def exercise(
    layers: Sequence[int] = (3, 3, 2),
    *,
    hidden: str | Sequence[str] = "sigmoid",
    output: str = "softmax",
    loss: str = "cross_entropy",
    seed: int = 7,
    digits: int = 4,
    significant: bool = False,
    learning_rate: float | None = 0.5,
    ask: str | Sequence[str] = "all",
    components: bool = False,
    notation: Notation = "textbook",
    title: str = "Exercise",
    student: str = "",
) -> Exercise:
    """Make an exercise; the same arguments give the same one.

    Several sets of numbers are drawn. Taken is the one in which the largest share of the mistakes that can be made
    would change a line asked, and of those the one that keeps most pairs of mistakes apart.

    Args:
        layers: units of each layer, the inputs first.
        hidden: the activation of all hidden layers, or one each.
        digits: decimals, or with ``significant`` significant digits, of every number.
        learning_rate: of the one step of gradient descent; None for no update.
        ask: ``all`` (forward, L, backward, update), ``forward``, ``backward``, ``update``, ``one`` (the gradient of one
            weight of each layer, and its update), or names such as ``dL/dW_212``; or several of these.
        components: a line for each entry, in place of whole vectors and matrices.
        student: whose variant it is; numbers are drawn by the seed and the name.

    Raises:
        InputError: a network that there is not, or that is too large to compute by hand; what is asked does not exist.
    """
    network = _checked(layers, hidden, output, loss)
    _check_numbers(seed, digits, learning_rate)
    if notation not in ("textbook", "delta"):
        raise InputError("notation", "textbook or delta", repr(notation))
    style = Style(digits, significant, carry=False, delta=notation == "delta", components=lambda name: components)
    rng = np.random.default_rng([seed, *_words(student)])
    choice = int(rng.integers(2**31))

    def draw() -> Problem:
        return draw_problem(network.sizes, network.hidden, output, loss, learning_rate, rng)

    problem = draw()
    asked = _asked(problem, (ask,) if isinstance(ask, str) else tuple(ask), np.random.default_rng(choice))
    places = [_place(problem, symbol) for symbol in asked]
    found = (problem, detectable(problem, places, digits, significant, notation))
    tries = min(TRIES, WORK // max(1, found[1].possible * (found[1].numbers + LINE * len(asked))))
    for done in range(1, tries):
        if found[1].share == 1.0 and done >= SETTLED:
            break
        problem = draw()
        other = detectable(problem, places, digits, significant, notation)
        if other.rank > found[1].rank:
            found = (problem, other)
    return Exercise(found[0], asked, style, _line(title), _line(student), found[1])


def variants(students: Sequence[str], **settings: Any) -> Iterator[Exercise]:
    """An exercise for each name, with numbers of its own; settings as for ``exercise``."""
    for student in students:
        yield exercise(student=student, **settings)


# ---------------------------------------------------------------- what is given


def _checked(layers: Sequence[int], hidden: str | Sequence[str], output: str, loss: str) -> Network:
    """A network of that kind, which says what does not fit."""
    sizes = tuple(layers)
    if len(sizes) > DEEPEST + 1 or any(isinstance(s, (int, np.integer)) and s > WIDEST for s in sizes):
        expected = f"at most {DEEPEST} layers after the inputs, each of at most {WIDEST} units"
        raise InputError("layers", expected, ", ".join(map(str, sizes[:12])))
    network = Network.random(sizes, hidden, output, loss, seed=0)
    if output == "softmax" and sizes[-1] == 1:
        raise InputError("layers", "two outputs or more for softmax, which of one is always 1", "1 output")
    return network


def _check_numbers(seed: int, digits: int, learning_rate: float | None) -> None:
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**63:
        raise InputError("seed", "a whole number from 0 up", repr(seed))
    if isinstance(digits, bool) or not isinstance(digits, (int, np.integer)) or not 1 <= digits <= MOST_DIGITS:
        raise InputError("digits", f"a whole number from 1 to {MOST_DIGITS}", repr(digits))
    if learning_rate is not None and not 0 < learning_rate <= LARGEST_STEP:
        raise InputError("learning_rate", f"a number above 0, at most {LARGEST_STEP:g}", repr(learning_rate))


def _words(student: str) -> list[int]:
    """A name as numbers for a seed; the same for all ways to encode its letters."""
    if not student:
        return []
    digest = hashlib.sha256(unicodedata.normalize("NFC", student).encode("utf-8", errors="replace")).digest()
    return [int.from_bytes(digest[i : i + 4], "big") for i in range(0, 16, 4)]


def _line(words: str) -> str:
    return " ".join(visible(words).split())[:MOST_TITLE]


# ---------------------------------------------------------------- what is asked


def _asked(problem: Problem, ask: tuple[str, ...], rng: np.random.Generator) -> tuple[Symbol, ...]:
    updates = problem.learning_rate is not None
    everything = author.names(problem, update=updates)
    found: list[Symbol] = []
    for word in ask:
        match word:
            case "all":
                found += everything
            case "forward":
                found += [s for s in everything if isinstance(s, Quantity)]
            case "backward":
                found += [s for s in everything if isinstance(s, Derivative)]
            case "update" if updates:
                found += [s for s in everything if isinstance(s, Timed)]
            case "one":
                found += _one_each(problem, updates, rng)
            case _:
                found.append(_named(problem, word, updates))
    if not found:
        raise InputError("ask", f"{', '.join(PARTS)} or names such as dL/dW_212", "nothing")
    return tuple(dict.fromkeys(found))


def _one_each(problem: Problem, updates: bool, rng: np.random.Generator) -> Iterator[Symbol]:
    """The gradient of one weight of each layer, from the last to the first, and its update."""
    chosen = [
        Quantity("W", i, (int(rng.integers(problem.sizes[i])) + 1, int(rng.integers(problem.sizes[i - 1])) + 1))
        for i in range(problem.depth, 0, -1)
    ]
    yield from (Derivative(names.LOSS, W) for W in chosen)
    if updates:
        yield from (Timed(W, 1) for W in chosen)


def _named(problem: Problem, word: str, updates: bool) -> Symbol:
    """A name that is asked for, perhaps with a prime."""
    match = PRIMED.fullmatch(word.strip())
    known = ", ".join(PARTS)
    if match is None or match["times"] or len(match["primes"]) > 1 or word == "update":
        got = f"{word}, without a learning rate" if word == "update" else repr(word)
        raise InputError("ask", f"{known} or names such as dL/dW_212 and W_212'", got)
    try:
        name = names.resolve(names.read(match["base"])[0], problem.sizes)
    except InputError as error:
        raise InputError("ask", f"{known}, or {error.expected}", repr(word)) from None
    if match["primes"] and not updates:
        raise InputError("ask", "a learning rate for what is after the update", repr(word))
    symbol: Symbol = Timed(name, 1) if match["primes"] else name
    node = _place(problem, symbol).node
    if node is None:
        raise InputError("ask", "a quantity of the network, or the derivative of L by one", repr(word))
    given = node.kind == "y" or (node.kind == "h" and node.layer == 0) or (node.kind in ("W", "b") and not node.time)
    if given:
        raise InputError("ask", "what is to be computed", f"{word}, which is given")
    return symbol


def _place(problem: Problem, symbol: Symbol) -> QuantityPlace:
    return Reader(problem, Reading(), 0.01).place(symbol)
