"""Reading a configuration: layers, helpful words, and nothing but settings or SettingsError."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import SettingsError
from edge.settings import load_any, load_hub, load_township, write_override
from edge.settings.override import to_toml
from edge.settings.schema import HubSettings, TownshipSettings
from edge.words import Language

HUB = """\
[hub]
id = "lin-jia-cun"
village = "林家村"
township = "qing-shan"
"""
CAMERA = """
[[camera]]
id = "shuiku"
name = "水库"
url = "rtsp://192.0.2.7/live"

[[camera.zone]]
id = "shore"
name = "岸边"
polygon = [[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]

[[camera.rule]]
zone = "shore"
"""
TOWNSHIP = '[township]\nid = "qing-shan"\nname = "青山镇"\n'


def hub_file(folder: Path, text: str, name: str = "hub.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def problems(folder: Path, text: str, language: Language = "en") -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_hub(hub_file(folder, text), language=language)
    return caught.value.problems


def only(folder: Path, text: str) -> str:
    found = problems(folder, text)
    assert len(found) == 1, found
    return found[0]


def test_a_small_file_is_enough(tmp_path: Path) -> None:
    """Four keys make a hub; everything else has a default."""
    hub = load_hub(hub_file(tmp_path, HUB + CAMERA))
    assert hub.hub.village == "林家村"
    assert hub.camera[0].zone[0].polygon[2] == (0.5, 0.9)
    assert hub.camera[0].rule[0].kind == "intrusion"


def test_relative_paths_belong_to_the_folder_of_the_file(tmp_path: Path) -> None:
    """Paths of folders, secrets, keys and videos are absolute after loading."""
    (tmp_path / "pw").write_text("secret")
    (tmp_path / "k.pem").write_text("key")
    text = HUB + (
        '[link]\npassword_file = "pw"\ncommand_keys = {mayor = "k.pem"}\n'
        '[[camera]]\nid = "a"\nname = "a"\nurl = "clips/a.mp4"\n'
        '[[speaker]]\nid = "s"\nkind = "file"\nfolder = "wav"\n'
    )
    hub = load_hub(hub_file(tmp_path, text))
    assert hub.link.password_file == tmp_path / "pw"
    assert hub.link.command_keys == {"mayor": tmp_path / "k.pem"}
    assert hub.camera[0].url == str(tmp_path / "clips/a.mp4")
    assert hub.speaker[0].folder == tmp_path / "wav"
    assert hub.state.folder == tmp_path / "state"


def test_systemd_gives_the_state_folder_and_the_secrets(tmp_path: Path) -> None:
    """STATE_DIRECTORY holds the folders nobody configured, CREDENTIALS_DIRECTORY the secrets."""
    (tmp_path / "cred").mkdir()
    (tmp_path / "cred" / "broker").write_text("secret")
    text = HUB + '[link]\npassword_file = "broker"\n[[speaker]]\nid = "s"\nkind = "file"\n'
    environ = {
        "STATE_DIRECTORY": f"{tmp_path}/var",
        "CREDENTIALS_DIRECTORY": f"{tmp_path}/cred",
    }
    hub = load_hub(hub_file(tmp_path, text), environ=environ)
    assert hub.state.folder == tmp_path / "var"
    assert hub.speaker[0].folder == tmp_path / "var" / "sound"
    assert hub.link.password_file == tmp_path / "cred" / "broker"


def test_layers_lie_over_each_other(tmp_path: Path) -> None:
    """Factory, village file, override and environment: the later one wins, key by key."""
    factory = hub_file(
        tmp_path, "[web]\nport = 1\nhost = '0.0.0.0'\n[talkdown]\nper_hour = 7\n", "f"
    )
    village = hub_file(tmp_path, HUB + "[web]\nport = 2\n" + CAMERA)
    (tmp_path / "state").mkdir()
    write_override(
        tmp_path / "state" / "override.toml",
        {
            "web": {"session_hours": 3},
            "camera": [
                {"id": "shuiku", "name": "大水库"},
                {"id": "b", "name": "桥", "url": "b.mp4"},
            ],
        },
    )
    environ = {"VILLAGE_HUB__WEB__PORT": "4", "VILLAGE_HUB__LINK__COMMAND_KEYS": "{}"}
    hub = load_hub(village, factory=factory, environ=environ)
    assert (hub.web.port, hub.web.host, hub.web.session_hours) == (4, "0.0.0.0", 3)
    assert hub.talkdown.per_hour == 7
    assert [camera.name for camera in hub.camera] == ["大水库", "桥"]
    assert hub.camera[0].zone[0].id == "shore", "the zones of the merged camera stay"


def test_a_problem_names_the_layer_it_is_in(tmp_path: Path) -> None:
    """A sentence points at the file somebody has to open, also for merged cameras."""
    village = hub_file(tmp_path, HUB + CAMERA)
    override = hub_file(tmp_path, '[[camera]]\nid = "shuiku"\nlooks_per_s = 99\n', "override.toml")
    with pytest.raises(SettingsError) as caught:
        load_hub(village, override=override, environ={"VILLAGE_HUB__WEB__PORT": "many"})
    first, second = sorted(caught.value.problems)
    assert str(override) in first
    assert "camera[shuiku].looks_per_s" in first
    assert "VILLAGE_HUB__" in second
    assert "web.port" in second


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    """Schema, names, files and outlines are judged together, each naming file and key."""
    text = """\
[hub]
id = "Lin Jia"
village = ""
townshp = "x"
[web]
certificate = "c.pem"
[[camera]]
id = "shuiku"
name = "水库"
url = "rtsp://admin:geheim@192.0.2.7/"
[[camera.zone]]
id = "shore"
name = "岸"
polygon = [[0, 0], [1, 1], [1, 0], [0, 1]]
[[camera.rule]]
zone = "shor"
dwell_s = -1
[[camera]]
id = "shuiku"
name = "again"
url = "b.mp4"
"""
    found = problems(tmp_path, text)
    for wanted in (
        "hub.id cannot be used as an id",
        "hub.village is empty",
        "hub.township is missing",
        "hub.townshp is not a setting. Did you mean `township`?",
        "web.certificate is set but the private key is not",
        "c.pem, which does not exist",
        "camera[shuiku].url contains a password",
        "camera[shuiku].zone[shore].polygon crosses itself",
        "camera[shuiku].rule[0].zone names the zone `shor`",
        "camera[shuiku].rule[0].dwell_s is too small. Write 0.0 or more",
        "camera[shuiku] is there twice",
    ):
        assert any(wanted in sentence for sentence in found), (wanted, found)
    assert len(found) == 11
    assert all(str(tmp_path / "hub.toml") in sentence for sentence in found)
    assert "geheim" not in " ".join(found)


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ("[web]\nprot = 1", "web.prot is not a setting. Did you mean `port`?"),
        ("[wbe]\n", "wbe is not a setting. Did you mean `web`?"),
        ("[web]\nkeepalive_s = 9", "it belongs in [link]"),
        ("[web]\nxyzzy = 9", "the settings there are: host, port"),
        ("[web]\nport = 'many'", "must be a whole number"),
        ("[web]\nport = 1.5", "must be a whole number"),
        ("[web]\nport = 70000", "too large. Write 65535 or less"),
        ("[web]\nhost = 3", "must be text"),
        ("[web]\nmetrics_token_file = 3", "must be the path of a file"),
        ("[talkdown]\nenabled = 'perhaps'", "must be true or false"),
        ("[talkdown]\nlate_s = 'soon'", "must be a number"),
        ("[talkdown]\nlate_s = nan", "Write 600.0 or less"),
        ("[link]\nprotocol = '4'", "Write '5', '3.1.1'"),
        ("[link]\nkey = '/etc/hostname'", "link.key is set but the certificate is not"),
        ("web = 3", "must be a table"),
        ("camera = 3", "must be a list"),
        ("[broadcast]\nlevel_lufs = -99", "Write -40.0 or more"),
        ("[[speaker]]\nid = 's'", "speaker[s].kind is missing"),
        ("[[speaker]]\nid='s'\nkind='silent'\n[[speaker]]\nid='s'\nkind='silent'", "twice"),
    ],
)
def test_each_mistake_has_its_sentence(tmp_path: Path, more: str, wanted: str) -> None:
    """One mistake gives one sentence with its remedy."""
    text = f"{more}\n{HUB}" if more.startswith(("web =", "camera =")) else f"{HUB}{more}\n"
    assert wanted in only(tmp_path, text)


@pytest.mark.parametrize(
    ("polygon", "wanted"),
    [
        ("[[0, 0], [1, 1]]", "too few entries"),
        ("[[0, 0], [1, 1], [1, 2]]", "must be one corner"),
        ("[[0, 0], [1, 1], [1]]", "must be one corner"),
        ("[[0, 0], [1, 1], 3]", "must be one corner"),
        ("[[0, 0], [0.5, 0.5], [1, 1]]", "encloses nothing"),
        ("[[0, 0], [1, 1], [0, 1], [1, 0]]", "crosses itself"),
        ("7", "must be a list"),
    ],
)
def test_an_outline_must_enclose_a_place(tmp_path: Path, polygon: str, wanted: str) -> None:
    """Outlines with too few, wrong or crossing corners are refused, and privacy masks as well."""
    zone = CAMERA.replace("[[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]", polygon)
    assert wanted in only(tmp_path, HUB + zone)
    if polygon != "7":
        mask = CAMERA.replace("[[camera.zone]]", f"privacy_masks = [{polygon}]\n[[camera.zone]]", 1)
        assert wanted in only(tmp_path, HUB + mask)


def test_a_rule_may_only_name_zones_of_its_camera(tmp_path: Path) -> None:
    """An unknown zone is answered with the zones there are, or with how to do without."""
    assert "Write one of: shore" in only(
        tmp_path, HUB + CAMERA.replace('zone = "shore"', 'zone = "Q"')
    )
    bare = '[[camera]]\nid="a"\nname="a"\nurl="a.mp4"\n[[camera.rule]]\nzone="dock"\n'
    assert "this camera has no zone" in only(tmp_path, HUB + bare)


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (b"[hub]\nid = lin\n", "line 2 is not written correctly"),
        (b"[hub\n", "line 1 is not written correctly"),
        (b"[hub]\nid = [1,\n", "ends too early"),
        ("[hub]\nvillage = '林家村'\n".encode("gbk"), "not UTF-8 text (near line 2)"),
        (b"a = " + b"[" * 20_000, "nested too deeply"),
        (b"x" * 2_000_000, "larger than 1 MB"),
        (b"x = " + b"9" * 5_000, "ends too early"),
    ],
)
def test_a_file_that_is_no_toml_is_refused_with_its_line(
    tmp_path: Path, data: bytes, wanted: str
) -> None:
    """Syntax, encoding, depth and size are answered with one sentence."""
    path = tmp_path / "hub.toml"
    path.write_bytes(data)
    with pytest.raises(SettingsError, match=r"hub\.toml") as caught:
        load_hub(path)
    assert wanted in caught.value.problems[0]
    assert len(caught.value.problems) == 1


def test_an_editor_of_windows_is_welcome(tmp_path: Path) -> None:
    """A byte order mark and CRLF change nothing."""
    path = tmp_path / "hub.toml"
    path.write_bytes(b"\xef\xbb\xbf" + (HUB + CAMERA).replace("\n", "\r\n").encode())
    assert load_hub(path).hub.id == "lin-jia-cun"


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    """No file, and something that cannot be read, each have their own sentence."""
    with pytest.raises(SettingsError, match="does not exist"):
        load_hub(tmp_path / "none.toml")
    with pytest.raises(SettingsError, match="cannot be read"):
        load_hub(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_forbidden_file_is_told(tmp_path: Path) -> None:
    """A file without permission to read is answered with who should look at what."""
    path = hub_file(tmp_path, HUB)
    path.chmod(0)
    with pytest.raises(SettingsError, match="permissions"):
        load_hub(path)


def test_what_this_user_may_not_see_is_not_called_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret or an override in a closed folder is told as closed, never silently left out."""
    look = Path.stat

    def stat(path: Path, **options: bool) -> os.stat_result:
        if "closed" in path.parts:
            raise PermissionError(13, "Permission denied", str(path))
        return look(path, **options)

    monkeypatch.setattr(Path, "stat", stat)
    text = f'{HUB}[link]\npassword_file = "closed/pw"\n[state]\nfolder = "closed"\n'
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed" / "override.toml").write_text("[web]\nprot = 1\n")
    found = " ".join(problems(tmp_path, text))
    assert "closed/pw, which this user may not look at" in found
    assert "Did you mean `port`" in found, "the override was read, not left out"


def test_problems_are_told_in_chinese(tmp_path: Path) -> None:
    """The same problem in the language of the clerk."""
    found = problems(tmp_path, HUB + "[web]\nprot = 1\n", "zh")
    assert found == [f"文件 {tmp_path}/hub.toml 里的 web.prot 不是设置项。您是不是想写 `port`？"]


def test_a_file_is_recognised_by_its_table(tmp_path: Path) -> None:
    """`[hub]` and `[township]` decide what a file is; anything else is asked about."""
    assert isinstance(load_any(hub_file(tmp_path, HUB)), HubSettings)
    assert isinstance(load_any(hub_file(tmp_path, TOWNSHIP)), TownshipSettings)
    with pytest.raises(SettingsError, match=r"Did you mean \[township\]"):
        load_any(hub_file(tmp_path, "[townshp]\n"))
    with pytest.raises(SettingsError, match="neither"):
        load_any(hub_file(tmp_path, ""))
    with pytest.raises(SettingsError, match="does not exist"):
        load_any(tmp_path / "none")


def test_a_township_has_its_own_variables_and_checks(tmp_path: Path) -> None:
    """VILLAGE_TOWNSHIP__ sets a console; a key id without a key is refused."""
    path = hub_file(tmp_path, TOWNSHIP)
    assert load_township(path).web.port == 8444
    there = hub_file(tmp_path, TOWNSHIP + '[web]\nhost = "0.0.0.0"\n', "there.toml")
    assert load_township(there).web.port == 8444, "also when the table is there without a port"
    environ = {"VILLAGE_TOWNSHIP__WEB__PORT": "5", "VILLAGE_HUB__WEB__PORT": "6"}
    assert load_township(path, environ=environ).web.port == 5
    with pytest.raises(SettingsError, match="command_key_file"):
        load_township(hub_file(tmp_path, TOWNSHIP + '[link]\ncommand_key_id = "mayor"\n'))


def test_an_unknown_variable_is_an_error(tmp_path: Path) -> None:
    """A misspelt variable is not silently ignored."""
    with pytest.raises(SettingsError, match="Did you mean `port`"):
        load_hub(hub_file(tmp_path, HUB), environ={"VILLAGE_HUB__WEB__PROT": "4"})


texts = st.text(st.characters(codec="utf-8"), max_size=20)
scalars = st.one_of(
    texts,
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.just([[0, 0], [1, 1], [1, 0]]),
)
NAMES = [
    "hub",
    "web",
    "link",
    "camera",
    "zone",
    "rule",
    "id",
    "port",
    "url",
    "polygon",
    "state",
    "folder",
    "command_keys",
    "privacy_masks",
    "password_file",
    "speaker",
    "name",
    "village",
]
names = st.one_of(texts, st.sampled_from(NAMES))
trees = st.recursive(
    st.dictionaries(names, scalars, max_size=4),
    lambda inner: st.dictionaries(
        names, st.one_of(scalars, inner, st.lists(inner, max_size=3)), max_size=5
    ),
    max_leaves=12,
)


@given(trees)
def test_what_is_written_is_what_is_read(tree: dict[str, object]) -> None:
    """The override file gives back exactly the tables that were written."""
    assert tomllib.loads(to_toml(tree)) == tree


@settings(deadline=None)
@given(st.one_of(trees.map(lambda t: to_toml(t).encode()), st.binary(max_size=200)))
def test_no_text_gives_anything_but_settings_or_settings_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    """Whatever a file contains, the answer is settings or sentences."""
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(data)
    for load in (load_hub, load_township, load_any):
        for sentence in refused(lambda load=load: load(path)):
            assert sentence
            assert "\n" not in sentence


def refused(load: Callable[[], object]) -> list[str]:
    """The problems of a configuration; none if it is good."""
    try:
        load()
    except SettingsError as error:
        return error.problems or ["refused without a reason"]
    return []


@settings(deadline=None)
@given(trees)
def test_no_table_over_a_good_file_breaks_the_loader(
    tmp_path_factory: pytest.TempPathFactory, tree: dict[str, object]
) -> None:
    """Whatever an override contains, the answer is settings or sentences."""
    folder = tmp_path_factory.getbasetemp()
    village = hub_file(folder, HUB + CAMERA)
    override = folder / "any-override.toml"
    write_override(override, tree)
    for sentence in refused(lambda: load_hub(village, override=override)):
        assert sentence.endswith((".", "?", ")"))


def test_a_value_that_is_no_setting_is_not_written(tmp_path: Path) -> None:
    """The old override stays when the new one cannot be written."""
    path = tmp_path / "override.toml"
    write_override(path, {"web": {"port": 1}})
    with pytest.raises(TypeError):
        write_override(path, {"web": {"port": None}})
    assert tomllib.loads(path.read_text()) == {"web": {"port": 1}}


def test_a_detector_that_is_gone_does_not_keep_the_box_from_starting(tmp_path: Path) -> None:
    """A box that is silent in a fire is worse than one that sees poorly: the worker falls back."""
    config = tmp_path / "hub.toml"
    config.write_text(f"{HUB}[vision]\nmodel = 'gone.onnx'\n", encoding="utf-8")
    assert load_hub(config).vision.model == tmp_path / "gone.onnx"
