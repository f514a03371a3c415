"""Every route declares what it needs, and keeps to it: strangers, wrong roles, other villages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from edge.clock import SimulatedClock
from edge.people import Account, Right, Role
from edge.site.person import needs_of
from edge.township.places.records import PlacedCamera, Village
from edge.township.web import boxes
from edge.web.app import build_hub_site
from tests.edge.test_township_pages import Client, House
from tests.edge.township_hub import FakeHub, uid
from tests.fakes.accounts import FakeAccounts
from tests.fakes.house import FakeHouse

HERE, OTHER = "330782103205", "330782103206"

OPEN = {"/sign-in", "/welcome/{token}", "/healthz"}
"""What answers without a session; each of them on purpose."""

WITHOUT_A_ROLE = {"/sign-out"}

ELSEWHERE = {
    "hub": "lin-jia-cun",
    "incident": uid(1),
    "sha256": "ab" * 32,
    "order_id": uid(77),
    "number": "1",
    "case": "1",
    "case_id": "1",
    "photo": "ab" * 32,
    "village": HERE,
    "kind": "cameras",
    "form": "csv",
}
"""Ids of a village that is not one's own. Who adds a route with another name adds its id here."""

NOT_OF_A_VILLAGE = {"kind", "form", "token", "name", "language"}
"""Names in addresses that lead to no village's things."""

PERSONAL = {"/duty/hand-over/{number}/take"}
"""Notes from person to person; the route itself asks whom it is for."""


def routes_of(app: FastAPI) -> list[APIRoute]:
    found: list[APIRoute] = []

    def walk(routes: object) -> None:
        for route in routes:  # type: ignore[attr-defined]
            if isinstance(route, APIRoute):
                found.append(route)
            elif hasattr(route, "original_router"):
                walk(route.original_router.routes)

    walk(app.routes)
    return found


def demands(route: APIRoute) -> list[Role | Right]:
    """What the dependencies of a route demand, at any depth."""
    found: list[Role | Right] = []

    def walk(dependant: object) -> None:
        for one in dependant.dependencies:  # type: ignore[attr-defined]
            if (needs := needs_of(one.call)) is not None:
                found.append(needs)
            walk(one)

    walk(route.dependant)
    return found


def allowed(role: Role, needs: list[Role | Right]) -> bool:
    return all(role.has(one) if isinstance(one, Right) else role.may(one) for one in needs)


def path_of(route: APIRoute) -> str:
    path = route.path
    for name in route.param_convertors:
        assert name in ELSEWHERE or name in NOT_OF_A_VILLAGE, f"no id of another village: {name}"
        path = path.replace(f"{{{name}}}", ELSEWHERE.get(name, "x"))
    return path


def make_house(folder: Path) -> House:
    house = House(folder).with_data()
    boxes.furnish(house.app, None)
    house.store.places.put_villages(
        [
            Village(HERE, "林家村", "330782103000", "清水镇", 120.0, 29.0, (FakeHub().id,)),
            Village(OTHER, "王家村", "330782103000", "清水镇"),
        ]
    )
    house.store.places.put_cameras([PlacedCamera("c1", "水库东岸", HERE, "", 1, 120.0, 29.0)])
    return house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = make_house(tmp_path)
    yield made
    made.store.close()


def hub_site() -> FastAPI:
    furnished = FakeHouse(SimulatedClock())
    furnished.furnish()
    return build_hub_site(furnished, FakeAccounts(), SimulatedClock(), metrics_token="t")


def test_every_route_of_the_township_declares_what_it_needs(house: House) -> None:
    """A new route without rights fails here, whoever wrote it."""
    naked = [
        route.path
        for route in routes_of(house.app)
        if route.path not in OPEN and not demands(route)
    ]
    assert naked == []


def test_every_route_of_the_hub_declares_what_it_needs() -> None:
    """The same on the village's box."""
    routes = routes_of(hub_site())
    assert len(routes) > 25
    assert [r.path for r in routes if r.path not in OPEN and not demands(r)] == []


