"""Files read in chunks: .npy matrices, some rows at a time, and Parquet files, a row group at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from chainrule.errors import InputError
from chainrule.network.arrays import Array
from chainrule.tables.binary_files import index_columns, parquet_file
from chainrule.tables.reading import TableReading, Tell

CHUNK_BYTES = 1 << 21  # of a .npy file, about


class Chunks(Protocol):
    """A table in chunks: ``rows`` of each, and ``names`` of the input columns."""

    rows: tuple[int, ...]
    names: tuple[str, ...]

    def raw(self, chunk: int) -> tuple[Any, Any]:
        """Inputs and target of one chunk as they lie in the file: a matrix or a table, and a column."""


@dataclass(frozen=True, eq=False)
class NpyMatrix:
    """A two-dimensional .npy file (or a one-dimensional one, as one column), read some rows at a time.

    Raises:
        InputError: another kind of file, or an array that is not numbers in C order.
    """

    path: Path
    shape: tuple[int, int] = field(init=False)
    dtype: Any = field(init=False)
    start: int = field(init=False)

    def __post_init__(self) -> None:
        form = np.lib.format
        try:
            with open(self.path, "rb") as file:
                version = form.read_magic(file)
                read = form.read_array_header_1_0 if version == (1, 0) else form.read_array_header_2_0
                shape, fortran, dtype = read(file)
                start = file.tell()
        except FileNotFoundError:
            raise InputError(f"data {self.path}", "a .npy file", "no such file") from None
        except (OSError, ValueError) as error:
            raise InputError(f"data {self.path}", "a .npy file", f"something else ({error})") from None
        if dtype.kind not in "fiub" or dtype.itemsize > 8 or len(shape) not in (1, 2) or (fortran and len(shape) == 2):
            order = ", in Fortran's order" if fortran else ""
            raise InputError(f"data {self.path}", "a matrix of numbers in C order", f"{dtype} of shape {shape}{order}")
        size = self.path.stat().st_size
        if size < start + int(np.prod(shape)) * dtype.itemsize:
            raise InputError(f"data {self.path}", f"numbers of shape {shape}", "a file that ends before")
        columns = shape[1] if len(shape) == 2 else 1
        for name, value in (("shape", (shape[0], columns)), ("dtype", dtype), ("start", start)):
            object.__setattr__(self, name, value)

    def read(self, first: int, last: int) -> Array:
        """Rows ``first`` to below ``last``; not by mapping, so that what was read does not count as memory."""
        width = self.shape[1]
        with open(self.path, "rb") as file:
            file.seek(self.start + first * width * self.dtype.itemsize)
            found: Array = np.fromfile(file, self.dtype, (last - first) * width)
        if found.size != (last - first) * width:
            raise InputError(f"data {self.path}", f"{self.shape[0]} rows, as when it was opened", "a shorter file")
        return found.reshape(last - first, width).astype(self.dtype.newbyteorder("="), copy=False)


class NpyChunks:
    """Two .npy files, inputs (n, d) and targets (n,), as chunks of about ``CHUNK_BYTES``.

    Raises:
        InputError: files that are no such matrices, or of different lengths.
    """

    def __init__(self, x: str | Path, y: str | Path, target: str = "y") -> None:
        self.x, self.y, self.target = NpyMatrix(Path(x)), NpyMatrix(Path(y)), target
        n, width = self.x.shape
        if self.y.shape != (n, 1):
            raise InputError(f"data {y}", f"{n} targets, one for each row of {x}", f"shape {self.y.shape}")
        if n == 0 or width == 0:
            raise InputError(f"data {x}", "at least one row and one column", f"shape {self.x.shape}")
        step = max(1, CHUNK_BYTES // (width * self.x.dtype.itemsize))
        self.bounds = [*range(0, n, step), n]
        self.rows = tuple(np.diff(self.bounds).tolist())
        self.names = tuple(f"x_{j + 1}" for j in range(width))

    def raw(self, chunk: int) -> tuple[Array, Array]:
        """A matrix, and the targets (rows,)."""
        first, last = self.bounds[chunk], self.bounds[chunk + 1]
        return self.x.read(first, last), self.y.read(first, last)[:, 0]


class ParquetChunks:
    """A Parquet file, a chunk for each row group: memory is bounded by ``CHUNKS_PER_BLOCK`` of them.

    An index that pandas wrote is left out.

    Args:
        columns: the inputs; None: all others.
        reading: what is asked of the columns.
        tell: takes a line on what was left out.

    Raises:
        InputError: another kind of file, or no such column.
    """

    def __init__(
        self, path: str | Path, target: str, columns: Sequence[str] | None = None, reading: TableReading | None = None,
        tell: Tell | None = None,
    ) -> None:  # fmt: skip
        if not Path(path).is_file():
            raise InputError(f"data {path}", "a Parquet file", "no such file")
        self.file = parquet_file(path, str(path))
        asked = reading or TableReading()
        if columns is not None:
            if target in columns:
                raise InputError(f"target {target}", "a column that is no input", "one that is")
            asked = replace(asked, columns=(*columns, target))
        schema = self.file.schema_arrow
        index = index_columns(schema)
        known = asked.chosen(schema.names, () if asked.keep_index or target in index else index)
        if target not in known:
            raise InputError(f"column {target!r}", f"one of: {', '.join(known[:12])}", "no such column")
        if tell is not None and set(index) - set(known):
            tell(f"data {path}: the index {', '.join(index)} left out (--keep-index)")
        self.target = target
        self.names = tuple(columns or (name for name in known if name != target))
        if not self.names:
            raise InputError("data", "at least one column beside the target", "none")
        about = self.file.metadata
        counts = [about.row_group(i).num_rows for i in range(about.num_row_groups)]
        self._groups = [i for i, count in enumerate(counts) if count]
        self.rows = tuple(counts[i] for i in self._groups)
        if not self.rows:
            raise InputError(f"data {path}", "at least one row", "none")

    def raw(self, chunk: int) -> tuple[Any, Any]:
        """A table of the input columns, and the target column."""
        table = self.file.read_row_group(self._groups[chunk], columns=[*self.names, self.target], use_threads=False)
        return table.select(self.names), table.column(self.target)
