"""What was asked of ``chainrule train``, and the files that it writes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chainrule.tables.plan import Plan
    from chainrule.tables.reading import TableReading

NONE = "none"  # the preset of those who want one network


@dataclass(frozen=True, kw_only=True)
class TrainOptions:
    """What was asked for on the command line.

    Attributes:
        name: the table's, for files.
        plan: of the training itself.
        preset: fast, good or best; ``NONE`` for one network.
    """

    name: str
    data: tuple[str, ...]
    reading: TableReading
    target: str | None
    plan: Plan
    preset: str
    cv: int | None
    cv_only: bool
    out: Path | None
    plot: Path | None
    report: Path | None
    history: Path | None
    checkpoint: Path | None
    checkpoint_every: int
    resume: bool
    json: bool
    blocks: bool
    cluster: str | None
    mode: str | None
    local_steps: int | None
    steps_per_epoch: int | None
    timeout: float | None

    @property
    def shown(self) -> str:
        """The data as they were named."""
        return " ".join(self.data)

    @property
    def model_file(self) -> Path:
        """Where the model goes."""
        return self.out or Path(f"{self.name}.safetensors")

    @property
    def plot_file(self) -> Path | None:
        """Where the loss curve goes; None for an ensemble, which has none."""
        return None if self.preset != NONE else self.plot or Path(f"{self.name}-loss.png")

    @property
    def checkpoint_file(self) -> Path | None:
        """The checkpoint, in its folder or as it was named; of an ensemble the first of its files."""
        if self.checkpoint is not None and self.preset != NONE:
            return self.checkpoint / "kind-1-fold-1.safetensors"
        if self.checkpoint is None or self.checkpoint.suffix == ".safetensors":
            return self.checkpoint
        return self.checkpoint / "training.safetensors"