def test_strangers_and_wrong_roles_are_refused_everywhere(house: House) -> None:
    """Without a session 401; with a role that does not have what is declared 403, before all else.

    What the declared right is not enough for (a list that wants more) may refuse as well.
    """
    clients = {role: house.browser(role) for role in Role}
    stranger = house.browser(None)
    tried = 0
    for route in routes_of(house.app):
        if route.path in OPEN | WITHOUT_A_ROLE or route.path == "/live":
            continue
        path, needs = path_of(route), demands(route)
        for method in route.methods - {"HEAD"}:
            assert stranger.request(method, path).status_code == 401, path
            for role, client in clients.items():
                if not allowed(role, needs):
                    assert client.request(method, path).status_code == 403, (role, method, path)
                    tried += 1
    assert tried > 60


@pytest.mark.parametrize("role", [Role.ADMIN, Role.OFFICIAL, Role.GRID_MEMBER, Role.AUDITOR])
def test_the_ids_of_another_village_open_nothing(house: House, role: Role) -> None:
    """Whoever has to do with one village finds nothing of another, whatever he asks for."""
    client = house.browser(role, "外村人")
    house.store.people.put_account(Account("外村人", role, villages=frozenset({OTHER})))
    secrets = ("水库东岸", "lin-jia-cun", "林家村", uid(1))
    for route in routes_of(house.app):
        if route.path in OPEN | WITHOUT_A_ROLE | PERSONAL or route.path == "/live":
            continue
        path, names = path_of(route), set(route.param_convertors) - NOT_OF_A_VILLAGE
        for method in sorted(route.methods - {"HEAD"}):
            answer = client.request(method, path)
            if names:
                assert answer.status_code in {403, 404, 422}, (method, path)
            if answer.status_code == 200 and "text" in answer.headers.get("content-type", ""):
                told = [one for one in secrets if one in answer.text]
                assert told == [], (method, path)


FORMS = [
    ("/speak", {"hub": "lin-jia-cun", "text": "开会"}),
    ("/boxes/revoke", {"hub": "lin-jia-cun", "reason": "x"}),
    ("/boxes/code", {"hub": "lin-jia-cun", "village": "林家村", "grid": ""}),
    ("/people", {"name": "新人", "role": "admin"}),
    ("/people/remove", {"name": "viewer-wang"}),
    ("/tokens", {"name": "x", "scopes": "cases"}),
    ("/tokens/revoke", {"token": "1"}),
    ("/webhooks", {"url": "https://county.example/"}),
    ("/webhooks/resend", {"letter": "1"}),
    ("/duty/remove", {"village": HERE, "starts_at": "1", "rank": "1"}),
    ("/duty/remove", {"village": "", "starts_at": "1", "rank": "1"}),
]


@pytest.mark.parametrize(("path", "data"), FORMS)
def test_forms_that_name_another_village_are_refused(
    house: House, path: str, data: dict[str, str]
) -> None:
    """An administrator of one village neither speaks, revokes nor invites beyond it."""
    client: Client = house.browser(Role.ADMIN, "本村管理员")
    house.store.people.put_account(Account("本村管理员", Role.ADMIN, villages=frozenset({OTHER})))
    assert client.post(path, data=data).status_code in {403, 404}
    assert house.sent == []


def test_the_figures_are_for_who_sees_everything(house: House) -> None:
    """They name every box: a role without the right, or somebody of one village, gets none."""
    assert house.browser(Role.ADMIN).get("/metrics").status_code == 200
    assert house.browser(Role.AUDITOR).get("/metrics").status_code == 200
    for role in (Role.VIEWER, Role.STAFF, Role.OFFICIAL, Role.GRID_MEMBER):
        assert house.browser(role).get("/metrics").status_code == 403
    client = house.browser(Role.ADMIN, "外村人")
    house.store.people.put_account(Account("外村人", Role.ADMIN, villages=frozenset({OTHER})))
    assert client.get("/metrics").status_code == 403
