"""The village's pages: what they show, to whom, and what staff may order."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fastapi import FastAPI

from edge.clock import SimulatedClock
from edge.errors import StoreFull
from edge.people import Account, Role
from edge.site.words import load_words
from edge.store.records import AuditEntry
from edge.web.app import HERE, build_hub_site
from edge.web.house import CameraView, LinkView, SpeakerView
from edge.web.plain import explain, findings, looks, worst
from tests.fakes.accounts import FakeAccounts
from tests.fakes.house import FakeHouse, a_picture
from tests.visitor import QUICK, Visitor, assert_shut

SCRIPT = "<script>alert('x')</script>\"'><img src=x onerror=alert(1)>"
WORDS = load_words([HERE.parent / "site" / "words", HERE / "words"])["zh"]


class Hub:
    """The pages of a fake house, and who stands before them."""

    def __init__(self) -> None:
        self.clock = SimulatedClock()
        self.house = FakeHouse(self.clock)
        self.house.furnish()
        self.accounts = FakeAccounts()
        self.app: FastAPI = build_hub_site(
            self.house, self.accounts, self.clock, metrics_token="t", passwords=QUICK
        )

    def visitor(
        self, role: Role = Role.ADMIN, cameras: frozenset[str] | None = None, name: str = "张三"
    ) -> Visitor:
        return Visitor(self.app).enter(name, role, cameras)


@pytest.fixture
def hub() -> Hub:
    return Hub()


def test_every_route_of_the_hub_is_shut(hub: Hub) -> None:
    """No page, picture or order of the hub answers a stranger."""
    assert assert_shut(hub.app) >= 28


def test_home_shows_what_matters(hub: Hub) -> None:
    """Status in plain words, the newest incident with its picture, what sounds, the stop button."""
    incident = hub.house.happen(evidence=a_picture())
    speaker = SpeakerView("yard", "alsa", healthy=True, playing="请离开水边。", queue=2)
    hub.house.view = replace(hub.house.view, speakers=(speaker,))
    text = hub.visitor().get("/").text
    for shown in (
        "3 路里有 1 路有问题：小学门口",
        "闯入危险区域",
        "人 0.82 在 水库东岸 停留 4.2 秒",
    ):
        assert shown in text
    assert f"/incidents/{incident.id}/thumbnail.jpg" in text
    assert "「请离开水边。」" in text
    assert "还有 2 条在等" in text
    assert "全部停止" in text


def test_empty_pages_say_so(hub: Hub) -> None:
    """With nothing there every page says that, and what will happen."""
    visitor = hub.visitor()
    assert "目前没有事件" in visitor.get("/").text
    assert "还没有事件" in visitor.get("/incidents").text
    assert "没有进行中的事件" in visitor.get("/incidents?show=open").text
    assert "还没有播放过" in visitor.get("/plays").text
    assert "还没有记录" in visitor.get("/audit").text


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    "path", ["/", "/incidents", "/say", "/plays", "/device", "/users", "/audit", "/parts"]
)
def test_pages_are_light_and_whole(hub: Hub, path: str, language: str) -> None:
    """Every page works in both languages; with sheet and scripts it stays below 100 KB."""
    hub.house.happen(evidence=a_picture())
    hub.house.play("a", "你好", "finished")
    visitor = hub.visitor()
    answer = visitor.get(f"{path}?language={language}")
    assert answer.status_code == 200
    weight = len(answer.content)
    for name in ("site.css", "site.js", "htmx.min.js", "icons.svg", "icon.svg"):
        weight += len(visitor.get(f"/static/{name}").content)
    assert weight < 100_000


def test_list_is_paged_and_filtered(hub: Hub) -> None:
    """Twenty a page, newest first, by state and by camera."""
    for n in range(25):
        hub.clock.advance(1)
        incident = hub.house.happen("gate" if n % 2 else "pond", zone_name=f"place{n:02d}")
        if n < 24:
            hub.house.store.change(incident.id, closed=hub.clock.stamp())
    visitor = hub.visitor()
    first = visitor.get("/incidents").text
    assert "place24" in first
    assert "place05" in first
    assert "place04" not in first
    older = hub.house.store.kept[5].id
    assert f"before={older}" in first
    second = visitor.get(f"/incidents?before={older}").text
    assert "place04" in second
    assert "place05" not in second
    assert "更早的" not in second
    going_on = visitor.get("/incidents/list?show=open").text
    assert "place24" in going_on
    assert "place23" not in going_on
    gate = visitor.get("/incidents/list?camera=gate").text
    assert "place23" in gate
    assert "place24" not in gate


def test_detail_tells_all(hub: Hub) -> None:
    """Picture, numbers, what was said with its receipt, whether the township has it; audited."""
    incident = hub.house.happen(evidence=a_picture())
    hub.house.play("a", "请离开水边。", "finished", incident=incident.id)
    visitor = hub.visitor()
    text = visitor.get(f"/incidents/{incident.id}").text
    for shown in (
        "人 0.82 在 水库东岸 停留 4.2 秒",
        "请离开水边。",
        "已播完",
        "正在上报",
        "进行中",
    ):
        assert shown in text
    hub.house.store.change(incident.id, sent=True, closed=hub.clock.stamp())
    state = visitor.get(f"/incidents/{incident.id}/state").text
    assert "已收到" in state
    assert "已结束" in state
    assert ("张三", "view_incident", incident.id) in hub.accounts.trail


def test_picture_is_asked_for_again_each_time(hub: Hub) -> None:
    """Browsers keep pictures only as long as the person may see them."""
    incident = hub.house.happen(evidence=a_picture())
    visitor = hub.visitor()
    for name in ("picture", "thumbnail"):
        path = f"/incidents/{incident.id}/{name}.jpg"
        answer = visitor.get(path)
        assert answer.content[:2] == b"\xff\xd8"
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["cache-control"] == "private, no-cache"
        kept = {"if-none-match": answer.headers["etag"]}
        assert visitor.get(path, headers=kept).status_code == 304
        assert Visitor(hub.app, page=False).get(path, headers=kept).status_code == 401


def test_pruned_picture_is_not_found(hub: Hub) -> None:
    """Evidence that expired, or never was, is a 404."""
    with_, without = hub.house.happen(evidence=a_picture()), hub.house.happen()
    hub.house.pictures.clear()
    for incident in (with_, without):
        for name in ("picture", "thumbnail"):
            path = f"/incidents/{incident.id}/{name}.jpg"
            assert hub.visitor().get(path).status_code == 404


@pytest.mark.parametrize(
    ("verdict", "said", "status"),
    [
        ("confirmed", "已记为属实", 303),
        ("false_alarm", "已记为误报", 303),
        ("", "", 422),
        ("x", "", 422),
    ],
)
def test_staff_judge(hub: Hub, verdict: str, said: str, status: int) -> None:
    """A verdict is kept and confirmed in words; nonsense is refused."""
    incident = hub.house.happen()
    visitor = hub.visitor(Role.STAFF)
    answer = visitor.post(f"/incidents/{incident.id}/verdict", {"verdict": verdict})
    assert answer.status_code == status
    kept = hub.house.store.incident(incident.id)
    assert kept is not None
    assert kept.verdict == (verdict if status == 303 else "")
    if status == 303:
        assert said in visitor.get(answer.headers["location"]).text


def test_staff_warn_again(hub: Hub) -> None:
    """The warning of an incident can be spoken once more."""
    incident = hub.house.happen()
    visitor = hub.visitor(Role.STAFF)
    answer = visitor.post(f"/incidents/{incident.id}/warn")
    assert hub.house.orders == [("warn_again", incident.id, "张三")]
    assert "已再次喊话" in visitor.get(answer.headers["location"]).text


def test_speaking_and_its_receipt(hub: Hub) -> None:
    """Words go to the loudspeaker as typed; the page then shows what became of them."""
    visitor = hub.visitor(Role.STAFF)
    form = {"text": "  各位村民，\r\n请注意。 ", "repeat": "2", "chime": "1"}
    answer = visitor.post("/say", form)
    assert hub.house.orders == [("say", "各位村民， 请注意。", "张三", 2, True)]
    assert answer.headers["location"] == "/say?sent=say-1"
    assert "等待播放" in visitor.get(answer.headers["location"]).text
    hub.house.play("say-1", "各位村民， 请注意。", "failed", source="staff", reason="声卡不见了。")
    outcome = visitor.get("/say/say-1").text
    assert "播放失败" in outcome
    assert "声卡不见了。" in outcome


def test_faults_are_told_in_the_language_of_the_reader(hub: Hub) -> None:
    """The house speaks English inside; no villager sees it, and who wants English gets it."""
    stopped, reason = "It was stopped by hand.", "有人按了停止，没有播完。"
    refused = "Nothing listens at 10.0.0.1:8883. Check that the township's broker runs."
    link = LinkView(connected=False, fault=refused)
    broken = SpeakerView("horn", "alsa", healthy=False, fault="Loudspeaker horn was not opened.")
    hub.house.view = replace(
        hub.house.view, link=link, speakers=(broken,), faults=(f"{refused} {stopped}",)
    )
    hub.house.play("say-1", "各位村民", "cancelled", source="staff", reason=stopped)
    visitor = hub.visitor(Role.ADMIN)
    pages = "".join(visitor.get(path).text for path in ("/", "/device", "/plays"))
    for english in ("Nothing listens", "stopped by hand", "was not opened"):
        assert english not in pages
    for chinese in (reason, "10.0.0.1:8883 上没有程序在运行。", "喇叭 horn 没有打开"):
        assert chinese in pages
    assert stopped in visitor.get("/plays?language=en").text


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "还没有写要说的话"),
        (" \n ", "还没有写要说的话"),
        ("长" * 201, "太长了，最多 200 个字"),
        ("a\x07b", "有读不出来的字符"),
    ],
)
def test_what_cannot_be_said_is_explained(hub: Hub, text: str, sentence: str) -> None:
    """Nothing is spoken, the reason is said, and what was typed is still there."""
    answer = hub.visitor(Role.STAFF).post("/say", {"text": text})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert hub.house.orders == []
    if text.strip():
        assert text[:50].strip("\x07") in answer.text or "a" in answer.text


@pytest.mark.parametrize(("repeat", "times"), [("0", 1), ("-3", 1), ("99", 3)])
def test_repeats_are_bounded(hub: Hub, repeat: str, times: int) -> None:
    """Nobody can make the village listen to it a hundred times."""
    hub.visitor(Role.STAFF).post("/say", {"text": "你好", "repeat": repeat})
    assert hub.house.orders == [("say", "你好", "张三", times, False)]


def test_stop(hub: Hub) -> None:
    """One announcement or everything is stopped, and the page comes back."""
    visitor = hub.visitor(Role.STAFF)
    assert visitor.post("/stop", {"back": "/say"}).headers["location"] == "/say"
    visitor.post("/stop", {"announcement": "a1", "back": "//evil.example"})
    assert hub.house.orders == [("stop", None, "张三"), ("stop", "a1", "张三")]


def test_viewer_sees_but_does_not_act(hub: Hub) -> None:
    """A viewer gets the pages without the buttons, and is refused what he may not do."""
    incident = hub.house.happen()
    visitor = hub.visitor(Role.VIEWER)
    assert "看了画面" not in visitor.get(f"/incidents/{incident.id}").text
    assert 'href="/say"' not in visitor.get("/").text
    refused = [
        visitor.post(f"/incidents/{incident.id}/verdict", {"verdict": "confirmed"}),
        visitor.post(f"/incidents/{incident.id}/warn"),
        visitor.post("/say", {"text": "你好"}),
        visitor.post("/stop"),
        visitor.get("/say"),
        visitor.get("/users"),
        visitor.get("/audit"),
        visitor.get("/parts"),
        visitor.post("/users/invite", {"account": "x"}),
    ]
    assert [answer.status_code for answer in refused] == [403] * 9
    assert hub.house.orders == []


@pytest.mark.parametrize("path", ["/users", "/audit", "/parts"])
def test_staff_do_not_look_after_people(hub: Hub, path: str) -> None:
    """People and the audit log are the administrator's."""
    assert hub.visitor(Role.STAFF).get(path).status_code == 403


