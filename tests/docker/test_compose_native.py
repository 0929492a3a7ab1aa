"""The processes of the compose file, started here with its settings: the server keeps others out, a worker gets in."""

import httpx
import pytest
from native import Native
from service_runs import ended, start_run

from artifacts.runs import all_runs
from artifacts.store import Store

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


def test_a_server_on_postgresql_and_redis_serves_who_knows_the_secret_and_its_worker_makes_a_run(
    service: Native,
) -> None:
    assert httpx.get(f"{service.url}/api/health", timeout=30).status_code == 200
    for auth in (None, ("admin", "another"), ("", "")):
        refused = httpx.post(f"{service.url}/api/deployments/filter", json={}, auth=auth, timeout=30)
        assert refused.status_code == 401
    names = {each["name"] for each in service.api("/deployments/filter")}
    assert {"tiny", "tiny-expert", "long", "many", "cpu", "gpu"} <= names
    pools = {each["name"]: each["concurrency_limit"] for each in service.api("/work_pools/filter")}
    assert pools["gpu"] == 1 and pools["cpu"] is None and pools["many"] is None
    made = {each["name"] for each in service.api("/automations/filter")}
    assert made == {"crosstag: dead runs are crashed", "crosstag: runs that never begin are crashed"}

    worker = service.start("worker-cpu")
    port = service.environment("worker-cpu")  # another port each time it is asked
    assert port["PREFECT_API_AUTH_STRING"] and worker.poll() is None
    run = start_run(service, "colada/tiny")
    state = ended(service, run, "worker-cpu", "server")
    assert state["type"] == "COMPLETED", service.log("worker-cpu")
    (record,) = all_runs(Store(service.store))
    assert (record.name, record.caller.flow_run, record.state) == ("tiny", run, "done")

    service.start("inspect", CROSSTAG_STORE=str(service.store))
    pages = f"http://127.0.0.1:{service.ports['inspect']}"
    service.wait(lambda: _status(f"{pages}/runs") == 401, "inspect", seconds=120)
    token = service.environment("inspect")["CROSSTAG_INSPECT_TOKEN"]
    shown = httpx.get(f"{pages}/runs", headers={"Authorization": f"Bearer {token}"}, timeout=30)
    assert shown.status_code == 200 and "tiny" in shown.text
    secrets = [service.auth[1], "database-secret", token]
    for log in ("server", "worker-cpu", "inspect"):
        assert not any(secret in service.log(log) for secret in secrets), f"the log of {log} tells a secret"
    for path in service.store.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(secret.encode() in content for secret in secrets), f"{path} tells a secret"


def _status(url: str) -> int:
    try:
        return httpx.get(url, timeout=5).status_code
    except httpx.HTTPError:
        return 0


def test_a_worker_without_the_secret_gets_nothing(service: Native) -> None:
    worker = service.start("worker-many", PREFECT_API_AUTH_STRING="admin:guessed")
    service.wait(lambda: worker.poll() is not None or "401" in service.log("worker-many"), "worker-many", seconds=120)
    assert "401" in service.log("worker-many")
