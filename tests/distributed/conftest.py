"""One cluster for all tests of fits, two workers; and one with one worker, one with three. All are threads here."""

import pytest

from tests.support.clusters import cluster


@pytest.fixture(scope="session")
def client():
    with cluster(2) as made:
        yield made


@pytest.fixture(scope="session")
def clients():
    with cluster(1) as one, cluster(3) as three:
        yield one, three