def test_a_camera_one_may_not_see_does_not_exist(hub: Hub) -> None:
    """Incidents, pictures, warnings and the camera itself are hidden from who may not see it."""
    hidden = hub.house.happen("pond", evidence=a_picture())
    shown = hub.house.happen("gate", zone_name="大路")
    hub.house.play("a", "水库的请注意", "finished", incident=hidden.id)
    hub.house.play("b", "大路的请注意", "finished", incident=shown.id)
    hub.house.play("c", "开会通知", "finished", source="township")
    visitor = hub.visitor(Role.STAFF, frozenset({"gate"}))
    for path in ("", "/state", "/picture.jpg", "/thumbnail.jpg"):
        assert visitor.get(f"/incidents/{hidden.id}{path}").status_code == 404
    for order in ("verdict", "warn"):
        answer = visitor.post(f"/incidents/{hidden.id}/{order}", {"verdict": "confirmed"})
        assert answer.status_code == 404
    assert hub.house.orders == []
    assert visitor.get(f"/incidents/{shown.id}").status_code == 200
    for path in ("/", "/incidents", "/incidents?camera=pond", "/device", "/plays", "/say"):
        text = visitor.get(path).text
        assert "水库" not in text, path
        assert hidden.id not in text, path
    plays = visitor.get("/plays").text
    assert "大路的请注意" in plays
    assert "开会通知" in plays


