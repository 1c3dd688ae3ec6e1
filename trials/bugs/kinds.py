"""All kinds of bug."""

from trials.bugs.batches import BATCHES
from trials.bugs.output import OUTPUT
from trials.bugs.products import PRODUCTS
from trials.bugs.slopes import SLOPES
from trials.bugs.steps import SOURCES, Kind

KINDS: tuple[Kind, ...] = (*SLOPES, *OUTPUT, *BATCHES, *PRODUCTS)

__all__ = ["KINDS", "SOURCES", "Kind"]
