"""All kinds of bug."""

from trials.bugs.batches import BATCHES
from trials.bugs.output import OUTPUT
from trials.bugs.products import PRODUCTS
from trials.bugs.reports import ADDRESSES, REPORTS
from trials.bugs.slopes import SLOPES
from trials.bugs.steps import KEPT, Kind

KINDS: tuple[Kind, ...] = (*SLOPES, *OUTPUT, *BATCHES, *PRODUCTS, *REPORTS)
#: what public report, or what kind of one, the kinds are of
SOURCES = KEPT | ADDRESSES

__all__ = ["KINDS", "SOURCES", "Kind"]
