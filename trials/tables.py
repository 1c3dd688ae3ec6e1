"""Random tables in random files: each reads back as it was written, or is refused with a sentence.

    python -m trials.tables --count 5000

A table of texts (with quotes, newlines, separators, many scripts), numbers, truth values and missing cells is
written by pandas, by Python's csv or by Arrow, in a random dialect, encoding, packing and format. What is read must be
what pandas reads from the file when it is told the dialect, or what was written. For some tables the model of two
epochs is trained from every spelling: it must be the same to the last bit. Prints how many of which kind were equal,
refused, and told but different, and exits with 1 where one is silently different.
"""

from __future__ import annotations

import argparse
import csv
import io
import math
import random
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv as arrow_csv
from pyarrow import feather

from chainrule.errors import InputError
from chainrule.tables.files import read_table
from chainrule.tables.plan import Plan
from chainrule.tables.prepared import prepare
from chainrule.tables.training import train_table

LETTERS = "abcXYZ 0123456789"
MARKS = "\"',;|\t#\\ \n\r-+.%$:=/_"
WESTERN = "äöüßéñ£§"
OTHERS = "漢字жЯλ😀\u2028\u0301"
PACKINGS = ("", "", "", ".gz", ".bz2", ".xz", ".zst", ".zip")
BYTES = {".gz": "gzip", ".bz2": "bz2", ".xz": "xz", ".zst": "zstd"}


@dataclass
class Written:
    """A file: what it is in words, where it is, and what it may read as: as pandas reads it, or as it was written."""

    words: str
    path: Path
    due: tuple[pd.DataFrame, ...]


def drawn_text(rng: random.Random, alphabet: str) -> str:
    if rng.random() < 0.03:
        return "".join(rng.choice(alphabet) for _ in range(20)) * rng.choice([50, 3_000])
    return "".join(rng.choice(alphabet) for _ in range(rng.choice([0, 1, 2, 5, 9, 20])))


def drawn_column(rng: random.Random, rows: int, alphabet: str) -> list[Any]:
    kind = rng.choice(["text", "text", "word", "float", "small", "int", "bool", "zeros"])
    made = {
        "text": lambda: drawn_text(rng, alphabet) or "x",
        "word": lambda: rng.choice(["red", "green", "blue", "dark red"]),
        "float": lambda: rng.gauss(0, 1) * 10 ** rng.randint(-12, 12),
        "small": lambda: round(rng.uniform(-999, 9999), rng.randint(1, 4)),
        "int": lambda: rng.randint(-(10**6), 10**6),
        "bool": lambda: rng.random() < 0.5,
        "zeros": lambda: rng.choice(["007", "01", "A1", "0.50"]),
    }[kind]
    missing = rng.choice([0, 0, 0.2])
    return [None if rng.random() < missing else made() for _ in range(rows)]


def drawn_table(rng: random.Random, alphabet: str) -> pd.DataFrame:
    rows, width = rng.choice([1, 2, 5, 30, 200]), rng.randint(1, 6)
    if rng.random() < 0.02:
        rows = 20_000
    names = [f"{rng.choice(['a', 'size', 'my column', 'x' + rng.choice(alphabet).strip()])}{i}" for i in range(width)]
    columns = [drawn_column(rng, min(rows, 200), alphabet) * (100 if rows == 20_000 else 1) for _ in names]
    if sum(len(cell) for column in columns for cell in column if isinstance(cell, str)) > 10**7:
        columns = [column[:200] for column in columns]
    return pd.DataFrame(
        {n: pd.Series(c, dtype=None if _plain(c) else object) for n, c in zip(names, columns, strict=True)}
    )


def _plain(column: list[Any]) -> bool:
    return all(cell is None or (isinstance(cell, (int, float)) and not isinstance(cell, bool)) for cell in column)


