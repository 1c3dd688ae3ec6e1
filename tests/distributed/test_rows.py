"""Rows on the workers: that they stay, in which order they are added, what is refused of them, and what is left."""

import pickle
import time
import warnings

import dask
import dask.array as da
import distributed
import numpy as np
import pytest
from dask.sizeof import sizeof
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import chainrule as cr
from chainrule.distributed import MLPClassifier, MLPRegressor, versions
from chainrule.distributed.arranging import arrange
from chainrule.distributed.blocks import Halves, RowBlocks, joined
from chainrule.distributed.exact import gradient_of_block
from chainrule.distributed.modes import Looked, choose
from chainrule.distributed.partitions import partitions
from chainrule.distributed.prepare import Preparation, prepare_block
from chainrule.distributed.summary import PartitionSplit
from chainrule.distributed.work import Work
from tests.support.clusters import TOGETHER, bitwise, divided, table
from tests.support.sample import draws

pytestmark = [*TOGETHER]
pytestmark.append(pytest.mark.filterwarnings("ignore:Stochastic Optimizer:sklearn.exceptions.ConvergenceWarning"))
pytestmark.append(pytest.mark.filterwarnings("ignore:lbfgs failed:sklearn.exceptions.ConvergenceWarning"))

X, Y = table()
SMALL = {"hidden_layer_sizes": (5,), "activation": "tanh", "random_state": 3, "max_iter": 2}
HOW = Preparation(None, None, np.arange(3), 3, None, "cross_entropy", (0.0, 1.0), np.float64)
NOBODY = PartitionSplit(0, 0.0)


# ---------------------------------------------------------------- blocks and the order of sums


@draws(60)
@given(st.lists(st.integers(0, 50), min_size=1, max_size=300), st.integers(1, 9))
def test_blocks_are_all_partitions_in_order_and_seats_neighbours(rows, seats):
    ranges = joined(rows, 8)
    assert [i for places in ranges for i in places] == list(range(len(rows)))
    most = max(sum(rows) / 128, max(rows))
    assert all(sum(rows[i] for i in places) <= most for places in ranges)
    order = Halves(rows)
    found = [order.seat(i, seats) for i in range(len(rows))]
    assert found == sorted(found)
    assert 0 <= found[0] <= found[-1] < seats


@draws(60)
@given(st.lists(st.integers(0, 1000), min_size=2, max_size=200))
def test_both_halves_of_a_sum_are_about_as_large(rows):
    order = Halves(rows)
    middle = order.middle(0, len(rows))
    assert 0 < middle < len(rows)
    largest = (max(rows) + 1) / (sum(rows) + len(rows))
    assert abs(order.weight(0, middle) - 0.5) <= largest / 2 + 1e-12 or middle in (1, len(rows) - 1)

    def leaves(tree):
        return [tree] if isinstance(tree, int) else leaves(tree[0]) + leaves(tree[1])

    assert leaves(order.tree(0, len(rows))) == list(range(len(rows)))


def test_rows_stay_where_they_are_and_a_worker_adds_its_own(client):
    """Two workers: each partition on one, its size known; of a step, a task a worker and one that adds."""
    work, rows = Work(client), 20_000
    x, y = (da.from_array(a, chunks=(rows, *a.shape[1:])) for a in table(4 * rows))
    net = cr.Network.random([6, 4, 3], seed=0).summed()
    with work:
        parts = partitions(x, y).parts
        blocks = arrange(work, parts, [rows] * 4, 64, True, prepare_block, HOW, NOBODY).learn
        like = work.send(net)
        distributed.wait(distributed.futures_of(list(blocks.tasks)))
        whole = [work.total("gradient", gradient_of_block, blocks, net.flat, like) for _ in range(4)]
        futures = distributed.futures_of(list(blocks.tasks))
        assert all(len(workers) == 1 for workers in client.who_has(futures).values())
        assert work.holders(blocks)[0] == work.holders(blocks)[1] != work.holders(blocks)[2]
        assert sizeof(futures[0].result()) >= rows * 7 * 8
        keys = client.run_on_scheduler(lambda dask_scheduler: [str(key) for key in dask_scheduler.tasks])
        assert len([key for key in keys if key.startswith("prepare")]) == 4
    ready = [prepare_block([part.compute(scheduler="sync")], HOW, NOBODY) for part in parts]
    sums = [gradient_of_block(part, net.flat, net) for part in ready]
    assert Halves(blocks.rows).tree(0, 4) == ((0, 1), (2, 3))
    assert np.array_equal(whole[-1].grad, ((sums[0] + sums[1]) + (sums[2] + sums[3])).grad)


def test_many_small_partitions_are_few_tasks(client):
    """A sum of small results has one task for many; its value is that of all."""
    with Work(client) as work:
        blocks = RowBlocks.of([dask.delayed(X[i : i + 1]) for i in range(30)])
        assert [work.total("rows", len, blocks, fan=fan) for fan in (2, 8, 64)] == [30] * 3
    assert len(joined([1] * 1200, 8)) < 1200 / 8


