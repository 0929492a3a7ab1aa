"""What the page refuses: names that are not its own, writes from elsewhere, and whoever lacks the token."""

from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from shelved import Shelved

from artifacts.errors import InputError
from artifacts.store import Store
from flows.pages.app import create_app
from flows.pages.server import page_of, serve

OWN = "http://127.0.0.1:4280"


def test_another_host_is_refused(pages: TestClient) -> None:
    assert pages.get("/runs").status_code == 200
    assert pages.get("/runs", headers={"host": "localhost:1"}).status_code == 200
    assert pages.get("/runs", headers={"host": "[::1]:4280"}).status_code == 200
    for host in ("evil.example", "127.0.0.1.evil.example", "evil.example:4280", "", "[::1", "127.0.0.1@evil.example"):
        answer = pages.get("/runs", headers={"host": host})
        assert answer.status_code == 421, host


def test_a_proxy_may_be_named(shelved: Shelved) -> None:
    for name in ("tags.example", "Tags.Example"):
        pages = TestClient(create_app(shelved.store, hosts=[name]), base_url="https://tags.example")
        assert pages.get("/runs").status_code == 200, name


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "same-origin", "origin": OWN}, 405),
        ({"origin": OWN}, 405),
        ({"sec-fetch-site": "same-origin"}, 405),
        ({}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://127.0.0.1:8000"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site", "origin": OWN}, 403),
        ({"sec-fetch-site": "none"}, 403),
    ],
)
def test_only_our_own_pages_write(pages: TestClient, headers: dict[str, str], status: int) -> None:
    """405 says that it came through: no page of runs takes a POST."""
    assert pages.post("/runs", headers=headers).status_code == status


def test_everything_wants_the_token_where_there_is_one(shelved: Shelved) -> None:
    def asking(**settings: str) -> TestClient:
        return TestClient(
            create_app(shelved.store, token="secret"), base_url=OWN, follow_redirects=False, headers=settings
        )

    for path in ("/runs", "/static/style.css", "/runs?token=wrong"):
        assert asking().get(path).status_code == 401, path
    assert asking(authorization="Bearer secret").get("/runs").status_code == 200
    assert asking(authorization="Bearer Secret").get("/runs").status_code == 401
    comes = asking()
    sent_on = comes.get("/artifacts?kind=gold&token=secret")
    assert (sent_on.status_code, sent_on.headers["location"]) == (303, "/artifacts?kind=gold")
    cookie = sent_on.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie
    assert comes.get("/runs").status_code == 200, "the cookie was kept"


def knowing(shelved: Shelved, token: str = "secret", **settings: str) -> TestClient:
    """Pages that want a token, asked with some headers."""
    app = create_app(shelved.store, token=token)
    return TestClient(app, base_url=OWN, follow_redirects=False, headers=settings)


def cookie_of(shelved: Shelved, token: str) -> str:
    """What pages with a token have a browser keep: name and value."""
    return knowing(shelved, token).get(f"/runs?token={token}").headers["set-cookie"].partition(";")[0]


@pytest.mark.parametrize("other", ["a/b=1", 'a={"b": 1}', "a=b c", "[a]=1", "a", "expires=1"])
def test_cookies_of_other_programs_on_the_machine_do_not_hide_ours(shelved: Shelved, other: str) -> None:
    ours = cookie_of(shelved, "secret")
    assert ours.endswith("=secret")
    assert knowing(shelved, cookie=f"{other}; {ours}").get("/runs").status_code == 200
    assert knowing(shelved, cookie=f"{other}; {ours}s").get("/runs").status_code == 401


def test_two_pages_on_one_machine_keep_a_cookie_each(shelved: Shelved) -> None:
    kept = dict(cookie_of(shelved, token).split("=") for token in ("secret", "another"))
    assert sorted(kept.values()) == ["another", "secret"], "a browser keeps one value of each name"
    both = "; ".join(f"{name}={value}" for name, value in kept.items())
    for token in ("secret", "another"):
        assert knowing(shelved, token, cookie=both).get("/runs").status_code == 200


def test_a_proxy_may_want_an_authorization_of_its_own(shelved: Shelved) -> None:
    ours = cookie_of(shelved, "secret")
    assert knowing(shelved, authorization="Basic YTpi", cookie=ours).get("/runs").status_code == 200
    assert knowing(shelved, authorization="Basic YTpi").get("/runs").status_code == 401


def test_who_brings_the_token_is_sent_on_to_all_that_was_asked(shelved: Shelved) -> None:
    answer = knowing(shelved).get("/runs/difference?run=a&run=b&token=secret")
    assert answer.headers["location"] == "/runs/difference?run=a&run=b"


def test_every_answer_closes_the_page(pages: TestClient) -> None:
    for path in ("/runs", "/run/none", "/static/htmx.min.js"):
        headers = pages.get(path).headers
        assert "script-src 'self'" in headers["content-security-policy"], path
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_no_template_needs_what_the_policy_forbids(pages: TestClient, shelved: Shelved) -> None:
    for path in ("/runs", f"/sentences/{shelved.weights}", f"/artifact/{shelved.weights}"):
        text = pages.get(path).text
        assert " style=" not in text and " on" + "click" not in text and "<script>" not in text, path


def test_others_look_only_with_a_token(store: Store) -> None:
    store.create()
    with pytest.raises(InputError, match="give a --token"):
        serve(store, host="0.0.0.0", port=0, names=(), token="")


def test_a_token_that_no_cookie_holds_is_refused(store: Store) -> None:
    store.create()
    for token in ("10 €", "a\nb"):
        with pytest.raises(InputError, match="no cookie holds"):
            serve(store, host="127.0.0.1", port=0, names=(), token=token)


@pytest.mark.parametrize(("sits_there", "told"), [(True, "a+b/c=&#%"), (False, "TOKEN")])
def test_the_address_that_is_told_brings_any_token(
    shelved: Shelved, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], sits_there: bool, told: str
) -> None:
    monkeypatch.setattr("uvicorn.Server.run", lambda server, sockets: None)
    monkeypatch.setattr("sys.stdout.isatty", lambda: sits_there)
    serve(shelved.store, host="127.0.0.1", port=0, names=(), token="a+b/c=&#%")
    address = capsys.readouterr().out.split("http://")[1].split()[0]
    assert parse_qs(urlsplit(f"//{address}").query) == {"token": [told]}


def test_a_run_or_an_artifact_has_its_page(shelved: Shelved) -> None:
    assert page_of(shelved.store, "") == "/runs"
    assert page_of(shelved.store, "gold/dd") == "/artifact/gold/dd"
    with pytest.raises(InputError, match="no run"):
        page_of(shelved.store, "last")
    with pytest.raises(InputError, match="fits"):
        page_of(shelved.store, "gold/ff")