def test_restricted_list_still_fills_its_page(hub: Hub) -> None:
    """Twenty incidents of the one camera are found among a hundred of others."""
    for n in range(120):
        hub.clock.advance(1)
        hub.house.happen("gate" if n % 5 == 0 else "pond", zone_name=f"place{n:03d}")
    text = hub.visitor(Role.VIEWER, frozenset({"gate"})).get("/incidents").text
    assert text.count("thumb") == 20
    assert "更早的" in text


def test_script_in_any_field_is_only_text(hub: Hub) -> None:
    """Whatever cameras, zones, announcements, people and faults are called, nothing runs."""
    hub.house.view = replace(
        hub.house.view,
        village=SCRIPT,
        cameras=(CameraView("c", SCRIPT, SCRIPT, SCRIPT), CameraView("d", SCRIPT, "watching")),
        speakers=(SpeakerView(SCRIPT, SCRIPT, healthy=False, playing=SCRIPT, fault=SCRIPT),),
        link=LinkView(connected=False, fault=SCRIPT),
        model=SCRIPT,
        version=SCRIPT,
        faults=(SCRIPT,),
        quarantined=SCRIPT,
    )
    incident = hub.house.happen(kind=SCRIPT, severity=SCRIPT, zone_name=SCRIPT, label=SCRIPT)
    hub.house.store.change(incident.id, camera_name=SCRIPT, verdict=SCRIPT)
    hub.house.play(SCRIPT, SCRIPT, SCRIPT, source=SCRIPT, incident=incident.id, reason=SCRIPT)
    hub.house.store.log.append(AuditEntry(hub.clock.stamp(), SCRIPT, SCRIPT, SCRIPT))
    app = build_hub_site(hub.house, hub.accounts, hub.clock, passwords=QUICK)
    visitor = Visitor(app).enter("管理员")
    hub.accounts.put_account(Account(SCRIPT, Role.STAFF))
    pages = [
        visitor.get(path)
        for path in (
            *("/", "/incidents", f"/incidents/{incident.id}", "/plays", "/device", "/users"),
            *("/audit", "/parts", "/say", f"/say/{'%3Cscript%3E'}", "/say?sent=%3Cscript%3E"),
            f"/incidents?camera={'%22%3E%3Cscript%3E'}&before=%3Cscript%3E",
            "/sign-in?next=/%22%3E%3Cscript%3E",
            "/%3Cscript%3E",
        )
    ]
    pages.append(visitor.post("/say", {"text": SCRIPT * 5}))
    pages.append(visitor.post("/users/invite", {"account": SCRIPT}))
    pages.append(Visitor(app).post("/sign-in", {"account": SCRIPT, "next": SCRIPT}))
    pages.append(Visitor(app).get("/welcome/%22%3E%3Cscript%3E"))
    for answer in pages:
        assert "<script>" not in answer.text, answer.url
        assert "<img src=x" not in answer.text, answer.url
    assert "&lt;script&gt;" in pages[0].text


