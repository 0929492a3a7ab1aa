"""What happens on a real server reaches who is to be told: a block of it calls an address of this machine."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
from prefect import flow
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import SyncPrefectClient

from artifacts.errors import InputError
from flows.commands.refresh import Limits, _send
from flows.parts.student_change import StudentChange

pytestmark = pytest.mark.server
_WAIT_SECONDS = 60.0
_QUIET_SECONDS = 1.0


@dataclass
class Listener:
    """A server on a loopback port, and what it was told: a body of each request."""

    url: str = ""
    told: list[dict[str, Any]] = field(default_factory=list)

    def messages(self, number: int) -> list[str]:
        """The messages, once so many have come and no more follow."""
        deadline = time.monotonic() + _WAIT_SECONDS
        while len(self.told) < number:
            assert time.monotonic() < deadline, f"told so far: {self.told}"
            time.sleep(0.1)
        time.sleep(_QUIET_SECONDS)
        return sorted(body["message"] for body in self.told)


@pytest.fixture
def listener() -> Iterator[Listener]:
    heard = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    heard.url = f"http://127.0.0.1:{server.server_port}/"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield heard
    server.shutdown()
    server.server_close()


@pytest.fixture(params=["webhook", pytest.param("custom-webhook", marks=pytest.mark.slow)])
def told(
    request: pytest.FixtureRequest,
    clean: SyncPrefectClient,
    crosstag: Callable[..., tuple[int, str]],
    listener: Listener,
) -> Listener:
    """The automations of `crosstag notices` with a block of each sort: a webhook, and one that sends notifications."""
    if request.param == "webhook":
        Webhook(url=listener.url).save("here", overwrite=True)
    else:
        body = {"message": "{{body}}"}
        CustomWebhookNotificationBlock(name="x", url=listener.url, json_data=body).save("here", overwrite=True)
    code, printed = crosstag("notices", f"{request.param}/here")
    assert code == 0 and printed.count("made: ") == 3
    return listener


def test_a_run_that_fails_and_a_student_that_lost_and_labels_otherwise_are_told_and_nothing_else_is(
    told: Listener,
) -> None:
    record: Any = SimpleNamespace(id="3f2a")

    @flow(name="colada", flow_run_name="tiny")
    def broken() -> None:
        raise InputError('corpus "de.txt": not there')

    @flow(name="refresh", flow_run_name="tiny")
    def refresh(before: float, now: float, changed: int) -> None:
        _send(StudentChange(before, now, 200, changed), "tiny", record, Limits(lost_points=2, changed_percent=10))

    with pytest.raises(InputError):
        broken()
    refresh(0.80, 0.78, 20)  # At both limits, not over them.
    refresh(0.80, 0.75, 42)
    assert told.messages(3) == [
        'colada, tiny: Failed: Flow run encountered an exception: InputError: corpus "de.txt": not there',
        "tiny: the new student has F1 75.0 on source dev, the one before had 80.0 (run 3f2a)",
        "tiny: the new student labels 21.0 % of 200 words of the target text otherwise than the one before (run 3f2a)",
    ]
