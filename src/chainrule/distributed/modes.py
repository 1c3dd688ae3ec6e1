"""Which mode trains, and why; and how its engine is started."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np

from chainrule.distributed.arranging import Arranged
from chainrule.distributed.exact import ExactEngine
from chainrule.distributed.likeness import UNLIKE
from chainrule.distributed.minibatches import MinibatchEngine, shards_of
from chainrule.distributed.rounds import RoundsEngine
from chainrule.distributed.work import Work
from chainrule.errors import InputError
from chainrule.network.network import Network
from chainrule.train.engine import Engine, minibatches
from chainrule.train.recipe import Recipe

Mode = Literal["exact", "rounds", "minibatches"]
MODES = (*get_args(Mode), "auto")
MIXED = 32  # shards at most of a table that is mixed for rounds


@dataclass(frozen=True)
class Looked:
    """What the first pass has told.

    Attributes:
        kept: whether the rows are to be kept in the workers' memory.
        between: the share of the variation of the targets that is between partitions: 1 where they are sorted.
        target: what they are called.
    """

    kept: bool
    between: float
    target: str

    @property
    def unlike(self) -> bool:
        """Whether the partitions differ more than chance makes them."""
        return self.between > UNLIKE

    def __str__(self) -> str:
        """For messages."""
        return f"the partitions differ in {self.target} ({self.between:.0%} of its variation is between them)"


@dataclass(frozen=True)
class ChosenMode:
    """A mode, in words why, and what is to be warned of.

    Attributes:
        mixed: whether the rows are dealt out over the workers before they are learnt from.
    """

    mode: Mode
    why: str
    mixed: bool
    warning: str = ""


def choose(asked: str, looked: Looked, lbfgs: bool, dropout: bool, groups: int = 1) -> ChosenMode:
    """The mode that was asked for, or with ``auto`` the one that fits.

    Args:
        groups: steps an epoch of exact mode.

    Raises:
        InputError: minibatches of rows that the workers do not keep.
    """
    mode, why = asked, "as asked"
    if asked == "auto":
        mode, why = _fitting(looked, lbfgs, dropout)
    if mode == "minibatches":
        if not looked.kept:
            wanted = "rows that the workers keep in memory (persist=True), or the mode exact or rounds"
            raise InputError("mode minibatches", wanted, "more rows than fit there")
        return ChosenMode("minibatches", why, True)
    if mode == "rounds" and looked.unlike:
        if looked.kept:
            warning = f"{looked}: rows are mixed across them before the rounds begin"
            return ChosenMode("rounds", why, True, warning)
        warning = (
            f"{looked}, and in rounds each is trained alone: expect a poor model. Shuffle the rows of the table, or "
            "take mode exact"
        )
        return ChosenMode("rounds", why, False, warning)
    if mode == "exact" and groups > 1 and not lbfgs and looked.unlike:
        warning = (
            f"{looked}, and a step is of some of them alone: shuffle the rows of the table, or take one step an epoch"
        )
        return ChosenMode("exact", why, False, warning)
    return ChosenMode(mode, why, False)  # type: ignore[arg-type]


def _fitting(looked: Looked, lbfgs: bool, dropout: bool) -> tuple[str, str]:
    if lbfgs:
        return "exact", "L-BFGS takes the gradient of all rows"
    if dropout:
        return "rounds", "of the modes it alone has dropout"
    if looked.kept:
        return "minibatches", "the workers keep all rows, and each step is one of one machine"
    if looked.unlike:
        return "exact", f"the rows do not fit into the workers' memory, and {looked}"
    return "rounds", "the rows do not fit into the workers' memory, and the partitions are alike"


def shards(chosen: ChosenMode, batch_size: int) -> Any:
    """How many shards the rows are dealt to, by the number of blocks; None: they stay as they are."""
    if not chosen.mixed:
        return None
    if chosen.mode == "minibatches":
        return lambda blocks: shards_of(batch_size)
    return lambda blocks: min(blocks, MIXED)


def start(
    chosen: ChosenMode, network: Network, recipe: Recipe, work: Work, arranged: Arranged, classes: bool,
    local_steps: int, groups: int,
) -> tuple[Engine, Network, Recipe, int]:  # fmt: skip
    """The engine, the network and the recipe as it has them, and the steps that an epoch makes.

    Args:
        network: as the model is; ``recipe``: with the rows of a minibatch that were asked for.
        groups: of blocks, each of which makes a step of an epoch in exact mode.
    """
    blocks, rows = arranged.learn, sum(arranged.learn.rows)
    recipe = replace(recipe, health=False)
    if chosen.mode == "exact":
        groups = min(groups, len(blocks))
        recipe, network = replace(recipe, batch_size=-(-rows // groups)), network.astype(np.float64)
        return ExactEngine(network, recipe, work, blocks, groups, classes), network, recipe, groups
    recipe = replace(recipe, batch_size=min(recipe.batch_size, rows))
    if chosen.mode == "rounds":
        steps = minibatches(max(blocks.rows), recipe.batch_size)
        return RoundsEngine(network, recipe, work, blocks, local_steps, classes), network, recipe, steps
    own = -(-recipe.batch_size // len(blocks))  # rows of each shard
    recipe = replace(recipe, batch_size=own * len(blocks))
    return MinibatchEngine(network, recipe, work, blocks, classes), network, recipe, minibatches(max(blocks.rows), own)