def test_device_is_honest(hub: Hub) -> None:
    """Each camera says what is wrong with it and how often it is really looked at."""
    hub.house.view = replace(hub.house.view, clock_trusted=False, faults=("磁盘快满了。",))
    text = hub.visitor(Role.VIEWER).get("/device").text
    for shown in (
        "摄像机的用户名或密码不对",
        "每秒看 5 次",
        "每 8 秒看一次",
        "640×360",
        "21 毫秒",
        "50.0 GB",
        "时钟还没有校准",
        "磁盘快满了。",
        "最久 4 秒",
    ):
        assert shown in text


def test_plain_words(hub: Hub) -> None:
    """The status is as bad as its worst line."""
    good = replace(hub.house.view, cameras=hub.house.view.cameras[:2])
    assert worst(findings(good, WORDS)) == "good"
    lost = replace(good, cameras=(CameraView("a", "甲", "lost", "stalled"),))
    assert worst(findings(lost, WORDS)) == "bad"
    degraded = replace(good, cameras=(*good.cameras, CameraView("a", "甲", "degraded")))
    assert worst(findings(degraded, WORDS)) == "warn"
    mute = replace(good, speakers=(SpeakerView("yard", "alsa", healthy=False),))
    assert "不能播放" in findings(mute, WORDS)[1].sentence
    away = replace(good, link=LinkView(connected=False, queued=7))
    assert "7 条先存着" in findings(away, WORDS)[2].sentence
    slow = replace(good, link=LinkView(connected=True, queued=3, oldest_age_s=600))
    assert "10 分钟" in findings(slow, WORDS)[2].sentence
    late = replace(good, clock_trusted=False)
    assert worst(findings(late, WORDS)) == "warn"
    nothing = replace(good, cameras=(), speakers=())
    assert worst(findings(nothing, WORDS)) == "warn"
    assert looks(CameraView("a", "甲", "starting"), WORDS) == "还没有看"


