"""Who gets in, how, and how often he may try."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from fastapi import FastAPI

from edge.clock import SimulatedClock
from edge.events import Bus
from edge.people import Account, Role
from edge.site import build_site, invite
from tests.fakes.accounts import FakeAccounts
from tests.visitor import BASE, QUICK, Visitor

SECRET = "correct horse battery"


class Place:
    """A site with one known person and nothing on it."""

    def __init__(self, *, passwordless: bool = False, secure: bool = False) -> None:
        self.clock = SimulatedClock()
        self.accounts = FakeAccounts(Account("张三", Role.STAFF, QUICK.hash(SECRET)))
        self.app: FastAPI = build_site(
            title="林家村",
            accounts=self.accounts,
            clock=self.clock,
            bus=Bus(),
            language="zh",
            templates=[],
            words=[],
            cookie="session",
            secure=secure,
            session_hours=12,
            routers=[],
            allow_passwordless=passwordless,
            metrics=lambda: "up 1\n",
            metrics_token="prometheus-token",
            passwords=QUICK,
        )

    def sign_in(self, visitor: Visitor, password: str = SECRET, name: str = "张三") -> int:
        fields = {"account": name, "password": password}
        return visitor.post("/sign-in", fields).status_code

    def invite(self, name: str = "李四", role: Role = Role.ADMIN) -> str:
        link = invite(self.accounts, self.clock, name, role, BASE)
        assert link.startswith(f"{BASE}/welcome/")
        return link.removeprefix(BASE)


@pytest.fixture
def place() -> Place:
    return Place()


def inside(visitor: Visitor) -> bool:
    """Whether the visitor has a session: the figures are then open to him."""
    # The figures are not for every role, but only strangers are sent away from the door.
    return visitor.get("/metrics").status_code in {200, 403}


def test_right_password_opens(place: Place) -> None:
    """Name and password begin a session whose cookie scripts cannot read; only a hash is kept."""
    visitor = Visitor(place.app)
    answer = visitor.post("/sign-in", {"account": "张三", "password": SECRET, "next": "/parts?x=1"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/parts?x=1"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert inside(visitor)
    assert len(visitor.cookie) >= 43
    assert visitor.cookie not in repr(place.accounts.sessions())
    assert ("张三", "sign_in", "192.0.2.7") in place.accounts.trail


@pytest.mark.parametrize(("name", "password"), [("张三", "wrong"), ("nobody", SECRET), ("", "")])
def test_wrong_password_stays_out(place: Place, name: str, password: str) -> None:
    """A wrong name and a wrong password get the same sentence."""
    visitor = Visitor(place.app)
    answer = visitor.post("/sign-in", {"account": name, "password": password})
    assert answer.status_code == 401
    assert "登录名或密码不对" in answer.text
    assert not inside(visitor)


def test_account_without_password_cannot_sign_in(place: Place) -> None:
    """An account that only ever used a link has no password, not even the empty one."""
    place.accounts.put_account(Account("王五", Role.ADMIN, ""))
    for password in ("", "nobody has this password"):
        assert place.sign_in(Visitor(place.app), password, "王五") == 401


def test_sign_in_rotates_the_session(place: Place) -> None:
    """A cookie that was planted before sign-in is worth nothing afterwards."""
    visitor = Visitor(place.app)
    place.sign_in(visitor)
    before = visitor.cookie
    place.sign_in(visitor)
    assert visitor.cookie != before
    assert place.app.state.site.sessions.recognise(before) is None
    assert inside(visitor)


def test_sign_out_ends_the_session(place: Place) -> None:
    """After sign-out the old cookie opens nothing."""
    visitor = Visitor(place.app).enter()
    cookie = visitor.cookie
    assert visitor.post("/sign-out").status_code == 303
    assert place.app.state.site.sessions.recognise(cookie) is None


def test_session_ends_after_its_hours(place: Place) -> None:
    """Twelve hours later the person signs in again, and the session is forgotten."""
    visitor = Visitor(place.app).enter()
    place.clock.advance(12 * 3600 - 1)
    assert inside(visitor)
    place.clock.advance(1)
    assert not inside(visitor)
    assert place.accounts.sessions() == []


def test_session_from_the_future_ends(place: Place) -> None:
    """A session begun while the clock was years ahead does not live for years."""
    visitor = Visitor(place.app).enter()
    place.clock.jump(-86400)
    assert not inside(visitor)


def test_removed_person_is_out_at_once(place: Place) -> None:
    """Removing an account ends its open sessions."""
    visitor = Visitor(place.app).enter("李四")
    place.accounts.remove_account("李四")
    assert not inside(visitor)


@pytest.mark.parametrize(
    "there",
    ["//evil.example/", "https://evil.example/", "/\\evil.example", "/\t/evil.example", "evil", ""],
)
def test_sign_in_leads_nowhere_else(place: Place, there: str) -> None:
    """The address to go on to is one of ours."""
    answer = Visitor(place.app).post(
        "/sign-in", {"account": "张三", "password": SECRET, "next": there}
    )
    assert answer.headers["location"] == "/"


def test_stranger_is_led_back_after_sign_in(place: Place) -> None:
    """Who asks for a page is asked to sign in and then gets the page he asked for."""
    answer = Visitor(place.app).get("/parts?a=1&b=2")
    assert answer.headers["location"] == "/sign-in?next=/parts%3Fa%3D1%26b%3D2"


def test_sixth_attempt_on_an_account_waits(place: Place) -> None:
    """Five wrong passwords in a quarter of an hour; then even the right one has to wait."""
    for n in range(5):
        assert place.sign_in(Visitor(place.app, address=f"192.0.2.{n}"), "wrong") == 401
    answer = Visitor(place.app).post("/sign-in", {"account": "张三", "password": SECRET})
    assert answer.status_code == 429
    assert "15 分钟后再试" in answer.text
    place.clock.advance(15 * 60)
    assert place.sign_in(Visitor(place.app)) == 303


def test_success_forgives_earlier_mistakes(place: Place) -> None:
    """Who finally remembers does not pay for it the next time."""
    for _ in range(4):
        place.sign_in(Visitor(place.app), "wrong")
    assert place.sign_in(Visitor(place.app)) == 303
    for _ in range(4):
        assert place.sign_in(Visitor(place.app), "wrong") == 401


def test_one_address_cannot_try_many_names(place: Place) -> None:
    """Thirty attempts from one address, whatever the names; other addresses are not affected."""
    codes = [place.sign_in(Visitor(place.app), "wrong", f"name{n}") for n in range(31)]
    assert codes == [401] * 30 + [429]
    assert place.sign_in(Visitor(place.app, address="198.51.100.1")) == 303


def test_looking_at_a_link_does_not_use_it_up(place: Place) -> None:
    """A link that a messenger previews still works; then exactly once."""
    link = place.invite()
    for _ in range(2):
        assert Visitor(place.app).get(link).status_code == 200
    visitor = Visitor(place.app)
    answer = visitor.post(link, {"password": SECRET, "again": SECRET})
    assert answer.status_code == 200
    assert "李四" in answer.text
    assert inside(visitor)
    again = Visitor(place.app).post(link, {"password": SECRET, "again": SECRET})
    assert again.status_code == 410
    assert "已经用过" in again.text
    assert place.sign_in(Visitor(place.app), SECRET, "李四") == 303


def test_two_at_once_use_a_link_once(place: Place) -> None:
    """Of two people who send the form at the same moment one gets in."""
    link = place.invite()

    async def race() -> list[int]:
        transport = httpx.ASGITransport(place.app)
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            form = {"password": SECRET, "again": SECRET}
            both = await asyncio.gather(*(client.post(link, data=form) for _ in range(2)))
        return sorted(answer.status_code for answer in both)

    assert asyncio.run(race()) == [200, 410]


@pytest.mark.parametrize(
    ("password", "again", "sentence"),
    [
        ("123456789", "123456789", "至少要 10 个字符"),
        ("1234567890", "1234567891", "两次输入的密码不一样"),
        ("x" * 201, "x" * 201, "最多 200 个字符"),
    ],
)
def test_unfit_password_keeps_the_link(
    place: Place, password: str, again: str, sentence: str
) -> None:
    """A password that is too short, too long or mistyped is explained; the link still works."""
    link = place.invite()
    answer = Visitor(place.app).post(link, {"password": password, "again": again})
    assert answer.status_code == 422
    assert sentence in answer.text
    good = Visitor(place.app).post(link, {"password": SECRET, "again": SECRET})
    assert good.status_code == 200


def test_link_ends_after_a_day(place: Place) -> None:
    """24 hours later the link opens nothing."""
    link = place.invite()
    place.clock.advance(24 * 3600)
    answer = Visitor(place.app).post(link, {"password": SECRET, "again": SECRET})
    assert answer.status_code == 410


def test_links_cannot_be_guessed_in_bulk(place: Place) -> None:
    """Wrong links count as attempts of the address."""
    form = {"password": SECRET, "again": SECRET}
    codes = [Visitor(place.app).post(f"/welcome/{n}", form).status_code for n in range(31)]
    assert codes == [410] * 30 + [429]


def test_without_a_password_only_in_the_demo() -> None:
    """The button without a password is there, and works, only where it was switched on."""
    strict, demo = Place(), Place(passwordless=True)
    link = strict.invite()
    assert 'name="enter"' not in Visitor(strict.app).get(link).text
    assert Visitor(strict.app).post(link, {"enter": "1"}).status_code == 422
    link = demo.invite()
    visitor = Visitor(demo.app)
    assert 'name="enter"' in visitor.get(link).text
    assert visitor.post(link, {"enter": "1"}).headers["location"] == "/"
    assert inside(visitor)


def test_new_link_ends_old_sessions_and_keeps_the_password() -> None:
    """A link for a known person changes the role, not the password, and signs the others out."""
    demo = Place(passwordless=True)
    old = Visitor(demo.app)
    demo.sign_in(old)
    Visitor(demo.app).post(demo.invite("张三"), {"enter": "1"})
    assert not inside(old)
    assert demo.sign_in(Visitor(demo.app)) == 303
    known = demo.accounts.account("张三")
    assert known is not None
    assert known.role is Role.ADMIN


def test_cookie_over_tls_is_bound_to_the_host() -> None:
    """With TLS the cookie is Secure and carries the prefix that forbids other hosts to set it."""
    place = Place(secure=True)
    answer = Visitor(place.app).post("/sign-in", {"account": "张三", "password": SECRET})
    assert answer.headers["set-cookie"].startswith("__Host-session=")
    assert "Secure" in answer.headers["set-cookie"]
    assert "max-age" in answer.headers["strict-transport-security"]


def test_metrics_open_to_the_token_only(place: Place) -> None:
    """Prometheus reads figures with its token, and nothing else."""
    stranger = Visitor(place.app, page=False)
    right = {"authorization": "Bearer prometheus-token"}
    assert stranger.get("/metrics", headers=right).text == "up 1\n"
    assert stranger.get("/metrics", headers={"authorization": "Bearer x"}).status_code == 401
    assert stranger.get("/metrics", headers={"authorization": "Bearer "}).status_code == 401
    assert stranger.get("/parts", headers=right).status_code == 401
    assert stranger.post("/metrics", headers=right).status_code == 401


@pytest.mark.parametrize("name", ["", "  ", "a" * 33, "<script>", "a/b", "a\nb", "-x"])
def test_unfit_names_are_not_invited(place: Place, name: str) -> None:
    """A sign-in name is short and plain."""
    with pytest.raises(Exception, match="sign-in name"):
        place.invite(name)


def test_the_person_chooses_the_language(place: Place) -> None:
    """English on request, and from then on by cookie."""
    visitor = Visitor(place.app)
    assert "登录" in visitor.get("/sign-in").text
    assert "Sign in" in visitor.get("/sign-in?language=en").text
    assert "Sign in" in visitor.get("/sign-in").text
    assert "Sign in" in visitor.get("/sign-in?language=xx").text
    assert "登录" in visitor.get("/sign-in?language=zh").text
