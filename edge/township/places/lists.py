"""The lists a township can send in: villages, grids, cameras and the duty roster."""

from __future__ import annotations

from dataclasses import dataclass

from edge.township.places import codes
from edge.township.places.columns import (
    Column,
    choice,
    code,
    day,
    degrees,
    hour,
    name,
    whole,
)
from edge.township.places.columns import codes as several

LEVELS = {"一类": 1, "二类": 2, "三类": 3, "1": 1, "2": 2, "3": 3, "Ⅰ类": 1, "Ⅱ类": 2, "Ⅲ类": 3}
LEVEL_NAMES = {1: "一类", 2: "二类", 3: "三类"}

_VILLAGE = Column(
    "village",
    ("村代码", "村编码", "行政村代码", "village"),
    code(codes.wrong_village),
    example="330782103205",
    hint="统计用区划代码 12 位，单元格设成文本。",
)
_HUB_HINT = "村级一体机编号，小写字母、数字和连字符；没有就留空。"
_LON = Column(
    "lon",
    ("经度", "lon", "longitude"),
    degrees(73, 136),
    needed=False,
    example="120.081234",
    hint="十进制度数，WGS 84 或 CGCS 2000（天地图）；没有就留空。",
)
_LAT = Column(
    "lat",
    ("纬度", "lat", "latitude"),
    degrees(3, 54),
    needed=False,
    example="29.311234",
    hint="十进制度数；经度和纬度要么都填，要么都空。",
)


@dataclass(frozen=True, slots=True)
class ListKind:
    """One kind of list.

    Attributes:
        id: In addresses.
        title: Of the sheet in templates.
        columns: In the order of the template.
        key: Columns that together name one row.
    """

    id: str
    title: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def heading(self) -> tuple[str, ...]:
        return tuple(column.title for column in self.columns)


VILLAGES = ListKind(
    "villages",
    "村",
    (
        Column(
            "township",
            ("镇街代码", "乡镇代码", "镇代码", "township"),
            code(codes.wrong_township),
            example="330782103000",
            hint="统计用区划代码 12 位，后 3 位是 000。",
        ),
        Column("township_name", ("镇街名称", "乡镇名称", "镇名称"), name(), example="清水镇"),
        Column(
            "code",
            _VILLAGE.names,
            _VILLAGE.read,
            example="330782103205",
            hint="统计用区划代码 12 位，前 9 位和镇街代码相同。单元格设成文本。",
        ),
        Column("name", ("村名称", "村名", "行政村"), name(), example="林家村"),
        _LON,
        _LAT,
        Column(
            "hubs",
            ("一体机", "一体机编号", "设备", "hub"),
            several(codes.wrong_hub),
            needed=False,
            example="lin-jia-cun",
            hint=_HUB_HINT + "有几台就用顿号隔开。",
        ),
    ),
    ("code",),
)
GRIDS = ListKind(
    "grids",
    "网格",
    (
        _VILLAGE,
        Column(
            "code",
            ("网格编码", "网格代码", "网格编号", "grid"),
            code(lambda text: codes.wrong_grid(text, text[:12])),
            example="330782103205001",
            hint="全县统一的网格编码，以村代码开头。",
        ),
        Column("name", ("网格名称", "网格"), name(), example="第一网格"),
        Column(
            "member",
            ("网格员", "网格员账号"),
            name(32),
            needed=False,
            example="王网格",
            hint="网格员在本平台的登录名。",
        ),
    ),
    ("code",),
)
CAMERAS = ListKind(
    "cameras",
    "摄像机",
    (
        _VILLAGE,
        Column(
            "code",
            ("摄像机编码", "摄像机编号", "国标编码", "camera"),
            code(codes.wrong_camera),
            example="33078210031320000001",
            hint="国标编码 20 位（单元格设成文本），没有的用自己的编号。",
        ),
        Column("name", ("摄像机名称", "摄像机", "点位名称"), name(), example="水库东岸"),
        Column(
            "level",
            ("类别", "摄像机类别", "点位类别"),
            choice(LEVELS),
            example="一类",
            hint="一类（重点公共区域）、二类（重点行业）、三类（社会资源）。",
        ),
        Column(
            "grid",
            ("网格编码", "所属网格"),
            code(lambda text: codes.wrong_grid(text, text[:12])),
            needed=False,
            example="330782103205001",
        ),
        _LON,
        _LAT,
        Column(
            "hub",
            ("一体机", "一体机编号", "设备", "hub"),
            code(codes.wrong_hub),
            needed=False,
            example="lin-jia-cun",
            hint=_HUB_HINT,
        ),
        Column(
            "channel",
            ("通道", "一体机内编号", "channel"),
            code(codes.wrong_hub),
            needed=False,
            example="reservoir",
            hint="这台摄像机在一体机设置里的编号 id。",
        ),
    ),
    ("code",),
)
ROSTER = ListKind(
    "roster",
    "值班表",
    (
        Column("day", ("日期", "值班日期", "date"), day, example="2026-12-01"),
        Column("start", ("开始", "开始时间", "上班"), hour, example="08:00"),
        Column(
            "end",
            ("结束", "结束时间", "下班"),
            hour,
            example="20:00",
            hint="比开始早就是第二天；24:00 是当天夜里十二点。",
        ),
        Column(
            "village",
            _VILLAGE.names,
            _VILLAGE.read,
            needed=False,
            example="",
            hint="只管一个村的写村代码，管全镇的留空。",
        ),
        Column(
            "rank",
            ("顺序", "叫人顺序", "次序"),
            whole(1, 9),
            example="1",
            hint="1 先叫；没人处理时再叫 2、3……",
        ),
        Column("person", ("姓名", "值班人", "登录名"), name(32), example="王芳",
               hint="在本平台的登录名。"),
        Column("phone", ("电话", "手机"), name(30), needed=False, example="13800000000"),
        Column("note", ("备注",), name(100), needed=False),
    ),
    ("day", "start", "village", "rank"),
)  # fmt: skip
KINDS = {kind.id: kind for kind in (VILLAGES, GRIDS, CAMERAS, ROSTER)}
