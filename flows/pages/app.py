"""The local web page over a store: `crosstag inspect`."""

from collections.abc import Sequence
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles

from artifacts.errors import InputError, StoreError
from artifacts.store import Store
from flows.pages import artifacts, charts, comparison, corrections, errors, runs, sentence, sentences, word
from flows.pages.guard import Guard
from flows.pages.site import Site, failure
from flows.parts.html import STYLE_OF_WORDS

_STATIC = Path(__file__).parent / "static"


def create_app(store: Store, *, hosts: Sequence[str] = (), token: str = "") -> FastAPI:
    """The pages of a store.

    Args:
        store: to show; nothing but corrections is ever written to it.
        hosts: names under which it may be asked for, besides those of loopback.
        token: whoever has it may look; empty: everybody who reaches the address.
    """
    app = FastAPI(title="Crosstag", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.site = Site(store)
    app.add_middleware(Guard, hosts=hosts, token=token)
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")
    for page in (runs, comparison, charts, artifacts, sentences, sentence, word, corrections, errors):
        app.include_router(page.router)
    app.add_exception_handler(InputError, _not_found)
    app.add_exception_handler(StoreError, _not_there)
    app.add_exception_handler(RequestValidationError, _meaningless)
    app.add_exception_handler(404, _unknown)

    @app.get("/")
    def home() -> Response:
        return RedirectResponse("runs")

    @app.get("/words.css")
    def style_of_words() -> Response:
        return FileResponse(STYLE_OF_WORDS, media_type="text/css")

    return app


async def _unknown(request: Request, error: Exception) -> Response:
    return failure(request, f"{request.url.path}: there is no such page", 404)


async def _meaningless(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    told = "; ".join(f"{each['loc'][-1]}: {each['msg']}" for each in error.errors())
    return failure(request, f"{request.url.path}: {told}; change that in the address", 422)


async def _not_found(request: Request, error: Exception) -> Response:
    return failure(request, str(error), 404)


async def _not_there(request: Request, error: Exception) -> Response:
    return failure(request, str(error), 409)
