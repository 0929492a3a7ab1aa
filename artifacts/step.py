"""A step: a function over references that Prefect caches, retries and shows.

@step(RELIABILITY)
def score_reliability(job: Job, tagger: Tagger, soft_labels: SoftLabels, config: Reliability) -> None: ...

scores = score_reliability(tagger, soft_labels, config.reliability)     # in a flow: a Reference
"""

import inspect
import time
import uuid
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, Concatenate, Generic, ParamSpec, get_args, get_origin, get_type_hints

from httpx import HTTPError
from prefect import Task, get_run_logger
from prefect.states import State
from prefect.transactions import IsolationLevel, get_transaction

from artifacts.cache import StorePolicy, by_value, input_digests, inputs_in, record_key, references_in, step_key
from artifacts.catalog import Dataset, Kind, ModelKind, catalogue
from artifacts.code.fingerprint import Definition, Fingerprint, fingerprint
from artifacts.digest import text_digest
from artifacts.errors import InputError, StoreError
from artifacts.estimate import INPUT_BYTES, Estimates, Expected, file_sizes
from artifacts.explain import explain
from artifacts.in_use import until_done
from artifacts.job import Job
from artifacts.manifest import Recipe
from artifacts.memory import Peak, peak_memory
from artifacts.reference import Reference
from artifacts.report import report_artifact, ui_may_be_away
from artifacts.runtime import Run, Runtime, StepOutcome, current_run, running
from artifacts.settings import Settings
from artifacts.store import STORE_FORMAT, Store, remove_failed_record
from artifacts.threads import threads

__all__ = ["Job", "Step", "rebuild_dropped", "run_alone", "run_alone_on", "step"]

P = ParamSpec("P")
_GOLD_READERS = "tasks.evaluation"
_ASKED = "it is to be made again"