def pack(path: Path, content: bytes, packing: str) -> Path:
    packed = path.with_name(path.name + packing)
    if packing == ".zip":
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(path.name, content)
    elif packing == ".xz":
        import lzma

        packed.write_bytes(lzma.compress(content))
    elif packing:
        packed.write_bytes(pa.compress(content, BYTES[packing], asbytes=True) if packing != ".gz" and packing != ".bz2"
                           else __import__(BYTES[packing]).compress(content))  # fmt: skip
    else:
        packed.write_bytes(content)
    return packed


def text_file(rng: random.Random, frame: pd.DataFrame, folder: Path) -> Written:
    """A CSV file in a random dialect, and what pandas reads when it is told the dialect."""
    encoding = rng.choice(["utf-8"] * 5 + ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"])
    separator = rng.choice([",", ",", ",", ";", "\t", "|"])
    ending = rng.choice([".csv", ".csv", ".txt"]) if separator != "\t" else rng.choice([".csv", ".tsv", ".txt"])
    line = rng.choice(["\n", "\n", "\r\n", "\r"])
    decimal = rng.choice([".", ","]) if separator in ";\t" else "."
    writer = rng.choice(["pandas", "pandas", "csv", "arrow"])
    index = writer == "pandas" and rng.random() < 0.1
    quoting = rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
    escape = rng.random() < 0.08 and writer == "pandas"
    if writer == "arrow":
        decimal, line = ".", "\n"
    stream = io.StringIO(newline="")
    if writer == "pandas":
        how: dict[str, Any] = {"doublequote": False, "escapechar": "\\"} if escape else {}
        frame.to_csv(
            stream, sep=separator, lineterminator=line, decimal=decimal, quoting=quoting, index=index,
            na_rep=rng.choice(["", "NA", "NaN"]), **how,
        )  # fmt: skip
        text = stream.getvalue()
    elif writer == "csv":
        plain = csv.writer(stream, delimiter=separator, lineterminator=line, quoting=quoting)
        plain.writerow(frame.columns)
        for row in frame.itertuples(index=False):
            plain.writerow([_cell(cell, decimal) for cell in row])
        text = stream.getvalue()
    else:
        sink = io.BytesIO()
        try:
            table = pa.Table.from_pandas(frame, preserve_index=False)
        except pa.ArrowException:
            table = pa.Table.from_pandas(frame.astype(str), preserve_index=False)
        arrow_csv.write_csv(table, sink, arrow_csv.WriteOptions(delimiter=separator))
        text = sink.getvalue().decode()
    if rng.random() < 0.1:
        text = text + line * 2
    if rng.random() < 0.1:
        text = text.rstrip("\r\n")
    content = text.encode(encoding)
    packing = rng.choice(PACKINGS)
    path = pack(folder / f"t{ending}", content, packing)
    told: dict[str, Any] = {"sep": separator, "decimal": decimal}
    dues = [_pandas(content, encoding, index, told | ({"doublequote": False, "escapechar": "\\"} if escape else {}))]
    if frame.shape[1] == 1:  # no separator to be seen
        dues.append(_pandas(content, encoding, index, {}))
    if not any(kind.kind == "f" for kind in frame.dtypes):  # no decimals to be seen
        dues.append(_pandas(content, encoding, index, told | {"decimal": "."}))
    if escape:  # escapes outside of quotes are as pandas has them when it is not told
        dues.append(_pandas(content, encoding, index, told))
    words = f"{writer} {ending}{packing} {encoding} {separator!r} {line!r} decimal {decimal} quoting {quoting}"
    return Written(words + (" index" if index else "") + (" escapes" if escape else ""), path, (*dues, frame))


def _pandas(content: bytes, encoding: str, index: bool, told: dict[str, Any]) -> pd.DataFrame:
    try:
        return pd.read_csv(
            io.BytesIO(content), encoding=encoding, float_precision="round_trip", index_col=0 if index else None,
            low_memory=False, **told,
        )  # fmt: skip
    except ValueError:
        return pd.DataFrame()


def _cell(cell: Any, decimal: str) -> Any:
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    return str(cell).replace(".", ",") if decimal == "," and isinstance(cell, float) else cell


def typed_file(rng: random.Random, frame: pd.DataFrame, folder: Path) -> Written:
    """A file of a format that keeps types, or some of them."""
    kind = rng.choice(["parquet", "feather", "arrow", "stream", "jsonl", "xlsx"])
    packing = rng.choice(PACKINGS) if kind == "jsonl" else ""
    path = folder / f"t.{'arrow' if kind == 'stream' else kind}"
    if kind == "parquet":
        frame.sample(frac=1.0, random_state=rng.randint(0, 99)).to_parquet(path)
        return Written("parquet with an index", path, (pd.read_parquet(path).reset_index(drop=True),))
    if kind == "xlsx":
        frame.to_excel(path, index=False)
        due = pd.read_excel(path, engine="openpyxl", dtype=object)
        due = due.map(lambda cell: None if isinstance(cell, str) and cell.isspace() else cell)  # workbooks lose them
    elif kind == "jsonl":
        content = frame.to_json(orient="records", lines=True, double_precision=15).encode()
        path = pack(path, content, packing)
        due = pd.read_json(io.BytesIO(content), lines=True, dtype=False, convert_dates=False, precise_float=True)
    else:
        table, due = pa.Table.from_pandas(frame, preserve_index=False), frame
        if kind == "feather":
            feather.write_feather(table, path, compression=rng.choice(["zstd", "lz4", "uncompressed"]))
        else:
            with (pa.ipc.new_file if kind == "arrow" else pa.ipc.new_stream)(path, table.schema) as sink:
                sink.write_table(table)
    return Written(f"{kind}{packing}", path, (due, frame))


def plain(values: Any) -> list[Any]:
    """Cells as they compare: None for none, numbers as float, truth values and text as they are."""
    found = []
    for value in values:
        if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
            found.append(None)
        elif isinstance(value, bool | np.bool_):
            found.append(bool(value))
        elif isinstance(value, int | float | np.number):
            found.append(float(value))
        else:
            found.append(str(value))
    return found


def difference(table: pa.Table, due: pd.DataFrame) -> str:
    """What differs, in words; empty where nothing does."""
    if table.column_names != [str(name) for name in due.columns]:
        return f"columns {table.column_names}, due {list(due.columns)}"
    if table.num_columns == 1:  # pandas takes a line of spaces for a blank one
        table = table.filter(pa.array([not str(cell).isspace() for cell in table.column(0).to_pylist()]))
        due = due[[not str(cell).isspace() for cell in due.iloc[:, 0]]]
    if table.num_rows != len(due):
        return f"{table.num_rows} rows, due {len(due)}"
    for place, name in enumerate(due.columns):
        column = table.column(place)
        if pa.types.is_temporal(column.type):
            mine = plain(pd.to_datetime(pd.Series(column.to_pylist(), dtype=object)).astype(str))
            wanted = plain(pd.to_datetime(due[name], errors="coerce").astype(str))
        else:
            mine, wanted = plain(column.to_pylist()), plain(due[name].tolist())
        for row, (a, b) in enumerate(zip(mine, wanted, strict=True)):
            same = a == b or (isinstance(a, float) and isinstance(b, float) and math.isclose(a, b, rel_tol=1e-14))
            if not same and not (a is None and b in BLANK):
                return f"column {name!r}, row {row + 1}: {a!r:.80}, due {b!r:.80} ({column.type})"
    return ""


BLANK = {"", "None", "NaT", None}


def trial(seed: int, folder: Path) -> tuple[str, str, str]:
    """Verdict (equal, refused, told, different), what was written, and what is to be said of it."""
    rng = random.Random(seed)
    alphabet = LETTERS + rng.choice(["", MARKS]) + rng.choice(["", WESTERN, OTHERS])
    frame = drawn_table(rng, alphabet)
    write = text_file if rng.random() < 0.75 else typed_file
    try:
        written = write(rng, frame, folder)
    except Exception as error:
        return "not written", type(error).__name__, ""
    told: list[str] = []
    try:
        table = read_table(written.path, tell=told.append)
    except InputError as error:
        return "refused", written.words, str(error)
    finally:
        written.path.unlink()
    differ = [difference(table, due) for due in written.due]
    differs = differ[0] if all(differ) else ""
    verdict = "equal" if not differs else "told" if told else "different"
    return verdict, written.words, f"{differs} {told}"


def spellings(seed: int, folder: Path) -> Iterator[tuple[str, Path, pd.DataFrame]]:
    """One table of numbers, words and classes in many spellings."""
    rng = np.random.default_rng(seed)
    n = 40
    frame = pd.DataFrame({
        "size": rng.normal(size=n).round(3), "count": rng.integers(-9, 99, n),
        "colour": rng.choice(["red", "gr\"een", "blue, dark", "zwei\nZeilen"], n), "y": rng.choice(["p", "q"], n),
    })  # fmt: skip
    for ending in (".csv", ".csv.gz", ".csv.bz2", ".csv.xz", ".csv.zst", ".csv.zip"):
        if ending == ".csv.zst":
            pack(folder / "s.csv", frame.to_csv(index=False).encode(), ".zst")
        else:
            frame.to_csv(folder / f"s{ending}", index=False)
        yield ending, folder / f"s{ending}", frame
    for name, how in {
        "semicolons": {"sep": ";", "decimal": ","}, "tabs": {"sep": "\t"}, "bars": {"sep": "|", "encoding": "utf-16"},
        "quoted": {"quoting": csv.QUOTE_ALL, "lineterminator": "\r\n"},
        "escapes": {"doublequote": False, "escapechar": "\\"}, "mark": {"encoding": "utf-8-sig"},
    }.items():  # fmt: skip
        frame.to_csv(folder / f"{name}.csv", index=False, **how)
        yield name, folder / f"{name}.csv", frame
    frame.to_csv(folder / "index.csv")
    frame.to_parquet(folder / "s.parquet", index=True)
    frame.to_feather(folder / "s.feather")
    frame.to_json(folder / "s.jsonl", orient="records", lines=True, double_precision=15)
    frame.to_excel(folder / "s.xlsx", index=False)
    for name in ("index.csv", "s.parquet", "s.feather", "s.jsonl", "s.xlsx"):
        yield name, folder / name, frame


def different_models(seed: int, folder: Path) -> list[str]:
    """The spellings of a table whose model of two epochs is not, bit for bit, that of the first."""
    plan, first, found = Plan(hidden=(4,), epochs=2, engine="plain", seed=1), None, []
    for name, path, _ in spellings(seed, folder):
        table = read_table(path, tell=lambda _: None)
        weights = train_table(prepare(table, "y", plan), plan).model.network.flat.tobytes()
        first = weights if first is None else first
        if weights != first:
            found.append(name)
    return found


def main(count: int, first: int, models: int) -> int:
    counts: Counter[str] = Counter()
    shown = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for seed in range(first, first + count):
            verdict, words, about = trial(seed, folder)
            counts[verdict] += 1
            if verdict in ("different", "told") or (verdict == "refused" and shown < 20):
                shown += verdict == "refused"
                print(f"seed {seed}: {verdict}: {words}: {about:.300}", flush=True)
        other = [name for seed in range(models) for name in different_models(seed, folder)]
    print(f"{count} files: {', '.join(f'{n} {verdict}' for verdict, n in sorted(counts.items()))}")
    print(f"{models} tables in every spelling: {len(other)} other models {' '.join(other)}")
    return 1 if counts["different"] or other else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--models", type=int, default=5)
    given = parser.parse_args()
    sys.exit(main(given.count, given.seed, given.models))
