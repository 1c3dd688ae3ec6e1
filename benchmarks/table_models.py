"""What is compared on tables: chainrule's presets and others, each by its defaults, behind one interface."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # else threads of others spin where the cores are shared
LEVEL = 0.9  # of intervals


@dataclass(frozen=True)
class Task:
    """Rows to learn from and rows to predict; classes are numbers from 0."""

    train: pd.DataFrame
    y: np.ndarray
    test: pd.DataFrame
    classes: int
    seed: int
    threads: int


@dataclass(frozen=True)
class Answer:
    """Probabilities (n, classes) or numbers (n,) of the test rows.

    Attributes:
        seconds: of learning and predicting. processor: the same, added up over all threads.
        low, high: ends of intervals, of a model that gives some.
    """

    yhat: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    seconds: float = 0.0
    processor: float = 0.0


def _fitted(model: Any, task: Task, train: Any, test: Any) -> np.ndarray:
    model.fit(train, task.y)
    if not task.classes:
        return np.asarray(model.predict(test), float).ravel()
    found = np.zeros((len(task.test), task.classes))  # a class may be missing among the rows
    found[:, np.asarray(model.classes_, int)] = model.predict_proba(test)
    return found


def _mlp(task: Task) -> np.ndarray:
    """Inputs and target standardised, categories as 0 and 1."""
    from sklearn.compose import TransformedTargetRegressor, make_column_selector, make_column_transformer
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    encode = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), make_column_selector(dtype_include="category")),
        remainder=StandardScaler(),
    )
    if task.classes:
        return _fitted(make_pipeline(encode, MLPClassifier(random_state=task.seed)), task, task.train, task.test)
    network = TransformedTargetRegressor(MLPRegressor(random_state=task.seed), transformer=StandardScaler())
    return _fitted(make_pipeline(encode, network), task, task.train, task.test)


def _trees(task: Task) -> np.ndarray:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingClassifier if task.classes else HistGradientBoostingRegressor
    return _fitted(kind(categorical_features="from_dtype", random_state=task.seed), task, task.train, task.test)


def _lightgbm(task: Task) -> np.ndarray:
    from lightgbm import LGBMClassifier, LGBMRegressor

    kind = LGBMClassifier if task.classes else LGBMRegressor
    return _fitted(kind(n_jobs=task.threads, random_state=task.seed, verbose=-1), task, task.train, task.test)


def _pytabkit(name: str) -> Callable[[Task], np.ndarray]:
    def run(task: Task) -> np.ndarray:
        import pytabkit

        kind = getattr(pytabkit, f"{name}_{'Classifier' if task.classes else 'Regressor'}")
        return _fitted(kind(device="cpu", n_threads=task.threads, random_state=task.seed), task, task.train, task.test)

    return run


def _preset(name: str) -> Callable[[Task], Answer]:
    def run(task: Task) -> Answer:
        import pyarrow as pa

        from chainrule.tables.plan import Plan
        from chainrule.tables.prepared import prepare
        from chainrule.tables.presets.table import train_preset

        y = [f"c{number:03}" for number in task.y] if task.classes else task.y
        train, test = (
            pa.Table.from_pandas(part.astype(dict.fromkeys(part.select_dtypes("category"), str)), preserve_index=False)
            for part in (task.train, task.test)
        )
        train = train.append_column("target_", pa.array(y))
        plan = Plan(
            test=0.0, seed=task.seed, threads=task.threads, task="classification" if task.classes else "regression"
        )
        trained = train_preset(prepare(train, "target_", plan), plan, name)
        answers = trained.model.predict(test, None if task.classes else LEVEL)
        return Answer(answers.yhat, answers.low, answers.high)

    return run


@dataclass(frozen=True)
class Contestant:
    """One model: what needs to be installed, and how it is run."""

    label: str
    package: str
    run: Callable[[Task], Any]

    def answer(self, task: Task) -> Answer:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            began, busy = time.perf_counter(), time.process_time()
            found = self.run(task)
            found = found if isinstance(found, Answer) else Answer(found)
            return replace(found, seconds=time.perf_counter() - began, processor=time.process_time() - busy)

    def warm(self) -> None:
        """Load what it needs, which is not timed: learn from a few rows."""
        y = np.arange(60) % 2
        frame = pd.DataFrame({"a": y + np.linspace(0, 1, 60), "b": np.linspace(0, 1, 60) ** 2})
        self.answer(Task(frame, y, frame, 2, 0, 1))

    def missing(self) -> bool:
        return find_spec(self.package) is None


MODELS: dict[str, Contestant] = {
    "fast": Contestant("chainrule fast", "chainrule", _preset("fast")),
    "good": Contestant("chainrule good", "chainrule", _preset("good")),
    "best": Contestant("chainrule best", "chainrule", _preset("best")),
    "mlp": Contestant("scikit-learn MLP", "sklearn", _mlp),
    "trees": Contestant("HistGradientBoosting", "sklearn", _trees),
    "lightgbm": Contestant("LightGBM", "lightgbm", _lightgbm),
    "realmlp": Contestant("RealMLP-TD", "pytabkit", _pytabkit("RealMLP_TD")),
    "tabm": Contestant("TabM-D", "pytabkit", _pytabkit("TabM_D")),
}
