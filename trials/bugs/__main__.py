"""Bugs of real backward passes: is the wrong array found, is the cause named, and is none named for random arrays?

    python -m trials.bugs --seed 0 [--json] [--only MASK] [--noise 1000]

Every kind is drawn in several settings: depths 2 to 4, sizes that all differ or that are equal, with the gradients by
units handed over or only those of W and b. Exits with 1 where a bar is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass

import numpy as np

from chainrule.auditing.code import audit_gradients
from chainrule.auditing.records import ACCEPTED
from chainrule.network.network import Network
from trials.bugs.kinds import KINDS, Kind
from trials.bugs.noise import noise
from trials.bugs.passes import Pass, Setting

SETTINGS = 6  # of each kind
FOUND, NAMED = 1.0, 0.95


@dataclass(frozen=True)
class Outcome:
    """One setting of one kind."""

    kind: str
    found: bool
    named: bool
    first: bool
    said: str
    shown: bool = True


def setting(kind: Kind, rng: np.random.Generator, number: int) -> Setting:
    """A network and examples for a kind; every second with the gradients by units."""
    depth = int(rng.integers(3 if kind.deep else 2, 5))
    if kind.square or (number % 3 == 2 and not kind.unequal):
        sizes = [int(rng.integers(3, 6))] * (depth + 1)
    else:
        sizes = [int(s) for s in rng.permutation(np.arange(3, 8))[: depth + 1]]
    n = sizes[0] if kind.same else int(rng.integers(4, 8) if kind.few else rng.integers(8, 14))
    net = Network.random(sizes, kind.hidden, kind.output, kind.loss, seed=int(rng.integers(2**31)))
    net = Network(
        [W * 1.0 for W in net.weights], [rng.normal(size=b.shape) * 0.5 for b in net.biases], kind.hidden, kind.output,
        kind.loss,
    )  # fmt: skip
    x, k = rng.normal(size=(n, sizes[0])), sizes[-1]
    y: np.ndarray = rng.integers(0, k, n)
    if kind.output == "sigmoid":
        y = rng.integers(0, 2, (n, k)).astype(float)
    elif kind.output == "identity":
        y = rng.normal(size=(n, k))
    layer = depth if kind.last else int(rng.integers(1, depth))
    weights = rng.uniform(0.5, 2.0, n) if kind.weighted else np.ones(n)
    return Setting(net, kind.hidden, x, y, float(rng.choice([0.05, 0.2, 0.5])), number % 2 == 1, layer, weights)


def outcome(kind: Kind, seed: int, number: int) -> Outcome:
    """What is said of one setting."""
    rng = np.random.default_rng((seed, number, *map(ord, kind.id)))
    for _ in range(20):
        s = setting(kind, rng, number)
        wrong, same = Pass(s), Pass(s)
        for one in (wrong, same) if kind.base is not None else ():
            kind.base(one, s.layer)
        kind.apply(wrong, s.layer)
        given, right = wrong.run(), same.run()
        if any(not np.allclose(given[k], right[k], 1e-4, 1e-7) for k in given):
            break
    audit = audit_gradients(
        s.network, s.x, s.y, given, s.weights if kind.weighted else None,
        forward={f"h_{i}": wrong.h[i] for i in wrong.shown} or None,
        learning_rate=s.rate if number % 4 < 2 else None,
    )  # fmt: skip
    if audit.ok and audit.conventions:  # minus the gradient all over is a convention
        return Outcome(kind.id, True, True, True, audit.conventions[0].words)
    bad = [line for line in audit.lines if line.verdict not in (*ACCEPTED, "follows")]
    differ = [
        line.name for line in audit.lines if line.name in given
        and not np.allclose(np.reshape(given[line.name], -1), np.reshape(right[line.name], -1), 1e-4, 1e-8)
    ]  # fmt: skip
    found = bool(bad) and bad[0].name == differ[0]
    mistakes = bad[0].mistakes if bad else ()
    named = any(_names(id, kind.causes) for id in mistakes[:3])
    first = bool(mistakes) and _names(mistakes[0], kind.causes)
    said = f"{bad[0].name}: {' | '.join(f.words for f in bad[0].found)}" if bad else "nothing"
    return Outcome(kind.id, found, named, first, said)


def _names(id: str, causes: tuple[str, ...]) -> bool:
    return any(id == cause or sorted(id.split("+")) == sorted(cause.split("+")) for cause in causes)


def main() -> int:
    """Run the trial."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--settings", type=int, default=SETTINGS, help="of each kind")
    parser.add_argument(
        "--noise", type=int, default=1000, help="random arrays, and as many sets with one array changed"
    )
    parser.add_argument("--only", default="", help="kinds whose name has this in it")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--show", type=int, default=0, help="print so many settings that went wrong")
    a = parser.parse_args()
    kinds = [kind for kind in KINDS if a.only in kind.id]
    rows = {kind.id: [outcome(kind, a.seed, i) for i in range(a.settings)] for kind in kinds}
    every = [o for row in rows.values() for o in row]
    chance = noise(a.noise, a.seed)
    found, named, first = (float(np.mean([getattr(o, key) for o in every])) for key in ("found", "named", "first"))
    if a.json:
        print(json.dumps({"outcomes": [asdict(o) for o in every], "noise": asdict(chance)}, ensure_ascii=False))
    else:
        for id, row in rows.items():
            shares = "".join(f"{np.mean([getattr(o, k) for o in row]):7.2f}" for k in ("found", "named", "first"))
            print(f"{id:34}{shares}  {row[0].said[:110]}")
        for o in [o for o in every if not o.named or not o.found][: a.show]:
            print("---", o)
        print(f"{len(rows)} kinds, {len(every)} settings: found {found:.3f}, named {named:.3f}, first {first:.3f}")
        print(chance)
    return int(found < FOUND or named < NAMED or bool(chance.named or chance.accused))


if __name__ == "__main__":
    sys.exit(main())
