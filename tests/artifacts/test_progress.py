"""What is told of a long step, by a clock that the test turns."""

import logging
from uuid import UUID, uuid4

import pytest
from httpx import ConnectError, HTTPStatusError, Request, Response

import artifacts.progress
from artifacts.progress import Pace, progress


class Clock:
    """Seconds, as the test sets them."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_line_tells_what_is_done_how_fast_and_what_is_left() -> None:
    pace = Pace("training", 960, "updates", 0.0)
    assert not pace.advance(1, 1.0)
    # From second 1 to 31, 120 more: 4 a second; 960 - 121 = 839 are left, which takes 839 / 4 = 209.75 s.
    assert pace.advance(120, 31.0)
    assert pace.line(31.0) == "training: 121 of 960 updates, 4.0 a second, 3 min 30 s left"


def test_slow_steps_count_by_the_minute_and_long_ones_by_the_hour() -> None:
    pace = Pace("translating", 1_500, "texts", 0.0)
    pace.advance(0, 0.0)
    pace.advance(10, 40.0)
    # 10 in 40 s are 15 a minute; 1,490 left take 5,960 s = 1 h 39 min 20 s.
    assert pace.line(40.0) == "translating: 10 of 1,500 texts, 15.0 a minute, 1 h 39 min left"


def test_what_a_killed_run_had_made_does_not_count_for_the_rate() -> None:
    pace = Pace("training", 1000, "updates", 0.0)
    pace.advance(800, 0.5)  # The checkpoint's.
    pace.advance(60, 30.5)
    assert pace.line(30.5) == "training: 860 of 1,000 updates, 2.0 a second, 1 min 10 s left"


def test_a_first_advance_that_comes_late_has_a_rate() -> None:
    pace = Pace("labelling", 300, "sentences", 0.0)
    assert pace.advance(100, 50.0)
    assert pace.line(50.0) == "labelling: 100 of 300 sentences, 2.0 a second, 1 min 40 s left"


def test_a_pipe_gets_a_line_every_thirty_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with progress("train_tagger · source", "training", 100, "updates", in_flow=False, clock=clock) as advance:
        for second in range(100, 166):
            clock.now = float(second)
            advance(1)
    assert capsys.readouterr().err.splitlines() == [
        "train_tagger · source: training: 31 of 100 updates, 1.0 a second, 1 min 09 s left",
        "train_tagger · source: training: 61 of 100 updates, 1.0 a second, 39 s left",
    ]


def test_a_short_step_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with progress("decode", "decoding", 2, "sentences", in_flow=False, clock=clock) as advance:
        clock.now += 29.0
        advance(2)
    assert capsys.readouterr().err == ""


def test_in_a_flow_the_line_goes_to_the_log_of_the_run(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(artifacts.progress, "get_run_logger", lambda: logging.getLogger("run"))
    monkeypatch.setattr(artifacts.progress, "create_progress_artifact", lambda **shown: None)
    clock = Clock()
    caplog.set_level(logging.INFO, logger="run")
    with progress("train_student · M_tgt^2", "training", 90, "updates", in_flow=True, clock=clock) as advance:
        advance(0)
        clock.now += 30.0
        advance(60)
    assert caplog.messages == ["train_student · M_tgt^2: training: 60 of 90 updates, 2.0 a second, 15 s left"]
    assert capsys.readouterr().err == ""


def test_a_training_says_how_it_stands_and_how_it_ended_in_the_log_and_under_a_name_in_the_ui(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    shown: list[dict[str, object]] = []
    artifact = uuid4()

    def create(**values: object) -> UUID:
        shown.append(values)
        return artifact

    monkeypatch.setattr(artifacts.progress, "get_run_logger", lambda: logging.getLogger("run"))
    monkeypatch.setattr(artifacts.progress, "create_progress_artifact", create)
    monkeypatch.setattr(artifacts.progress, "update_progress_artifact", lambda **values: shown.append(values))
    clock = Clock()
    caplog.set_level(logging.INFO, logger="run")
    with progress("train_tagger · M_src", "training", 90, "updates", in_flow=True, clock=clock) as advance:
        advance(0)
        clock.now += 30.0
        advance(60, lambda: "epoch 2 of 3, loss 0.5")
        clock.now += 15.0
        advance(30, lambda: "epoch 3 of 3, loss 0.25")
    line = "train_tagger · M_src: training: 60 of 90 updates, epoch 2 of 3, loss 0.5, 2.0 a second, 15 s left"
    end = "train_tagger · M_src: training: 90 updates, epoch 3 of 3, loss 0.25, in 45 s"
    assert caplog.messages == [line, end]
    assert shown[0] == {"progress": pytest.approx(200 / 3), "key": "progress-train-tagger-m-src", "description": line}
    assert shown[-1] == {"artifact_id": artifact, "progress": 100.0, "description": end}


@pytest.mark.parametrize("from_the_start", [True, False])
def test_a_training_goes_on_while_the_server_is_away_which_is_asked_again_after_a_minute(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, from_the_start: bool
) -> None:
    clock, tried = Clock(), []

    def away(**values: object) -> UUID:
        tried.append(clock.now)
        raise ConnectError("no route")

    monkeypatch.setattr(artifacts.progress, "get_run_logger", lambda: logging.getLogger("run"))
    create = away if from_the_start else lambda **values: uuid4()
    monkeypatch.setattr(artifacts.progress, "create_progress_artifact", create)
    monkeypatch.setattr(artifacts.progress, "update_progress_artifact", away)
    with progress("train_tagger · M_src", "training", 30, "updates", in_flow=True, clock=clock) as advance:
        for _ in range(30):
            clock.now += 5.0
            advance(1)
    first = 105.0 if from_the_start else 110.0
    # 60 s later, and at the next advance that is 5 s after that; once more at the end if there is a page.
    assert tried == [first, first + 65.0, first + 130.0, *([] if from_the_start else [250.0])]
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == len(tried) and all("M_src goes on, but the UI does not show it" in w for w in warnings)


def test_a_page_of_progress_that_somebody_deleted_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, made, updated = Clock(), [], []

    def create(**values: object) -> UUID:
        made.append(uuid4())
        return made[-1]

    def update(artifact_id: UUID, **values: object) -> None:
        updated.append(artifact_id)
        if len(updated) == 1:
            raise HTTPStatusError("gone", request=Request("PATCH", "http://x"), response=Response(404))

    monkeypatch.setattr(artifacts.progress, "get_run_logger", lambda: logging.getLogger("run"))
    monkeypatch.setattr(artifacts.progress, "create_progress_artifact", create)
    monkeypatch.setattr(artifacts.progress, "update_progress_artifact", update)
    with progress("train_tagger · M_src", "training", 4, "updates", in_flow=True, clock=clock) as advance:
        for _ in range(4):
            clock.now += 70.0
            advance(1)
    first, second = made
    assert updated == [first, second, second], "made, gone, made anew, updated, and at the end"
