"""Who may ask the page for what: its own names only, writes from its own pages only, and whoever has the token."""

import hashlib
import hmac
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_READS = ("GET", "HEAD")
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Guard:
    """Refuses what a page of somebody else could make a browser ask.

    A name that is not ours in Host is a rebound name (DNS rebinding): 421. A write needs Sec-Fetch-Site or Origin to
    say that it comes from our own page: 403. With a token, everything needs it, as `Authorization: Bearer`, as the
    cookie that `?token=` sets, or there itself: 401.
    """

    def __init__(self, app: ASGIApp, hosts: Sequence[str] = (), token: str = "") -> None:
        self.app = app
        self.hosts = frozenset((*LOOPBACK, *map(str.lower, hosts)))
        self.token = token
        # Cookies are a host's, not a port's: two pages on one machine, with a token each, need a cookie each.
        self.cookie = f"crosstag_token_{hashlib.sha256(token.encode()).hexdigest()[:8]}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers itself where a request is refused; else adds the headers of a closed page."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, _closed(send))
        else:
            await self.app(scope, receive, _closed(send))

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if _name(host) not in self.hosts:
            return PlainTextResponse(
                f"the host {host!r} is not this page's; open it at 127.0.0.1, or name its host: crosstag inspect "
                "--host-name NAME",
                421,
            )
        if scope["method"] not in _READS and not _from_own_page(headers, host):
            return PlainTextResponse("this was not sent by a page of Crosstag; open the page and do it there", 403)
        return self._unknown(scope, headers) if self.token else None

    def _unknown(self, scope: Scope, headers: Headers) -> Response | None:
        """The answer to somebody without the token; who brings it in the address is sent on, without it there."""
        # A browser sends the cookies of every port of a machine, in whatever form others have set them.
        cookie = cookie_parser(headers.get("cookie", "")).get(self.cookie, "")
        # A proxy may want an authorization of its own, which comes here, too.
        if self._right(headers.get("authorization", "").removeprefix("Bearer ")) or self._right(cookie):
            return None
        asked = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        query = [(name, value) for name, value in asked if name != "token"]
        if scope["method"] in _READS and self._right(dict(asked).get("token", "")):
            answer = RedirectResponse(scope["path"] + (f"?{urlencode(query)}" if query else ""), 303)
            answer.set_cookie(self.cookie, self.token, httponly=True, samesite="strict")
            return answer
        return PlainTextResponse("this page wants its token: open it as /?token=TOKEN once", 401)

    def _right(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self.token.encode())


def _name(host: str) -> str:
    """The name in a Host header, without its port."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _from_own_page(headers: Headers, host: str) -> bool:
    """Whether a browser says that one of our own pages sent it: every browser sends one of the two with a write."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None and site != "same-origin":
        return False
    if origin is not None and urlsplit(origin).netloc != host:
        return False
    return site is not None or origin is not None


def _closed(send: Send) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)  # A document that is no page may bring a policy of its own.
        await send(message)

    return with_headers