# ---------------------------------------------------------------- what a model and a failed fit leave


def test_a_model_travels_once_whatever_the_partitions(client):
    est = MLPClassifier(**SMALL | {"hidden_layer_sizes": (3000,)}, client=client).fit(divided(X[:40], (20, 20)), Y[:40])
    lazy = est.predict_proba(da.from_array(X, chunks=(5, 6)))
    model = len(pickle.dumps(est))
    assert len(pickle.dumps(lazy.__dask_graph__())) < 2 * model


def test_predictions_of_a_frame_have_its_index(client):
    import dask.dataframe as dd
    import pandas as pd

    frame = pd.DataFrame(X, columns=list("abcdef"), index=np.arange(len(X)) * 3 + 7).assign(y=Y)
    lazy = dd.from_pandas(frame, npartitions=3)
    x = lazy[list("abcdef")]
    est = MLPClassifier(**SMALL, client=client).fit(x, lazy["y"])
    found = est.predict(x).compute()
    assert isinstance(found, pd.Series)
    assert found.index.equals(frame.index)
    assert np.array_equal(found, cr.MLPClassifier.predict(est, frame[list("abcdef")]))
    assert est.predict_proba(x).compute().columns.tolist() == [0, 1, 2]
    numbers = MLPRegressor(**SMALL, client=client).fit(x, lazy["a"]).predict(x)
    assert numbers.compute().index.equals(frame.index)


def _tasks(dask_scheduler):
    return len(dask_scheduler.tasks)


def test_a_failed_fit_lets_go_of_its_rows(client):
    """Although the error, and with it all that its traceback refers to, is kept."""
    bad = X.copy()
    bad[200, 2] = np.nan
    errors, before = [], client.run_on_scheduler(_tasks)
    for shift in range(2):
        with pytest.raises(cr.InputError, match="column 3") as error:
            MLPClassifier(**SMALL, persist=True, client=client).fit(divided(bad + shift), divided(Y))
        errors.append(error)
    MLPClassifier(**SMALL, client=client).fit(divided(X), divided(Y))
    until = time.monotonic() + 20
    while client.run_on_scheduler(_tasks) > before and time.monotonic() < until:
        time.sleep(0.02)
    assert client.run_on_scheduler(_tasks) <= before


# ---------------------------------------------------------------- partitions that differ


def _frames(*frames, meta):
    import dask.dataframe as dd

    return dd.from_delayed([dask.delayed(frame) for frame in frames], meta=meta, verify_meta=False)


def test_columns_in_another_order_are_put_in_order(client):
    import pandas as pd

    columns = list("abcdef")
    frame = pd.DataFrame(X[:200], columns=columns)
    y = da.from_array(Y[:200], chunks=100)
    one, two = frame.iloc[:100], frame.iloc[100:]
    fits = [
        MLPClassifier(**SMALL, standardize=True, client=client).fit(_frames(one, second, meta=frame.head(0)), y)
        for second in (two, two[columns[::-1]])
    ]
    assert bitwise(*fits)
    other = _frames(one, two[columns[::-1]], meta=frame.head(0))
    assert np.array_equal(fits[0].predict(other).compute(), cr.MLPClassifier.predict(fits[0], frame))
    for wrong, says in (
        (two[columns[:5]], "partition 2 of 2: X: expected the columns a, b, c, d, e, f; got no column 'f'"),
        (two.assign(g=1.0), "partition 2 of 2: X: expected the columns a, b, c, d, e, f; got the column 'g'"),
        (two.assign(c=None), "partition 2 of 2: column 'c': expected numbers; got no value in any row"),
    ):
        with pytest.raises(cr.InputError, match=says):
            MLPClassifier(**SMALL, client=client).fit(_frames(one, wrong, meta=frame.head(0)), y)


def test_folders_names_that_are_numbers_are_inputs(client):
    import pandas as pd

    frame = pd.DataFrame(X[:100], columns=list("abcdef"))
    year = np.repeat([2023, 2024], 50)
    y = da.from_array(Y[:100], chunks=50)
    fits = []
    for column in (pd.Categorical(year), year):
        given = frame.assign(year=column)
        fits.append(MLPClassifier(**SMALL, client=client).fit(_frames(given[:50], given[50:], meta=given.head(0)), y))
    assert bitwise(*fits)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda x, y: (np.ma.masked_greater(x, 30), y), "partition 2 of 2: X: expected values in every place"),
        (lambda x, y: (x, np.ma.masked_equal(y, 1)), "partition 2 of 2: y: expected values in every place"),
        (
            lambda x, y: (sparse.csr_array(x), y),
            "partition 2 of 2: X: expected dense arrays",
        ),
        (lambda x, y: (x, y.astype(str)), "partition 2 of 2: y: expected numbers, as in partition 1 of 2; got text"),
    ],
    ids=["mask", "mask-of-y", "sparse", "types"],
)
def test_what_a_block_should_not_be_is_said_with_its_partition(client, change, says):
    halves = [(X[:50], Y[:50]), change(X[50:100], Y[50:100])]
    x, y = (
        da.concatenate(
            [
                da.from_delayed(dask.delayed(half[i], traverse=False), (50, *like.shape[1:]), like.dtype)
                for half in halves
            ]
        )
        for i, like in enumerate((X, Y))
    )
    with pytest.raises(cr.InputError, match=says):
        MLPClassifier(**SMALL, client=client).fit(x, y)


