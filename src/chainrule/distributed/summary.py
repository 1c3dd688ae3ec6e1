"""What must be known of all rows before training: learnt in one pass, a summary a partition, added in their order."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from scipy.special import xlogy

from chainrule.distributed.likeness import share_between, spread_of_classes
from chainrule.distributed.partitions import RawPart
from chainrule.distributed.sizes import sized
from chainrule.errors import InputError
from chainrule.network.arrays import Array
from chainrule.tables.moments import Moments

MOST_CLASSES = 1000


@dataclass(frozen=True)
class PartitionSplit:
    """Which rows of a partition are not learnt from: drawn by seed and number, so that any worker draws the same.

    Attributes:
        share: of the rows that are validated with. test: of those that are kept aside for the test.
    """

    seed: int
    share: float
    test: float = 0.0

    def __str__(self) -> str:
        """As checkpoints of 0.1.0 have it."""
        return f"Split(seed={self.seed}, share={self.share}, test={self.test})"

    def held(self, number: int, rows: int) -> Array:
        """True for a row that is validated with."""
        return self._drawn(number, rows) < self.share if self.share else np.zeros(rows, bool)

    def tested(self, number: int, rows: int) -> Array:
        """True for a row that is kept aside for the test."""
        drawn = self._drawn(number, rows)
        return (drawn >= self.share) & (drawn < self.share + self.test)

    def _drawn(self, number: int, rows: int) -> Array:
        return np.random.default_rng((self.seed, number)).random(rows)


@dataclass(frozen=True, eq=False)
class Summary:
    """Of one partition, or of several.

    Attributes:
        rows, held: to learn from, and to validate with.
        weight: sum of the sample weights of the rows to learn from.
        inputs: moments of X over the rows to learn from, None where they are not asked for.
        columns: of y; 0 for (n,).
        classes: label -> rows to learn from, in all rows' labels; None for numbers.
        constant: sum over rows of w (y log y - y), for Poisson's loss.
        held_weight, held_constant: of the rows to validate with.
        digests: of each partition's bytes, in order.
        learnt: rows to learn from of each partition, in order.
        within: the sum over partitions of the spread of y within each; ``answers``: the moments of y, of numbers.
        labels: what labels are, text or numbers; ``name``: the first partition that has some.
    """

    rows: int
    held: int
    weight: float
    inputs: Moments | None
    columns: int
    classes: dict[Any, int] | None
    constant: float
    held_weight: float
    held_constant: float
    digests: tuple[str, ...]
    learnt: tuple[int, ...]
    within: float
    answers: Moments | None
    labels: str
    name: str

    def __add__(self, other: Summary) -> Summary:
        if self.columns != other.columns and self.rows + self.held and other.rows + other.held:
            raise InputError("y", f"{self.columns or 'one'} columns in every partition", f"{other.columns or 'one'}")
        if self.labels and other.labels and self.labels != other.labels:
            raise InputError(f"{other.name}: y", f"{self.labels}, as in {self.name}", other.labels)
        classes = None
        if self.classes is not None and other.classes is not None:
            classes = dict(self.classes)
            for label, rows in other.classes.items():
                classes[label] = classes.get(label, 0) + rows
            if len(classes) > MOST_CLASSES:
                raise InputError("y", f"at most {MOST_CLASSES} classes", f"{len(classes)} and more")
        return Summary(
            self.rows + other.rows, self.held + other.held, self.weight + other.weight,
            None if self.inputs is None or other.inputs is None else self.inputs + other.inputs,
            self.columns or other.columns, classes, self.constant + other.constant,
            self.held_weight + other.held_weight, self.held_constant + other.held_constant,
            self.digests + other.digests, self.learnt + other.learnt, self.within + other.within,
            None if self.answers is None or other.answers is None else self.answers + other.answers,
            self.labels or other.labels, self.name if self.labels else other.name,
        )  # fmt: skip

    @property
    def between(self) -> float:
        """The share of the variation of y that is between partitions, beyond chance: 1 where they are sorted by it."""
        if self.classes is not None:
            total = spread_of_classes(self.classes.values())
        else:
            total = 0.0 if self.answers is None else float(self.answers.own_spread.sum())
        return share_between(self.within, total, len(self.learnt), self.rows)

    @property
    def digest(self) -> str:
        """One short text for all rows."""
        return digest_of(self.digests)


def summarise(part: RawPart, split: PartitionSplit, classification: bool, standardise: bool) -> Summary:
    """The summary of one partition.

    Raises:
        InputError: targets that are no numbers, for a regression; naming the partition.
    """
    learnt = ~split.held(part.number, len(part.x))
    weight = np.ones(len(part.x)) if part.weight is None else part.weight
    columns = part.y.shape[1] if part.y.ndim == 2 else 0
    classes, constants = None, np.zeros(len(part.x))
    if classification and not columns:
        labels, places = np.unique(part.y, return_inverse=True)
        if len(labels) > MOST_CLASSES:
            raise InputError(f"{part.name}: y", f"at most {MOST_CLASSES} classes", str(len(labels)))
        counts = np.bincount(places[learnt], minlength=len(labels))
        classes = {label: int(n) for label, n in zip(labels.tolist(), counts, strict=True)}
    elif part.y.dtype.kind not in "fiub":
        raise InputError(f"{part.name}: y", "numbers", str(part.y.dtype))
    elif len(part.y) and not classification and part.y.min() >= 0:
        terms = (xlogy(part.y, part.y) - part.y).astype(np.float64)
        constants = weight * (terms if terms.ndim == 1 else terms.sum(axis=1))
    digest = hashlib.blake2b(np.ascontiguousarray(part.x).tobytes(), digest_size=8)
    digest.update(part.y.tobytes() if part.y.dtype.kind in "fiub" else "\n".join(map(str, part.y.ravel())).encode())
    digest.update(b"" if part.weight is None else part.weight.tobytes())
    rows, answers = int(learnt.sum()), None
    if classes is not None:
        within = spread_of_classes(classes.values())
    else:
        answers = Moments.of(part.y[learnt].reshape(rows, max(columns, 1)))
        within = float(answers.own_spread.sum())
    kind = "" if classes is None or not len(part.y) else "numbers" if part.y.dtype.kind in "fiub" else "text"
    return Summary(
        rows, len(learnt) - rows, float(weight[learnt].sum()),
        Moments.of(part.x[learnt]) if standardise else None,
        columns, classes, float(constants[learnt].sum()), float(weight[~learnt].sum()), float(constants[~learnt].sum()),
        (digest.hexdigest(),), (rows,), within, answers, kind, part.name,
    )  # fmt: skip


@sized
@dataclass(frozen=True, eq=False)
class Sums:
    """Base of records that are added field by field."""

    def __add__(self, other: Self) -> Self:
        return type(self)(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))


def add(one: Any, other: Any) -> Any:
    """One plus the other: the task of every sum over partitions."""
    return one + other


def digest_of(digests: tuple[str, ...]) -> str:
    """One short text for all rows, of those of the partitions in order."""
    return hashlib.blake2b("".join(digests).encode(), digest_size=8).hexdigest()
