"""What all pages share: the store, its manifests read once, words of tables, and how a template becomes a page."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query, Request
from fastapi.responses import HTMLResponse

from artifacts.errors import StoreError
from artifacts.runs import RunRecord, find_run, read_run
from artifacts.store import Store
from flows.pages.errands import Errands
from flows.pages.shelf import Shelf, reference_of
from flows.pages.word_tables import WordTables
from flows.parts.html import environment

_TEMPLATES = Path(__file__).parent / "templates"

First = Annotated[int, Query(ge=0, lt=2**63)]
"""How much of a list is left out at its beginning; DuckDB counts in 64 bits."""


class Site:
    """A store as the pages see it.

    Attributes:
        store: nothing but corrections is ever written to it.
        shelf: the manifests, and which artifact is of which text.
        words: tables of labels, word by word.
        errands: what pages wait for.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.shelf = Shelf(store)
        self.words = WordTables(store)
        self.errands = Errands()

    def runs(self) -> tuple[list[RunRecord], list[str]]:
        """The runs that can be read, the newest last, and what is wrong with each other one."""
        records, damaged = [], []
        for identity in self.store.run_ids():
            try:
                records.append(read_run(self.store, identity))
            except StoreError as error:
                damaged.append(str(error))
        return sorted(records, key=lambda run: (run.started, run.id)), damaged

    def run(self, text: str) -> RunRecord:
        """The run that a beginning of its id names, or `last`; raises as `find_run` does."""
        hits = [identity for identity in self.store.run_ids() if text and identity.startswith(text)]
        return read_run(self.store, hits[0]) if len(hits) == 1 else find_run(self.store, text)


def site(request: Request) -> Site:
    """What the page of a request shows; a dependency of routes."""
    found: Site = request.app.state.site
    return found


def page(request: Request, name: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A template of the folder `templates` as an answer; every value is escaped.

    Args:
        request: that it answers.
        name: of the template, without its ending.
        status: of HTTP.
        values: that the template names.
    """
    partial = request.headers.get("hx-request") == "true"
    text = _environment.get_template(f"{name}.html").render(
        store=site(request).store, path=request.url.path, partial=partial, **values
    )
    return HTMLResponse(text, status)


def failure(request: Request, message: str, status: int) -> HTMLResponse:
    """A page that says what went wrong; the rest of the site works on."""
    return page(request, "failure", message=message, status_code=status, status=status)


def address(path: str, /, **query: Any) -> str:
    """The address of a page: empty values are left out; several of one name come as a list."""
    given = {name: value for name, value in query.items() if value not in (None, "", [], False)}
    return path + (f"?{urlencode(given, doseq=True)}" if given else "")


_environment = environment([_TEMPLATES])
# The pages that stand at the top of each.
_environment.globals.update(
    address=address,
    navigation=[
        ("Runs", "/runs"),
        ("Artifacts", "/artifacts"),
        ("Errors", "/errors"),
        ("Corrections", "/corrections"),
    ],
)
_environment.filters.update(reference=reference_of)