def test_explanations(hub: Hub) -> None:
    """One sentence for one, for several, for what was only seen, and for a fault of the box."""
    incident = hub.house.happen()
    assert explain(incident, WORDS) == "人 0.82 在 水库东岸 停留 4.2 秒"
    assert explain(replace(incident, count=3), WORDS) == "人×3 0.82 在 水库东岸 停留 4.2 秒"
    assert explain(replace(incident, dwell_s=0.0), WORDS) == "人 0.82 出现在 水库东岸"
    assert explain(replace(incident, label="", zone_name=""), WORDS) == "水库东岸"
    lost = replace(incident, score=0.0, dwell_s=0.0, label="no_such_file", zone_name="")
    assert explain(lost, WORDS) == "水库东岸：找不到视频文件。请核对文件路径。"


def test_inviting_somebody(hub: Hub) -> None:
    """The link is shown once, works, and gives the role and the cameras that were chosen."""
    admin = hub.visitor()
    form = {"account": "李四", "role": "staff", "cameras": ["gate", "pond"]}
    text = admin.post("/users/invite", form).text
    link = text.split("/welcome/")[1].split("<")[0]
    assert link not in admin.get("/users").text
    guest = Visitor(hub.app)
    secret = {"password": "correct horse", "again": "correct horse"}
    assert guest.post(f"/welcome/{link}", secret).status_code == 200
    made = hub.accounts.account("李四")
    assert made is not None
    assert (made.role, made.cameras) == (Role.STAFF, frozenset({"gate", "pond"}))
    assert ("张三", "invite", "李四") in hub.accounts.trail


