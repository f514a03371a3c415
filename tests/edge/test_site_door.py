"""What the door lets through: sessions, tokens, sizes, and what it tells browsers."""

from __future__ import annotations

import asyncio

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.responses import PlainTextResponse, Response

from edge.clock import SimulatedClock
from edge.errors import StoreError, StoreFull
from edge.events import Bus
from edge.people import Role
from edge.site import Staff, build_site
from tests.fakes.accounts import FakeAccounts
from tests.visitor import QUICK, Visitor, assert_shut


def a_site(accounts: FakeAccounts | None = None) -> FastAPI:
    """A site with a page that staff may change, one nobody guarded, and two that fail."""
    router = APIRouter()

    @router.post("/change")
    def change(person: Staff) -> Response:
        return PlainTextResponse(f"done by {person.name}")

    @router.get("/forgotten")
    def forgotten() -> Response:
        return PlainTextResponse("secret")

    @router.get("/full")
    def full() -> Response:
        raise StoreFull("The disk is full.")

    @router.get("/broken")
    def broken() -> Response:
        raise RuntimeError("password=hunter2")

    return build_site(
        title="林家村",
        accounts=accounts or FakeAccounts(),
        clock=SimulatedClock(),
        bus=Bus(),
        language="zh",
        templates=[],
        words=[],
        cookie="session",
        secure=False,
        session_hours=12,
        routers=[router],
        passwords=QUICK,
    )


@pytest.fixture
def app() -> FastAPI:
    return a_site()


def test_every_route_is_shut(app: FastAPI) -> None:
    """No route of the kit answers a stranger, not even one whose author forgot to guard it."""
    assert assert_shut(app) >= 6


@pytest.mark.parametrize(
    "path", ["/docs", "/redoc", "/openapi.json", "/no/such/page", "/healthz/x", "/static", "//"]
)
def test_nothing_else_answers_a_stranger(app: FastAPI, path: str) -> None:
    """There is no documentation of routes, and a stranger does not learn which pages exist."""
    assert Visitor(app).get(path).status_code in {303, 404}
    assert Visitor(app).enter().get(path).status_code in {303, 307, 404}


def test_static_files_cannot_be_escaped(app: FastAPI) -> None:
    """Only files of the static folder are served."""
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py"):
        assert Visitor(app).get(path).status_code in {303, 404}
    assert Visitor(app).get("/static/site.css").status_code == 200


def test_healthz_tells_nothing_but_ok(app: FastAPI) -> None:
    """Liveness is one word."""
    assert Visitor(app).get("/healthz").text == "ok"


@pytest.mark.parametrize(
    ("fields", "headers", "status"),
    [
        ({}, {}, 200),
        ({"csrf": ""}, {}, 403),
        ({"csrf": "guess"}, {}, 403),
        ({}, {"origin": "http://hub.test"}, 200),
        ({}, {"origin": "http://evil.example"}, 403),
        ({}, {"origin": "null"}, 403),
        ({}, {"sec-fetch-site": "same-origin"}, 200),
        ({}, {"sec-fetch-site": "same-site"}, 403),
        ({}, {"sec-fetch-site": "cross-site"}, 403),
    ],
)
def test_changes_come_from_our_own_pages(
    app: FastAPI, fields: dict[str, str], headers: dict[str, str], status: int
) -> None:
    """A changing request carries the person's token and does not come from another site."""
    visitor = Visitor(app).enter("张三")
    assert visitor.post("/change", fields, headers=headers).status_code == status


def test_token_may_travel_in_a_header(app: FastAPI) -> None:
    """Requests of scripts carry the token in a header; JSON without it is refused."""
    visitor = Visitor(app).enter("张三")
    good = visitor.send("POST", "/change", headers={"x-csrf-token": visitor.csrf}, json={})
    assert good.text == "done by 张三"
    assert visitor.send("POST", "/change", json={"csrf": visitor.csrf}).status_code == 403


def test_token_of_another_session_is_refused(app: FastAPI) -> None:
    """A token belongs to one session."""
    one, other = Visitor(app).enter("张三"), Visitor(app).enter("李四")
    assert one.post("/change", {"csrf": other.csrf}).status_code == 403


def test_sign_in_from_another_site_is_refused(app: FastAPI) -> None:
    """Nobody can be signed in from a foreign page."""
    answer = Visitor(app).post("/sign-in", {}, headers={"origin": "http://evil.example"})
    assert answer.status_code == 403


def test_role_too_low_is_refused_with_a_sentence(app: FastAPI) -> None:
    """Who may not do something is told so, and whom to ask."""
    answer = Visitor(app).enter("张三", Role.VIEWER).post("/change")
    assert answer.status_code == 403
    assert "找管理员" in answer.text


def test_large_body_is_refused(app: FastAPI) -> None:
    """A request of more than 64 KB is not read to its end, with or without a length."""
    visitor = Visitor(app).enter()
    assert visitor.post("/change", {"text": "x" * 70_000}).status_code == 413

    async def drip() -> object:
        for _ in range(70):
            yield b"x" * 1000

    assert visitor.send("POST", "/change", content=drip()).status_code == 413


def test_every_answer_is_dressed(app: FastAPI) -> None:
    """Pages, refusals and failures carry the security headers; nothing allows inline code."""
    for visitor in (Visitor(app), Visitor(app).enter()):
        for path in ("/sign-in", "/parts", "/nothing", "/static/site.css", "/broken"):
            headers = visitor.get(path).headers
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "same-origin"
    assert Visitor(app).get("/sign-in").headers["cache-control"] == "no-store"


def test_pages_have_nothing_inline(app: FastAPI) -> None:
    """The policy forbids inline scripts and styles, so no page has any; and no other host."""
    visitor = Visitor(app).enter()
    for text in (visitor.get("/parts").text, Visitor(app).get("/sign-in").text):
        assert "<style" not in text
        assert " style=" not in text
        assert "onclick=" not in text
        assert "https://" not in text
        assert "http://" not in text


def test_failures_are_sentences(app: FastAPI) -> None:
    """A full disk is said; an unforeseen error gives nothing away."""
    visitor = Visitor(app).enter()
    full = visitor.get("/full")
    assert full.status_code == 503
    assert "The disk is full." in full.text
    broken = visitor.get("/broken")
    assert broken.status_code == 500
    assert "hunter2" not in broken.text
    assert "系统出了一点问题" in broken.text


def test_unreadable_accounts_keep_the_door_shut() -> None:
    """When sessions cannot be read nobody gets in, and the reason is said."""

    class Broken(FakeAccounts):
        def session(self, token_hash: str) -> None:
            raise StoreError("The database cannot be read.")

    visitor = Visitor(a_site(Broken()))
    visitor._client.cookies.set("session", "x")
    answer = visitor.get("/forgotten")
    assert answer.status_code == 503
    assert "secret" not in answer.text


def test_script_without_a_session_is_sent_to_sign_in(app: FastAPI) -> None:
    """A fragment that htmx asks for after the session ended leads to the sign-in page."""
    answer = Visitor(app).get("/parts", headers={"hx-request": "true"})
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/sign-in"


def test_websockets_are_shut(app: FastAPI) -> None:
    """Nothing but HTTP is spoken."""
    sent: list[dict[str, object]] = []

    async def knock() -> None:
        async def receive() -> dict[str, object]:
            return {"type": "websocket.connect"}

        async def send(message: dict[str, object]) -> None:
            sent.append(message)

        await app({"type": "websocket", "path": "/", "headers": []}, receive, send)

    asyncio.run(knock())
    assert sent[0]["type"] == "websocket.close"
