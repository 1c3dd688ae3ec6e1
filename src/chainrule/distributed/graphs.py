"""Graphs of tasks, all those of a kind in one layer: many small layers would cost the scheduler the square of their
number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import dask
from dask.delayed import Delayed
from dask.highlevelgraph import HighLevelGraph


class Layer:
    """Tasks of a kind, each a function of values and of other tasks."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.keys: list[str] = []
        self._tasks: dict[str, Any] = {}
        self._sources: dict[str, Any] = {}

    def add(self, key: str, function: Callable[..., Any], *arguments: Any) -> str:
        """One more task; its key, which the tasks of this layer may take as an argument."""
        self._tasks[key] = (function, *map(self._argument, arguments))
        self.keys.append(key)
        return key

    def _argument(self, value: Any) -> Any:
        """As graphs have it: a task by its key, a list with each of its parts so, all else as it is."""
        if isinstance(value, list):
            return [self._argument(each) for each in value]
        if not dask.is_dask_collection(value):
            return value
        [key] = value.__dask_keys__()
        self._sources[key] = value
        return key

    def graph(self) -> HighLevelGraph:
        """The layer with all that its tasks take."""
        return HighLevelGraph.from_collections(self.name, self._tasks, dependencies=list(self._sources.values()))

    def tasks(self) -> tuple[Delayed, ...]:
        """The tasks, in the order in which they were added; nothing is computed yet."""
        whole = self.graph()
        return tuple(Delayed(key, whole, layer=self.name) for key in self.keys)


def done(future: Any) -> Delayed:
    """What is or will be on the cluster as a task for graphs."""
    return Delayed(future.key, HighLevelGraph({future.key: {future.key: future}}, {future.key: set()}))


def layers_of(tasks: Sequence[Any]) -> HighLevelGraph:
    """All that tasks take, those that have it in common once."""
    graphs = {id(graph): graph for graph in (task.__dask_graph__() for task in tasks)}
    return HighLevelGraph.merge(*graphs.values())