class Step(Generic[P]):
    """What `@step` makes of a shell. Call it inside a flow: it gives a reference, computed or cached."""

    def __init__(self, shell: Callable[Concatenate[Job, P], None], output: Kind, retries: int) -> None:
        self.shell = shell
        self.output = output
        self.name = shell.__name__
        self.__doc__ = shell.__doc__
        self.__name__ = shell.__name__
        self.__module__ = shell.__module__
        self.signature = _without_job(inspect.signature(shell))
        self.kinds = _accepted_kinds(shell)
        self.settings = _accepted_settings(shell)
        self._check_gold()
        self.task: Task[..., Reference] = Task(
            self._execute,
            name=self.name,
            description=inspect.getdoc(shell),
            retries=retries,
            retry_delay_seconds=[2**n for n in range(retries)] or None,
            retry_condition_fn=_worth_retrying,
            persist_result=True,
            cache_result_in_memory=False,
            result_serializer="json",
            on_failure=[_remove_failed_record],
        )

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Reference:
        """Runs the step, or takes its result from the store, or plans it (inside `running`)."""
        run = current_run()
        if run is None:
            raise RuntimeError(f"step {self.name} was called outside a flow; wrap the call in `with running(runtime):`")
        arguments = self.bound(*args, **kwargs)
        recipe = self.recipe(arguments)
        key = step_key(recipe)
        if run.planning:
            return self._plan(run, arguments, recipe, key)
        run.makers[self.output.name, key] = partial(self._take, run, arguments, key, run.stage, rebuild=True)
        return self._take(run, arguments, key, run.stage)

    def _take(self, run: Run, arguments: dict[str, Any], key: str, stage: str, *, rebuild: bool = False) -> Reference:
        """Has Prefect run the step or find its result; with `rebuild` dropped files are no result."""
        started = time.monotonic()
        task = self.task.with_options(
            task_run_name=f"{self.name} · {stage}" if stage else self.name,
            result_storage=run.store.record_folder,
            cache_policy=StorePolicy(
                store=run.store,
                key_of=self.key_of,
                rebuild=rebuild,
                isolation_level=IsolationLevel.SERIALIZABLE,
                lock_manager=run.store.locks,
            ),
        )
        run.store.create()
        run.store.mark_used(self.output.name, key)
        was_there = (run.store.intact if rebuild else run.store.known)(self.output.name, key) is not None
        if not was_there:
            rebuild_dropped(run, arguments)
        named = (self.name, stage, f"{self.output.name}/{key}")
        runtime = run.runtime if was_there else run.next_runtime(self.output.name, key)
        run.found.discard((self.output.name, key))
        with run.taking([named], computes=not was_there), peak_memory() as peak:
            state: Any = task(arguments=arguments, runtime=runtime, stage=stage, rebuild=rebuild, return_state=True)
            reference = state.result()
        if not isinstance(reference, Reference) or reference.kind != self.output.name or not reference.digest:
            raise StoreError(
                f"step {self.name}: the cache record of {self.output.name}/{key} in {run.store} is no reference; "
                "delete that artifact's folder and run again"
            )
        outcome = StepOutcome(self.name, stage, "ran", reference, time.monotonic() - started, peak=peak)
        if was_there or state.name == "Cached" or (self.output.name, key) in run.found:
            outcome.status, outcome.peak = "cached", Peak()
        run.outcomes.append(outcome)
        return reference

    def bound(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """The arguments by name, defaults filled in, kinds of references and classes of settings checked.

        Raises:
            TypeError: if a reference is of a kind that the parameter does not accept, or settings are of a class that
                it does not name: the key knows the methods of those that it names alone.
        """
        bound = self.signature.bind(*args, **kwargs)
        bound.apply_defaults()
        for name, value in bound.arguments.items():
            for reference in references_in(value):
                if reference.kind not in self.kinds.get(name, ()):
                    expected = " or ".join(self.kinds.get(name, ["nothing (annotate it by an alias of the catalogue)"]))
                    raise TypeError(f"step {self.name}: {name} must be a reference to {expected}, not {reference.kind}")
            if isinstance(value, Settings) and type(value) not in self.settings.get(name, ()):
                expected = " or ".join(each.__name__ for each in self.settings.get(name, ())) or "no settings"
                raise TypeError(f"step {self.name}: {name} must be {expected}, not {type(value).__name__}")
        return dict(bound.arguments)

    def recipe(self, arguments: dict[str, Any]) -> Recipe:
        """Everything that the cache key is made of."""
        inputs = input_digests(arguments)
        kinds = {self.output.name: self.output}
        for value in arguments.values():
            kinds.update({r.kind: catalogue()[r.kind] for r in references_in(value)})
        schemas = {k: text_digest(str(v.schema))[:16] for k, v in sorted(kinds.items()) if isinstance(v, Dataset)}
        return Recipe(
            step=self.name,
            parameters={name: by_value(value) for name, value in arguments.items()},
            inputs=inputs,
            code=self._fingerprint().code,
            schemas=schemas,
            store_format=STORE_FORMAT,
        )

    @property
    def definitions(self) -> Mapping[str, Definition]:
        """The code of ours that the step runs, to explain its key."""
        return self._fingerprint().definitions

    def _fingerprint(self) -> Fingerprint:
        return fingerprint(self.shell.__module__, self.shell.__name__)

    def key_of(self, arguments: dict[str, Any]) -> tuple[str, str]:
        """Kind and key of what the step makes of these arguments."""
        return self.output.name, step_key(self.recipe(arguments))

    def compute(
        self,
        store: Store,
        runtime: Runtime,
        arguments: dict[str, Any],
        *,
        label: str,
        in_flow: bool,
        rebuild: bool = False,
    ) -> Reference:
        """Runs the shell and commits what it wrote, or adopts what a killed run had already committed.

        With `rebuild` the files are made even if the content is known; until they are there, it stays known.
        """
        recipe = self.recipe(arguments)
        key = step_key(recipe)
        if (finished := (store.intact if rebuild else store.known)(self.output.name, key)) is not None:
            store.drop_work(self.output.name, key)
            if (run := current_run()) is not None:
                run.found.add((self.output.name, key))
            return finished
        if store.dropped(self.output.name, key) is None:
            store.move_aside(self.output.name, key)
        if in_flow and (left := store.work_left_at(self.output.name, key)) is not None:
            place = f"{self.name} · {label}" if label else self.name
            get_run_logger().info("%s: a run that ended early left a checkpoint, at %s UTC", place, f"{left:%F %T}")
        writing = store.writing(self.output, key, recipe, label, self.definitions)
        with threads(runtime.threads), until_done(), writing as writer, store.sharing_work(self.output.name, key):
            if sizes := file_sizes(inputs_in(arguments)):
                writer.note({INPUT_BYTES: sizes})
            shell: Callable[..., None] = self.shell
            shell(Job(store, runtime, writer, in_flow=in_flow), **arguments)
            _check_unchanged(arguments, recipe.inputs)
        if writer.reference is None:
            raise RuntimeError(f"step {self.name} was not committed")
        return writer.reference

    def _execute(self, arguments: dict[str, Any], runtime: Runtime, stage: str, rebuild: bool) -> Reference:
        """The body of the Prefect task; it holds the lock of its key."""
        transaction = get_transaction()
        kind, key = self.key_of(arguments)
        if transaction is None or transaction.key != record_key(kind, key):
            raise StoreError(
                f"step {self.name}: Prefect runs it without the cache key {key}; see the error logged above"
            )
        store = Store(runtime.store)
        reference = self.compute(store, runtime, arguments, label=stage, in_flow=True, rebuild=rebuild)
        with ui_may_be_away(f"step {self.name}"):
            report_artifact(store, reference, stage)
        return reference

    def _plan(self, run: Run, arguments: dict[str, Any], recipe: Recipe, key: str) -> Reference:
        unknown = [r for value in arguments.values() for r in references_in(value) if not r.known]
        if unknown:
            # No key yet: this stands for it, so that the sizes of two such artifacts are told apart.
            stands = text_digest(f"{key} {len(run.outcomes)}")[: len(key)]
            reference = Reference(kind=self.output.name, key=stands, digest="")
            after = [f"{o.step} {o.label}".rstrip() for o in run.outcomes if o.reference in unknown]
            waits = f"waits for {', '.join(after)}"
            run.outcomes.append(StepOutcome(self.name, run.stage, "depends", reference, reasons=[waits]))
            self._expect(run, arguments, recipe)
            return reference
        found = run.store.known(self.output.name, key)
        reference = Reference(kind=self.output.name, key=key, digest="")
        planned = StepOutcome(self.name, run.stage, "to run", reference, recipe=recipe, definitions=self.definitions)
        anew = run.anew in (planned.step, planned.place)
        if found is not None and not anew:
            outcome = StepOutcome(self.name, run.stage, "cached", found)
            run.outcomes.append(outcome)
            run.planned[self.output.name, key] = (outcome, arguments)
            return found
        _plan_rebuilding(run, arguments, self.name)
        planned.reasons = [_ASKED] if anew else self._reasons(run, recipe)
        run.outcomes.append(planned)
        self._expect(run, arguments, recipe)
        return reference

    def _expect(self, run: Run, arguments: dict[str, Any], recipe: Recipe) -> None:
        """Says how long the step that was planned last will take, and how many rows it will make."""
        outcome, estimates = run.outcomes[-1], _estimates(run)
        outcome.expected = estimates.expect(self.output.name, recipe, run.stage, inputs_in(arguments))
        estimates.remember(outcome.reference, outcome.expected.rows)

    def _reasons(self, run: Run, recipe: Recipe) -> list[str]:
        """Why the step is to run."""
        kind = self.output.name
        return explain(run.store, kind, _estimates(run).manifests(kind), recipe, self.definitions, run.stage)

    def _check_gold(self) -> None:
        takes_gold = [name for name, kinds in self.kinds.items() if "gold" in kinds]
        if takes_gold and not f"{self.__module__}.".startswith(f"{_GOLD_READERS}."):
            raise TypeError(f"step {self.name} accepts gold labels; only steps of {_GOLD_READERS} may")


def step(output: Kind, *, retries: int = 0) -> Callable[[Callable[Concatenate[Job, P], None]], Step[P]]:
    """Makes a step of a shell that writes one artifact of the kind `output`.

    Args:
        output: the dataset or model kind, from `artifacts.catalog`.
        retries: how often to try again after a network error; never after an error of the data.
    """

    def wrap(shell: Callable[Concatenate[Job, P], None]) -> Step[P]:
        return Step(shell, output, retries)

    return wrap


def _check_unchanged(arguments: dict[str, Any], digests: Mapping[str, str]) -> None:
    """What a step read from outside is what its key says.

    Raises:
        InputError: if a file was changed after the key was made; what was read may be its new content.
    """
    for place, found in inputs_in(arguments).items():
        if not isinstance(found, Reference) and found.digest() != digests[place]:
            raise InputError(f"{getattr(found, 'path', found)}: it was changed while it was read; run again")


def rebuild_dropped(run: Run, arguments: dict[str, Any]) -> None:
    """Makes the files of what a step is about to read again, where they were dropped; the run's own steps do it.

    Raises:
        StoreError: if no step of the run makes them, or they come out different.
    """
    for reference in (r for value in arguments.values() for r in references_in(value)):
        if run.store.dropped(reference.kind, reference.key) is None:
            continue
        maker = run.makers.get((reference.kind, reference.key))
        if maker is None:
            run.store.require(reference)
        elif (made := maker()).digest != reference.digest:
            raise StoreError(
                f"artifact {reference}: its files were dropped, and made again they are others "
                f"({made.digest[:12]}, not {reference.digest[:12]}), as other libraries, threads or devices may "
                "make them; run the flow again: what depends on them is made anew"
            )


def _estimates(run: Run) -> Estimates:
    """What a plan knows of the store's artifacts; it reads those of a kind once."""
    if run.estimates is None:
        run.estimates = Estimates(run.store, run.runtime.resolved_device())
    return run.estimates


def _plan_rebuilding(run: Run, arguments: dict[str, Any], step: str) -> None:
    """Marks the steps that a step makes run again because their files were dropped."""
    for reference in (r for value in arguments.values() for r in references_in(value)):
        name = (reference.kind, reference.key)
        if name in run.planned and run.store.dropped(*name) is not None:
            outcome, its_arguments = run.planned.pop(name)
            outcome.status, outcome.reasons = "to run", [f"its files were dropped, and {step} needs them"]
            outcome.expected = Expected(run.store.describe(reference).seconds)
            _plan_rebuilding(run, its_arguments, outcome.step)


def run_alone(store: Store, made: Step[P], *args: P.args, **kwargs: P.kwargs) -> Reference:
    """Runs one step without Prefect, for tests and notebooks; it uses and fills the store all the same."""
    return run_alone_on(Runtime(store=str(store)), made, *args, **kwargs)


def run_alone_on(runtime: Runtime, made: Step[P], *args: P.args, **kwargs: P.kwargs) -> Reference:
    """As `run_alone`, with a data folder and a device."""
    store = Store(runtime.store)
    arguments = made.bound(*args, **kwargs)
    lock, holder = record_key(*made.key_of(arguments)), f"alone-{uuid.uuid4().hex}"
    store.create()
    store.locks.acquire_lock(lock, holder)
    try:
        with running(runtime):
            return made.compute(store, runtime, arguments, label="", in_flow=False)
    finally:
        store.locks.release_lock(lock, holder)


def _without_job(signature: inspect.Signature) -> inspect.Signature:
    return signature.replace(parameters=list(signature.parameters.values())[1:], return_annotation=Reference)


def _accepted_kinds(shell: Callable[..., None]) -> dict[str, tuple[str, ...]]:
    """For each parameter that is annotated by an alias of the catalogue: names of the kinds it accepts."""
    accepted = {}
    for name, hint in get_type_hints(shell, include_extras=True).items():
        if kinds := _kinds_in(hint):
            accepted[name] = kinds
    return accepted


def _accepted_settings(shell: Callable[..., None]) -> dict[str, tuple[type[Settings], ...]]:
    """For each parameter the classes of settings that its annotation names."""
    return {name: _settings_in(hint) for name, hint in get_type_hints(shell).items()}


def _settings_in(hint: Any) -> tuple[type[Settings], ...]:
    if isinstance(hint, type) and issubclass(hint, Settings):
        return (hint,)
    return tuple(each for inner in get_args(hint) for each in _settings_in(inner))


def _kinds_in(hint: Any) -> tuple[str, ...]:
    if get_origin(hint) is Annotated:
        return tuple(k.name for k in hint.__metadata__ if isinstance(k, Dataset | ModelKind))
    return tuple(name for inner in get_args(hint) for name in _kinds_in(inner))


def _worth_retrying(task: Any, task_run: Any, state: State[Any]) -> bool:
    """Whether a failure may pass by itself: the network's, never the data's."""
    from huggingface_hub.errors import HTTPError as HubError  # The hub's client has its own.

    failure = state.result(raise_on_failure=False)
    return isinstance(failure, HTTPError | HubError | ConnectionError | TimeoutError)


def _remove_failed_record(task: Any, task_run: Any, state: State[Any]) -> None:
    """Prefect keeps the exception of a failed task as a file in the store; nothing reads it."""
    path = getattr(getattr(state.data, "metadata", None), "storage_key", None)
    if path:
        remove_failed_record(path)
