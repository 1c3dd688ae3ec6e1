"""The bundled real data sets, as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

BUNDLED = ("digits", "iris", "wine", "breast_cancer", "diabetes")
TARGET = "target"  # name of the target column of each
NUMBERS = ("diabetes",)  # whose target is numbers; that of the others is classes


def bundled(name: str) -> pa.Table:
    """A data set that scikit-learn ships, by one of the names in ``BUNDLED``.

    Its columns are the features under their own names and ``target``: class names for the four data
    sets of classes, numbers for diabetes.
    """
    import pyarrow as pa
    from sklearn import datasets

    loaded = getattr(datasets, f"load_{name}")()
    columns = {str(feature): loaded.data[:, i] for i, feature in enumerate(loaded.feature_names)}
    names = getattr(loaded, "target_names", None)
    target = loaded.target if names is None else names[loaded.target]
    return pa.table(columns | {TARGET: target})