# ---------------------------------------------------------------- modes


def test_sorted_rows_are_dealt_so_that_each_shard_is_like_the_whole(client):
    x, y = table(3000, 6)
    sort = np.argsort(y, kind="stable")
    given = [da.from_array(a[sort], chunks=(250, *a.shape[1:])) for a in (x, y)]
    with Work(client) as work:
        parts = partitions(*given).parts
        arranged = arrange(
            work, parts, [250] * 12, 64, True, prepare_block, HOW, NOBODY, shards=lambda blocks: 4, seed=1
        )
        shards = [each.learn for each in client.gather(distributed.futures_of(list(arranged.learn.tasks)))]
    assert [len(shard) for shard in shards] == [750] * 4 == list(arranged.learn.rows)
    assert np.array_equal(np.sort(np.concatenate([shard.x[:, 0] for shard in shards])), np.sort(x[:, 0]))
    for shard in shards:
        assert np.allclose(np.bincount(shard.y) / 750, np.bincount(y) / 3000, atol=0.05)


def test_sorted_rows_are_noticed_mixed_and_learnt(client):
    x, y = table(3000, 8)
    sort = np.argsort(y, kind="stable")
    given = [da.from_array(a[sort], chunks=(250, *a.shape[1:])) for a in (x, y)]
    more = {
        "batch_size": 32,
        "standardize": True,
        "learning_rate_init": 0.01,
        "max_iter": 4,
        "hidden_layer_sizes": (16,),
    }
    with pytest.warns(
        UserWarning, match=r"partitions differ in y \(\d+% of its variation is between them\): rows are mix"
    ):
        rounds = MLPClassifier(**SMALL | more, mode="rounds", local_steps=10, client=client).fit(*given)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "the partitions differ")
        auto = MLPClassifier(**SMALL | more, mode="auto", client=client).fit(*given)
        MLPClassifier(**SMALL | more, mode="rounds", client=client).fit(
            da.from_array(x, chunks=(250, 8)), da.from_array(y, chunks=250)
        )
    assert auto.mode_ == "minibatches"
    assert "keep all rows" in auto.mode_reason_
    with pytest.warns(UserWarning, match="expect a poor model"):
        MLPClassifier(**SMALL | more | {"max_iter": 1}, mode="rounds", persist=False, client=client).fit(*given)
    assert rounds.score(x, y) < auto.score(x, y) > 0.85
    with pytest.raises(cr.InputError, match="mode minibatches: expected rows that the workers keep"):
        MLPClassifier(**SMALL, mode="minibatches", persist=False, client=client).fit(*given)


@pytest.mark.parametrize(
    ("looked", "lbfgs", "dropout", "mode"),
    [
        (Looked(True, 0.9, "y"), True, False, "exact"),
        (Looked(True, 0.9, "y"), False, True, "rounds"),
        (Looked(True, 0.9, "y"), False, False, "minibatches"),
        (Looked(False, 0.9, "y"), False, False, "exact"),
        (Looked(False, 0.0, "y"), False, False, "rounds"),
    ],
)
def test_the_mode_that_fits_is_chosen_and_why(looked, lbfgs, dropout, mode):
    chosen = choose("auto", looked, lbfgs, dropout)
    assert chosen.mode == mode
    assert chosen.why


def test_a_minibatch_is_one_of_one_machine(client):
    """One minibatch of all rows an epoch: the steps of one machine, to rounding."""
    z = (X - X.mean(0)) / X.std(0)
    settings = SMALL | {"batch_size": len(z), "alpha": 0.1, "learning_rate_init": 0.05, "shuffle": False}
    mine = MLPClassifier(**settings, mode="minibatches", client=client).fit(
        da.from_array(z, chunks=(45, 6)), da.from_array(Y, chunks=45)
    )
    theirs = cr.MLPClassifier(**settings).fit(z, Y)
    assert np.allclose(mine.loss_curve_, theirs.loss_curve_, rtol=1e-11)
    for a, b in zip(mine.coefs_, theirs.coefs_, strict=True):
        assert np.allclose(a, b, rtol=1e-8, atol=1e-11)


def test_another_version_on_a_worker_is_refused_before_anything_starts(client, monkeypatch):
    found = client.get_versions(packages=list(versions.NEEDED))
    worker = sorted(found["workers"])[1]
    found["workers"][worker]["packages"] = found["workers"][worker]["packages"] | {"numpy": None}
    monkeypatch.setattr(type(client), "get_versions", lambda self, packages: found)
    with pytest.raises(cr.InputError, match=rf"the worker {worker}: expected numpy .*, as here.*; got no numpy"):
        MLPClassifier(**SMALL, client=client).fit(divided(X), divided(Y))
