"""What a server does by itself: who is told of what; made once, and left as a person wants it."""

from collections.abc import Callable

import pytest
from jinja2 import Template
from prefect.blocks.notifications import SlackWebhook
from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import SyncPrefectClient
from prefect.events.actions import CallWebhook, ChangeFlowRunState, SendNotification

from flows.commands.automations import dead_runs, make, stuck_runs

pytestmark = pytest.mark.server


def test_runs_that_say_nothing_any_more_are_crashed_and_the_automation_is_made_once(clean: SyncPrefectClient) -> None:
    assert make(clean, [dead_runs()]) == ["crosstag: dead runs are crashed"]
    assert make(clean, [dead_runs()]) == []
    (made,) = clean.read_automations_by_name("crosstag: dead runs are crashed")
    assert made.enabled and made.trigger.within.total_seconds() == 360
    assert made.trigger.after == {"prefect.flow-run.heartbeat"} and "prefect.flow-run.Completed" in made.trigger.expect
    (action,) = made.actions
    assert isinstance(action, ChangeFlowRunState) and action.state.value == "CRASHED"


def test_runs_that_a_worker_took_and_that_never_began_give_their_place_in_the_pool_back(
    clean: SyncPrefectClient,
) -> None:
    assert make(clean, [dead_runs(), stuck_runs()])[1:] == ["crosstag: runs that never begin are crashed"]
    (made,) = clean.read_automations_by_name("crosstag: runs that never begin are crashed")
    assert made.enabled and made.trigger.within.total_seconds() == 3600
    assert made.trigger.after == {"prefect.flow-run.Pending"} and made.trigger.for_each == {"prefect.resource.id"}
    assert {"prefect.flow-run.Running", "prefect.flow-run.Cancelled"} <= made.trigger.expect
    (action,) = made.actions
    assert isinstance(action, ChangeFlowRunState) and action.state.value == "CRASHED"


def test_people_are_told_by_a_block_of_the_server(
    clean: SyncPrefectClient, crosstag: Callable[..., tuple[int, str]]
) -> None:
    SlackWebhook(url="https://hooks.slack.example/x").save("team", overwrite=True)
    code, printed = crosstag("notices", "slack-webhook/team")
    assert code == 0 and printed.count("made: ") == 3
    assert crosstag("notices", "slack-webhook/team")[1].count("there already: ") == 3
    made = {each.name: each for each in clean.read_automations()}
    worse = made["crosstag: students that are worse on source dev are told"]
    assert worse.trigger.expect == {"crosstag.student.worse"}
    assert isinstance(worse.actions[0], SendNotification) and worse.actions[0].body == "{{ event.payload.message }}"
    failed = made["crosstag: runs that failed are told"]
    assert {"prefect.flow-run.Failed", "prefect.flow-run.Crashed"} <= failed.trigger.expect


def test_a_webhook_gets_json(clean: SyncPrefectClient, crosstag: Callable[..., tuple[int, str]]) -> None:
    Webhook(url="https://hooks.example/x").save("hook", overwrite=True)
    assert crosstag("notices", "webhook/hook")[0] == 0
    made = {each.name: each for each in clean.read_automations()}
    action = made["crosstag: students that label many words otherwise are told"].actions[0]
    assert isinstance(action, CallWebhook)
    said = Template(action.payload).render(event={"payload": {"message": 'a "b"'}})
    assert said == '{"message": "a \\"b\\""}'
    action = made["crosstag: runs that failed are told"].actions[0]
    assert isinstance(action, CallWebhook)
    state = {"name": "Failed", "message": "no 'x'"}
    said = Template(action.payload).render(flow={"name": "colada"}, flow_run={"name": "r", "state": state})
    assert said == '{"message": "colada, r: Failed: no \\u0027x\\u0027"}'


@pytest.mark.parametrize("block", ["nothing", "slack-webhook/nobody", "/x"])
def test_a_block_that_is_not_there_is_told(
    clean: SyncPrefectClient, crosstag: Callable[..., tuple[int, str]], block: str
) -> None:
    code, told = crosstag("notices", block)
    assert code == 2 and f"notices {block}: " in told
    assert not clean.read_automations()
