"""The services of the compose file, started here; skipped, with the reason, where Debian's packages are missing."""

from collections.abc import Iterator

import pytest
from native import Native, missing
from service_runs import write_configurations


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Native]:
    """Server on PostgreSQL and Redis, pools and deployments of `tiny` and `long`; no worker yet."""
    if why := missing():
        pytest.skip(why)
    native = Native(tmp_path_factory.mktemp("service"))
    try:
        write_configurations(native.home)
        native.start_database()
        native.start("server")
        native.run("deploy")
        yield native
    finally:
        native.close()