def test_changing_and_removing_somebody(hub: Hub) -> None:
    """Role and cameras can be changed; a removed person is out at once."""
    admin, other = hub.visitor(), hub.visitor(Role.VIEWER, name="李四")
    admin.post("/users/change", {"account": "李四", "role": "staff", "cameras": "gate"})
    assert hub.accounts.account("李四") == Account("李四", Role.STAFF, "", frozenset({"gate"}))
    admin.post("/users/change", {"account": "李四", "role": "staff"})
    assert hub.accounts.account("李四") == Account("李四", Role.STAFF, "", frozenset())
    admin.post("/users/change", {"account": "李四", "role": "staff", "every_camera": "1"})
    assert hub.accounts.account("李四") == Account("李四", Role.STAFF, "", None)
    assert other.get("/").status_code == 200
    assert (
        "不能再登录"
        in admin.get(admin.post("/users/remove", {"account": "李四"}).headers["location"]).text
    )
    assert other.get("/").status_code == 303


@pytest.mark.parametrize(
    ("path", "form", "sentence"),
    [
        ("/users/remove", {"account": "张三"}, "不能删除自己"),
        ("/users/change", {"account": "张三", "role": "viewer"}, "至少要有一个管理员"),
        ("/users/invite", {"account": "张三", "role": "viewer"}, "至少要有一个管理员"),
        ("/users/change", {"account": "nobody", "role": "viewer"}, "没有这个人"),
        ("/users/invite", {"account": "<b>", "role": "viewer"}, "登录名不合适"),
        ("/users/change", {"account": "张三", "role": "king"}, "填的内容不对"),
    ],
)
def test_people_mistakes_are_explained(
    hub: Hub, path: str, form: dict[str, str], sentence: str
) -> None:
    """Nobody locks everybody out, and every refusal says why."""
    answer = hub.visitor().post(path, form)
    assert answer.status_code == 422
    assert sentence in answer.text
    account = hub.accounts.account("张三")
    assert account is not None
    assert account.role is Role.ADMIN


def test_audit_log_is_readable(hub: Hub) -> None:
    """Who did what, in words, with the exact time."""
    hub.house.store.log.append(AuditEntry(hub.clock.stamp(), "李四", "say", "say-1"))
    text = hub.visitor().get("/audit").text
    assert "李四" in text
    assert "喊话" in text
    assert "2026-11-18 " in text


def test_health_and_metrics(hub: Hub) -> None:
    """Liveness is one word; figures, which name cameras, need the token or an administrator."""
    assert Visitor(hub.app).get("/healthz").text == "ok"
    hub.house.well = False
    sick = Visitor(hub.app).get("/healthz")
    assert (sick.status_code, sick.text) == (503, "failing")
    bearer = {"authorization": "Bearer t"}
    figures = Visitor(hub.app, page=False).get("/metrics", headers=bearer)
    assert "village_hub_up 1" in figures.text
    assert hub.visitor(Role.ADMIN).get("/metrics").status_code == 200
    assert hub.visitor(Role.STAFF, name="李四").get("/metrics").status_code == 403
    some = hub.visitor(Role.ADMIN, frozenset({"gate"}), name="王五")
    assert some.get("/metrics").status_code == 403


def test_full_disk_is_said(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """An order that cannot be written down is refused with the reason."""

    def full(*_: object, **__: object) -> str:
        raise StoreFull("磁盘已满，没有播放。")

    monkeypatch.setattr(hub.house, "say", full)
    answer = hub.visitor(Role.STAFF).post("/say", {"text": "你好"})
    assert answer.status_code == 503
    assert "磁盘已满，没有播放。" in answer.text
