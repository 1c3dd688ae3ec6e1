"""Training on a table that is read in blocks, from files larger than memory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from chainrule.errors import InputError
from chainrule.network.checks import within
from chainrule.network.forward import forward
from chainrule.network.network import Network
from chainrule.tables.blocks import Source, open_large
from chainrule.tables.chunks import Chunks
from chainrule.tables.columns import Inputs, Target
from chainrule.tables.plan import Model, Plan, Split, check_plan, usual
from chainrule.tables.scores import score
from chainrule.tables.training import Together, Trained, best_epoch
from chainrule.train.callbacks import Callback, EarlyStopping
from chainrule.train.checkpoints import Checkpoint
from chainrule.train.engine import Rows
from chainrule.train.loop import fit


@dataclass(frozen=True, eq=False)
class Blocks:
    """A table of chunks ready to train on.

    Attributes:
        model: not trained yet.
        train: the rows to learn from, read in blocks.
        validation: rows whose loss is taken after each epoch; may be empty.
        test: rows that are kept aside; may be empty. These two are held in memory.
    """

    model: Model
    train: Source
    validation: Rows
    test: Rows


def prepare_blocks(chunks: Chunks, target: str, plan: Plan, on_chunk: Callable[[int], None] | None = None) -> Blocks:
    """One pass over the chunks that learns what prepares them; the untrained model.

    Args:
        on_chunk: told after each chunk that was read.

    Raises:
        InputError: a table, a target or a plan that does not fit, or that needs all rows at once.
    """
    check_plan(plan)
    if plan.class_weight:
        raise InputError("class weight", "a table that is read at once", "one read in blocks")
    aside = plan.test + plan.validation_share * (1 - plan.test)
    large = open_large(chunks, target, task=plan.task, test=aside, seed=plan.seed, dtype=plan.dtype, on_chunk=on_chunk)
    model = untrained(large.train.inputs, large.train.target, plan, large.target_range)
    source = replace(large.train, target=model.target)
    kept = replace(large.test or source, target=model.target, chosen=large.test.chosen if large.test else ())
    validation, test = _two(kept.all_rows(), plan, aside)
    return Blocks(model, source, validation, test)


def untrained(inputs: Inputs, target: Target, plan: Plan, ends: tuple[float, float]) -> Model:
    """The model before training, of what one pass over a table's parts has learnt.

    Args:
        target: standardised where it is numbers; the model's is so for the output identity alone.
        ends: least and greatest number of the target.

    Raises:
        InputError: a plan, or numbers that the loss does not take.
    """
    loss, output = usual(plan, target)
    if not target.classes and output != "identity":
        target = Target(target.name)
    sizes = (len(inputs.names), *plan.hidden, target.outputs)
    network = Network.random(sizes, plan.activation, output, loss, seed=plan.seed, dtype=plan.dtype)
    plan.recipe().dropout_of(network)
    if not target.classes:
        own = (np.array(ends) - target.mean) / target.scale
        within(f"target {target.name} (for the loss {loss})", own, *network.loss_rule.target_range)
    return Model(network, inputs, target, Split(0, plan.test, plan.seed))


def _two(rows: Rows, plan: Plan, aside: float) -> tuple[Rows, Rows]:
    """The rows kept aside, as those to validate with and those to test on."""
    order = np.random.default_rng((plan.seed, 1)).permutation(len(rows))
    first = round(len(rows) * (1 - plan.test / aside)) if aside else 0
    validation, test = (Rows(rows.x[part], rows.y[part]) for part in (order[:first], order[first:]))
    return validation, test


def train_blocks(
    blocks: Blocks, plan: Plan, callbacks: Sequence[Callback] = (), checkpoint: Path | None = None, every: int = 1,
    resume: bool = False,
) -> Trained:  # fmt: skip
    """Fit a prepared model to its blocks and score it on its test rows."""
    stopping = None if plan.patience is None else EarlyStopping("validation_loss", plan.patience)
    together = Together(stopping, callbacks, checkpoint)
    kept = None if checkpoint is None else Checkpoint(checkpoint, every, _asked(blocks, plan))
    validation = blocks.validation if len(blocks.validation) else None
    fitted = fit(
        blocks.model.network, blocks.train, plan.recipe(), epochs=plan.epochs, validation=validation,
        callbacks=[together], checkpoint=kept, resume=resume,
    )  # fmt: skip
    model = replace(blocks.model, network=fitted.network)
    scored = len(blocks.test) and fitted.history and fitted.stopped != "diverged"
    test = score(forward(model.network, blocks.test.x), blocks.test.y, model.target) if scored else None
    return Trained(blocks, model, fitted, test, best_epoch(fitted, plan))


def _asked(blocks: Blocks, plan: Plan) -> str:
    """What a resumed training must agree with: the columns as they were learnt, the chunks, early stopping."""
    model, source = blocks.model, blocks.train
    told = [asdict(model.inputs), asdict(model.target), list(source.chunks.rows), list(source.chosen), source.together]
    digest = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:12]
    stopping = "no early stopping" if plan.patience is None else f"early stopping with patience {plan.patience}"
    return f"a training in blocks on the table {digest} ({len(source)} rows to train; {stopping})"
