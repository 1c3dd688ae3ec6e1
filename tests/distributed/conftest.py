"""One cluster for all tests of fits, two workers, and one with one and with three; all are threads of this process."""

import pytest

from tests.support.clusters import cluster


@pytest.fixture(scope="session")
def client():
    with cluster(2) as made:
        yield made


@pytest.fixture(scope="session")
def clients(client):
    with cluster(1) as one, cluster(3) as three:
        yield one, client, three
