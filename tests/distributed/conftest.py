"""One cluster for all tests of fits: two workers, threads of this process."""

import pytest

from tests.support.clusters import cluster


@pytest.fixture(scope="session")
def client():
    with cluster(2) as made:
        yield made
