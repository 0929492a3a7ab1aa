"""What a Prefect server does by itself: calls dead runs crashed, and tells people of failures and of worse students.

crosstag notices slack-webhook/team       # a block of the server; webhook/..., sendgrid-email/..., ...
"""

from datetime import timedelta

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ActionTypes, CallWebhook, ChangeFlowRunState, SendNotification
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.exceptions import ObjectNotFound

from artifacts.errors import InputError
from flows.commands.pools import server_for

WORSE, RELABELLED = "crosstag.student.worse", "crosstag.student.relabelled"
"""Events of `crosstag refresh`; their payload has a `message`."""
DEAD_AFTER = timedelta(seconds=2 * 180)  # Prefect's runs say every 180 s that they live.
STUCK_AFTER = timedelta(hours=1)  # A process begins in seconds; a container may have to be fetched before.

_ENDS = ("Completed", "Failed", "Crashed", "Cancelled", "Cancelling", "AwaitingRetry", "Paused", "Suspended")
_FAILED = frozenset({"prefect.flow-run.Failed", "prefect.flow-run.Crashed", "prefect.flow-run.TimedOut"})
_RUNS = {"prefect.resource.id": "prefect.flow-run.*"}
_BODY_OF_RUN = "{{ flow.name }}, {{ flow_run.name }}: {{ flow_run.state.name }}: {{ flow_run.state.message }}"
_BODY_OF_STUDENT = "{{ event.payload.message }}"


def dead_runs(within: timedelta = DEAD_AFTER) -> AutomationCore:
    """A run whose process says nothing any more is called crashed, as its machine, or its worker with it, has died."""
    return _crashed(
        "dead runs are crashed",
        "The process of a run is silent for too long; run it again, and it goes on from its checkpoint.",
        after="heartbeat",
        expect=("heartbeat", *_ENDS),
        within=within,
        message="its process has said nothing for too long: killed, or its machine is down; run it again, and it goes "
        "on from its last checkpoint",
    )


def stuck_runs(within: timedelta = STUCK_AFTER) -> AutomationCore:
    """A run that a worker took and that never began is called crashed, as its machine has died meanwhile.

    Until then it takes up one of the runs that its pool makes at a time: in `gpu`, the only one.
    """
    return _crashed(
        "runs that never begin are crashed",
        "A worker took the run, and nothing has begun for too long; run it again.",
        after="Pending",
        expect=("Running", *_ENDS),
        within=within,
        message="a worker took it, and it never began: the worker was killed, or its machine is down; run it again",
    )


def _crashed(
    name: str, description: str, *, after: str, expect: tuple[str, ...], within: timedelta, message: str
) -> AutomationCore:
    """Calls a run crashed of which nothing that is expected is heard in time; events without `prefect.flow-run.`."""
    return AutomationCore(
        name=f"crosstag: {name}",
        description=description,
        trigger=EventTrigger(
            match=_RUNS,
            for_each={"prefect.resource.id"},
            after={f"prefect.flow-run.{after}"},
            expect={f"prefect.flow-run.{event}" for event in expect},
            posture=Posture.Proactive,
            threshold=1,
            within=within,
        ),
        actions=[ChangeFlowRunState(state=StateType.CRASHED, message=message)],
    )


def notices(action: ActionTypes, action_of_student: ActionTypes) -> list[AutomationCore]:
    """Who is told what: of runs that failed or crashed, of students that lost on source dev or changed many labels."""
    return [
        _notice("runs that failed", _FAILED, _RUNS, action),
        _notice("students that are worse on source dev", frozenset({WORSE}), {}, action_of_student),
        _notice("students that label many words otherwise", frozenset({RELABELLED}), {}, action_of_student),
    ]


def make(client: SyncPrefectClient, wanted: list[AutomationCore]) -> list[str]:
    """Makes the automations that are not there by name; those that are stay as a person may have changed them.

    Returns:
        The names of the new ones.
    """
    there = {each.name for each in client.read_automations()}
    new = [each for each in wanted if each.name not in there]
    for each in new:
        client.create_automation(each)
    return [each.name for each in new]


def make_notices(block: str) -> None:
    """Makes automations that tell people by a block of the server, and says which.

    Args:
        block: type and name of a notification or webhook block, such as slack-webhook/team.

    Raises:
        InputError: if the server has no such block, or does not answer.
    """
    kind, slash, name = block.partition("/")
    if not slash or not kind or not name:
        raise InputError(f"notices {block}: expected the type and the name of a block, such as slack-webhook/team")
    with server_for("notices") as client:
        try:
            found = client.read_block_document_by_name(name, kind)
        except ObjectNotFound:
            raise InputError(
                f"notices {block}: the server has no such block; make one on its page Blocks, of a type that sends "
                "notifications (slack-webhook, sendgrid-email, ...) or of the type webhook"
            ) from None
        wanted = notices(*(_action(kind, found.id, body) for body in (_BODY_OF_RUN, _BODY_OF_STUDENT)))
        new = make(client, wanted)
    for each in wanted:
        print(f"{'made' if each.name in new else 'there already'}: {each.name}")


def _action(kind: str, block: object, body: str) -> ActionTypes:
    if kind == "webhook":
        return CallWebhook(block_document_id=block, payload=f'{{"message": {{{{ ({_joined(body)}) | tojson }}}}}}')
    return SendNotification(block_document_id=block, subject="Crosstag", body=body)


def _joined(body: str) -> str:
    """A template's text as an expression of Jinja."""
    parts = [part for piece in body.split("{{") for part in piece.split("}}")]
    return " ~ ".join(part.strip() if place % 2 else f'"{part}"' for place, part in enumerate(parts) if part)


def _notice(what: str, events: frozenset[str], match: dict[str, str], action: ActionTypes) -> AutomationCore:
    trigger = EventTrigger(match=match, expect=set(events), posture=Posture.Reactive, threshold=1)
    return AutomationCore(name=f"crosstag: {what} are told", description="", trigger=trigger, actions=[action])
