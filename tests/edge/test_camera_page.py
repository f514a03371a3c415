"""A camera's page: what the box sees there, what it learnt, and who may decide about it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge.people import Role
from edge.store.records import TuningRecord
from edge.web.house import SightView
from tests.edge.test_web import SCRIPT, Hub
from tests.fakes.house import a_picture
from vision.reports import SeenObject


@pytest.fixture
def hub() -> Hub:
    one = Hub()
    furnish_camera(one.house, one.clock.stamp())
    return one


def furnish_camera(house, now) -> None:  # type: ignore[no-untyped-def]
    """A lively camera at the pond with two proposals and one accepted."""
    pond = next(c for c in house.view.cameras if c.id == "pond")
    pond = replace(
        pond,
        codec="h264",
        looked_every_s=8.2,
        gate="keys",
        gate_why="packets-silent",
        clock_offset_s=-130.0,
    )
    house.view = replace(
        house.view, cameras=tuple(pond if c.id == "pond" else c for c in house.view.cameras)
    )
    house.sights["pond"] = SightView(
        at=now,
        width=640,
        height=360,
        objects=(
            SeenObject("person", 0.82, (0.42, 0.36, 0.56, 0.89), seen=True, lasted_s=12.0),
            SeenObject("vehicle", 0.61, (0.1, 0.5, 0.2, 0.6), seen=False, lasted_s=90.0),
        ),
        regions=((0.4, 0.3, 0.6, 0.9),),
        time_in_motion=0.12,
        watched_s=7200.0,
        jpeg=a_picture(),
    )
    told = {"false": 5, "of_false": 6, "true": 0, "of_true": 2, "unjudged": 1, "of_unjudged": 3}
    corners = ((0.05, 0.1), (0.2, 0.1), (0.2, 0.4), (0.05, 0.4))

    def record(name: str, **changes: object) -> TuningRecord:
        base = TuningRecord(
            id=name,
            camera="pond",
            kind="intrusion",
            what="score",
            score=0.62,
            polygon=(),
            evidence={**told, "hour": 21, "reason": "insect"},
            state="proposed",
            who="",
            made=now,
            changed=now,
        )
        return replace(base, **changes)  # type: ignore[arg-type]

    motion = {"share": 96, "hours": 24}
    house.proposed = [
        record("t1"),
        record("t2", kind="", what="motion", polygon=corners, evidence=motion),
        record("t3", what="mask", polygon=corners, state="accepted", who="李主任"),
    ]


def test_the_page_shows_what_the_box_sees(hub: Hub) -> None:
    """Picture, objects, how often it looks and why so seldom, motion, model, clock, incidents."""
    hub.house.happen("pond")
    text = hub.visitor().get("/cameras/pond").text
    for shown in (
        "/cameras/pond/picture.jpg",
        "人 0.82",
        "没有再动",
        "每 8 秒看一次",
        "实际每 8.2 秒看一次",
        "只解关键帧",
        "码流听不出动静",
        "12 %",
        "village-patch-1",
        "慢了 2 分钟",
        "人 0.82 在 水库东岸 停留 4.2 秒",
    ):
        assert shown in text
    picture = hub.visitor().get("/cameras/pond/picture.jpg")
    assert picture.headers["content-type"] == "image/jpeg"
    assert "no-store" in picture.headers["cache-control"]


def test_a_camera_without_anything_says_so(hub: Hub) -> None:
    """No picture, no incidents, no suggestions: each in a sentence; the fault with its remedy."""
    visitor = hub.visitor()
    assert "正在取画面" in visitor.get("/cameras/gate").text
    text = visitor.get("/cameras/school").text
    for shown in ("现在没有画面", "用户名或密码不对", "还没有事件", "现在没有建议"):
        assert shown in text
    assert visitor.get("/cameras/gate/picture.jpg").status_code == 404


def test_proposals_say_what_they_would_have_suppressed(hub: Hub) -> None:
    """In numbers, true ones too, with the reason and the hour people gave."""
    text = hub.visitor().get("/cameras/pond").text
    for shown in (
        "0.62 以上",
        "以前的 6 次误报，会少 5 次",
        "属实的 2 次，会漏 0 次",
        "没人判断的，也会少 1 次",
        "蜘蛛、飞虫",
        "21 点前后",
        "最近 24 小时里 96 % 的时间在动",
        "火和烟照样看",
        "已采用 · 李主任",
    ):
        assert shown in text


def test_only_an_administrator_decides(hub: Hub) -> None:
    """Accepting and undoing reach the box under his name; others see it and cannot."""
    admin, staff = hub.visitor(), hub.visitor(Role.STAFF, name="值班员")
    answer = admin.post("/cameras/pond/tunings/t1", {"decision": "accepted"})
    assert answer.headers["location"] == "/cameras/pond?done=accepted#learnt"
    assert ("decide_tuning", "pond", "t1", "accepted", "张三") in hub.house.orders
    admin.post("/cameras/pond/tunings/t3", {"decision": "undone"})
    assert hub.house.orders[-1] == ("decide_tuning", "pond", "t3", "undone", "张三")
    count = len(hub.house.orders)
    assert staff.post("/cameras/pond/tunings/t2", {"decision": "accepted"}).status_code == 403
    assert admin.post("/cameras/pond/tunings/t2", {"decision": "proposed"}).status_code == 422
    assert len(hub.house.orders) == count
    assert "由管理员决定" in staff.get("/cameras/pond").text


def test_who_may_not_see_a_camera_sees_none_of_it(hub: Hub) -> None:
    """Page, picture and decisions are as if it were not there; a strange name as well."""
    visitor = hub.visitor(Role.ADMIN, frozenset({"gate"}), name="李四")
    for path in ("", "/state", "/picture.jpg"):
        assert visitor.get(f"/cameras/pond{path}").status_code == 404
        assert visitor.get(f"/cameras/nowhere{path}").status_code == 404
    assert visitor.post("/cameras/pond/tunings/t1", {"decision": "accepted"}).status_code == 404
    assert hub.house.orders == []


def test_looking_is_in_the_audit_log_and_names_are_only_text(hub: Hub) -> None:
    """The page is audited once, its refreshing not; a name cannot smuggle a script in."""
    cameras = tuple(replace(c, name=SCRIPT) for c in hub.house.view.cameras)
    hub.house.view = replace(hub.house.view, cameras=cameras)
    visitor = hub.visitor()
    assert "<script>alert" not in visitor.get("/cameras/pond").text
    visitor.get("/cameras/pond/state")
    seen = [entry for entry in hub.accounts.trail if entry[1] == "view_camera"]
    assert seen == [("张三", "view_camera", "pond")]


def test_a_false_alarm_may_say_why(hub: Hub) -> None:
    """The reason goes with the verdict; nonsense is left out; a fire asks for none."""
    incident = hub.house.happen("pond")
    visitor = hub.visitor()
    assert "蜘蛛、飞虫" in visitor.get(f"/incidents/{incident.id}").text
    path = f"/incidents/{incident.id}/verdict"
    visitor.post(path, {"verdict": "false_alarm", "reason": "insect"})
    kept = hub.house.store.incident(incident.id)
    assert kept is not None
    assert (kept.verdict, kept.reason) == ("false_alarm", "insect")
    assert "误报原因" in visitor.get(f"/incidents/{incident.id}").text
    visitor.post(path, {"verdict": "confirmed", "reason": "nonsense"})
    kept = hub.house.store.incident(incident.id)
    assert kept is not None
    assert kept.reason == ""
    fire = hub.house.happen("pond", kind="fire", label="fire")
    assert "蜘蛛、飞虫" not in visitor.get(f"/incidents/{fire.id}").text
