"""The API: tokens, scopes and villages, pages of lists, problems, exports, and a fuzzer at it."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import schemathesis
from fastapi.exceptions import RequestValidationError
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from edge.people import Account, Role
from edge.site import Server
from edge.township.api.paging import read_place, write_place
from edge.township.api.routes import describe
from edge.township.api.tokens import SCOPES, new_secret
from tests.edge.test_township_pages import Client, House
from tests.edge.test_township_rights import HERE, OTHER, make_house
from tests.edge.township_hub import uid

DAY_S = 86_400.0
LISTS = {
    "incidents": "/incidents",
    "cases": "/cases",
    "places": "/villages",
    "hubs": "/hubs",
    "announcements": "/announcements",
    "export": "/export/cases",
}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = make_house(tmp_path)
    yield made
    made.store.close()


def token(house: House, *scopes: str, villages: frozenset[str] | None = None) -> str:
    secret, now = new_secret(), house.clock.wall()
    house.store.tokens.make(
        secret,
        name="县平台",
        scopes=frozenset(scopes or SCOPES),
        villages=villages,
        by="王主任",
        now=now,
        expires_at=now + 30 * DAY_S,
    )
    return secret


def program(house: House, secret: str) -> Client:
    client = Client(house.app)
    client.headers["authorization"] = f"Bearer {secret}"
    return client


def test_a_token_opens_its_scopes_and_nothing_else(house: House) -> None:
    """Each scope its list, no page, no change; after revoking or expiry nothing."""
    for scope in LISTS:
        client = program(house, token(house, scope))
        for other, address in LISTS.items():
            wanted = 200 if other == scope else 403
            assert client.get(f"/api/v1{address}").status_code == wanted, (scope, other)
    secret = token(house)
    client = program(house, secret)
    for path in ("/", "/cases", "/tokens", "/metrics"):
        assert client.get(path).status_code == 401
    assert client.post("/tokens", data={"name": "x", "scopes": "cases"}).status_code == 401
    assert client.post("/api/v1/cases").status_code in {403, 405}
    for wrong in ("vht_x", secret[:-1], secret + "x", ""):
        assert program(house, wrong).get("/api/v1/cases").status_code == 401
    kept = house.store.tokens.listed()[0]
    assert kept.used_at is not None
    assert house.store.tokens.revoke(kept.id, by="王主任", now=house.clock.wall())
    assert client.get("/api/v1/cases").status_code == 401
    old = program(house, token(house))
    house.clock.advance(31 * DAY_S)
    assert old.get("/api/v1/cases").status_code == 401


def test_a_token_sees_its_villages_only(house: House) -> None:
    """Lists are empty and single things are not there; with the right village they are."""
    outside = program(house, token(house, villages=frozenset({OTHER})))
    for path in LISTS.values():
        text = outside.get(f"/api/v1{path}").text
        assert "lin-jia-cun" not in text
        assert "林家村" not in text
    for path in ("/cases/1", "/cases/1/steps", "/hubs/lin-jia-cun"):
        assert outside.get(f"/api/v1{path}").status_code == 404
    assert outside.get(f"/api/v1/cases?village={HERE}").json()["items"] == []
    inside = program(house, token(house, villages=frozenset({HERE})))
    assert inside.get("/api/v1/cases").json()["items"][0]["village_code"] == HERE
    assert inside.get(f"/api/v1/cases?village={OTHER}").json()["items"] == []


def test_lists_are_walked_page_by_page(house: House) -> None:
    """Every incident and case once, in order, whatever the size of a page; filters hold."""
    rows = [house.hub.incident(uid(n), 1, camera=f"k{n % 5}") for n in range(2, 14)]
    house.post.store_batch(rows)
    client = program(house, token(house))
    for path, key in (("/incidents", "id"), ("/cases", "id")):
        seen: list[object] = []
        after = ""
        while True:
            answer = client.get(f"/api/v1{path}?limit=2&after={after}").json()
            seen += [one[key] for one in answer["items"]]
            if (after := answer["next"] or "") == "":
                break
        everything = client.get(f"/api/v1{path}?limit=200").json()["items"]
        assert seen == [one[key] for one in everything]
        assert len(seen) == len(set(seen)) >= 6
    assert client.get("/api/v1/cases?kind=fire").json()["items"] == []
    assert client.get("/api/v1/cases?since=2099-01-01T00:00:00Z").json()["items"] == []
    assert client.get("/api/v1/cases?since=2099-01-01").status_code == 422


def test_failures_are_problems(house: House) -> None:
    """RFC 9457 for 401, 403, 404 and 422, with the parameter that is wrong."""
    client = program(house, token(house, "cases"))
    for path, status in (("/cases/99", 404), ("/hubs", 403), ("/x", 404), ("/cases?limit=0", 422)):
        answer = client.get(f"/api/v1{path}", headers={"accept": "text/html"})
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code == status
    assert client.get("/api/v1/cases?limit=0").json()["errors"][0]["where"] == "query.limit"
    answer = Client(house.app).get("/api/v1/cases", headers={"accept": "text/html"})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert Client(house.app).get("/api/v1/openapi.json").status_code == 401


def test_a_place_is_read_as_it_was_written() -> None:
    """And nothing else is a place."""
    assert read_place(write_place(1.5, "a", "b"), float, str, str) == (1.5, "a", "b")
    assert read_place("", int) is None
    for wrong in ("x", "W10", write_place("a"), write_place(1.0), write_place(1, 2)):
        with pytest.raises(RequestValidationError):
            read_place(wrong, int)


def test_the_page_shows_a_token_once(house: House) -> None:
    """Made by an administrator for scopes and villages, audited, kept as a hash, revoked."""
    client = house.browser(Role.ADMIN)
    form = {"name": "县平台", "scopes": ["cases"], "villages": [OTHER], "days": "30"}
    page = client.post("/tokens", data=form).text
    secret = page.split('id="token">')[1].split("<")[0]
    assert secret not in client.get("/tokens").text
    assert program(house, secret).get("/api/v1/cases").json() == {"items": [], "next": None}
    assert client.post("/tokens", data={"name": "x"}).status_code == 422
    assert client.post("/tokens", data={"name": "x", "scopes": "all"}).status_code == 422
    bad = {"name": "x", "scopes": "cases", "villages": "330782999999"}
    assert client.post("/tokens", data=bad).status_code == 422
    number = house.store.tokens.listed()[0].id
    assert client.post("/tokens/revoke", data={"token": str(number)}).status_code == 303
    assert client.post("/tokens/revoke", data={"token": str(number)}).status_code == 404
    assert program(house, secret).get("/api/v1/cases").status_code == 401
    actions = [line.action for line in house.store.people.audit_lines(3)]
    assert "make_token" in actions
    assert "revoke_token" in actions
    raw = (house.folder / "township.db").read_bytes()
    assert secret.encode() not in raw


def test_cases_go_out_as_csv_and_json(house: House) -> None:
    """With BOM, without formulas, complete over many batches, audited, own villages only."""
    hostile = [
        house.hub.incident(uid(n), 1, camera=f"m{n}", zone_name="=CMD()", village="@村")
        for n in range(100, 700)
    ]
    house.post.store_batch(hostile)
    client = house.browser(Role.AUDITOR)
    answer = client.get("/cases/export/csv")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [int(row["工单编号"]) for row in rows] == list(range(601, 0, -1))
    assert rows[0]["地点"] == "'=CMD()"
    assert rows[0]["村"] == "'@村"
    lines = client.get("/cases/export/jsonl").text.splitlines()
    assert [json.loads(line)["id"] for line in lines] == list(range(601, 0, -1))
    assert house.store.people.audit_lines(1)[0].action == "export_cases"
    other = house.browser(Role.OFFICIAL, "外村人")
    house.store.people.put_account(Account("外村人", Role.OFFICIAL, villages=frozenset({OTHER})))
    assert other.get("/cases/export/jsonl").text == ""


class Running:
    """The real application behind a real server, in a thread of its own."""

    def __init__(self, house: House) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server = Server(house.app, "127.0.0.1", 0)

    def __enter__(self) -> str:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._server.start(), self._loop).result(20)
        return self._server.url

    def __exit__(self, *reason: object) -> None:
        asyncio.run_coroutine_threadsafe(self._server.stop(), self._loop).result(20)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)
        self._loop.close()


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.mark.filterwarnings("ignore")
def test_no_request_breaks_the_api(house: House) -> None:
    """Requests made from the description, over a socket: documented answers only."""
    schema = schemathesis.openapi.from_dict(describe())
    headers = {"authorization": f"Bearer {token(house)}"}
    tried = 0
    with Running(house) as url:
        for result in schema.get_all_operations():
            operation = result.ok()

            @settings(
                max_examples=10,
                derandomize=True,
                database=None,
                deadline=None,
                phases=[Phase.explicit, Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy())
            def ask(case: schemathesis.Case) -> None:
                nonlocal tried
                tried += 1
                case.call_and_validate(base_url=url, headers=headers, checks=CHECKS)

            ask()
    assert tried > 80


HOSTILE = [
    ("authorization", "Bearer " + "A" * 6000),
    ("authorization", "Bearer vht_\xff\xfe"),
    ("authorization", "bearer"),
    ("authorization", "Basic dnR4Ong="),
    ("accept", "\xff" * 300),
    ("accept-language", "zh;q=nan,*"),
    ("cookie", "township=" + "x" * 5000 + "; language=\x80"),
    ("range", "bytes=0-,-1"),
    ("if-none-match", "*" * 2000),
    ("host", "evil.example"),
    ("x-forwarded-for", "1.1.1.1, ::1, x"),
    ("transfer-encoding", "gzip"),
    ("expect", "100-continue"),
    ("content-type", "application/x-www-form-urlencoded; charset=\xff"),
]


@pytest.mark.parametrize("path", ["/api/v1/cases", "/api/v1/export/cases", "/reports", "/tokens"])
def test_no_header_breaks_anything(house: House, path: str) -> None:
    """Headers from a hostile hand are refused or ignored; the server goes on answering."""
    with Running(house) as url:
        for name, value in HOSTILE:
            raw = {name: value.encode("latin-1")}
            try:
                answer = httpx.get(url + path, headers=raw, timeout=10)
            except httpx.HTTPError:
                continue  # the server hung up on it, which is an answer
            assert answer.status_code < 500, (name, value[:20], answer.status_code)
        assert httpx.get(url + "/healthz").text == "ok"
