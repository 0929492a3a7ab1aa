"""Work that pages wait for, in a process of its own: torch is never loaded where pages are served."""

import multiprocessing
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from multiprocessing.sharedctypes import Synchronized
from threading import Lock, Thread
from typing import Concatenate, ParamSpec

from artifacts.child import in_new_process

P = ParamSpec("P")


@dataclass
class Errand:
    """Some work under way.

    Attributes:
        total: how many units there are to do.
        counted: how many are done, in memory that the process shares.
        began: when its turn came, in seconds of a clock that does not go back; None while others are before it.
        ended: whether it is over.
        error: why it failed; empty if it did not.
    """

    total: int
    counted: "Synchronized[int]" = field(default_factory=lambda: multiprocessing.get_context("spawn").Value("q", 0))
    began: float | None = None
    ended: bool = False
    error: str = ""

    @property
    def done(self) -> int:
        """Units that are done."""
        return min(int(self.counted.value), self.total)

    @property
    def seconds(self) -> float:
        """Since its turn came."""
        return 0.0 if self.began is None else time.monotonic() - self.began


class Errands:
    """All that was started; one goes on at a time, the others wait."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Errand] = {}
        self._known_lock, self._turn = Lock(), Lock()

    def of(self, name: Hashable) -> Errand | None:
        """What was started under a name, if it goes on or failed."""
        found = self._known.get(name)
        return None if found is None or (found.ended and not found.error) else found

    def start(
        self,
        name: Hashable,
        total: int,
        function: Callable[Concatenate["Synchronized[int]", P], None],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Errand:
        """Starts some work, unless it is under way; what failed is tried again.

        Args:
            name: of the work.
            total: how many units there are to do.
            function: does it, in a new process; it counts what is done in its first argument.
            args: what else it takes.
            kwargs: the same, by name.
        """
        with self._known_lock:
            known = self._known.get(name)
            if known is not None and not known.ended:
                return known
            errand = self._known[name] = Errand(total)
        Thread(target=self._carry_out, args=(errand, function, args, kwargs), daemon=True).start()
        return errand

    def _carry_out(
        self, errand: Errand, function: Callable[..., None], args: tuple[object, ...], kwargs: dict[str, object]
    ) -> None:
        try:
            with self._turn:
                errand.began = time.monotonic()
                in_new_process(function, errand.counted, *args, **kwargs)
        except Exception as error:  # The page tells it; there is nobody else who could.
            errand.error = str(error)
        finally:
            errand.ended = True
