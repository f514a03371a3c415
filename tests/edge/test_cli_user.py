"""`village-hub user`: people are let in by one-time links, at the hub and at the township."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.cli import run
from edge.cli.accounts import open_accounts
from edge.cli.commands.user import page_address
from edge.clock import SystemClock
from edge.people import Role
from edge.settings import load_any
from edge.settings.schema import HubSettings
from edge.site.invitations import accept
from edge.store.hub import HubStore

FILES = {
    "hub": '[hub]\nid="a"\nvillage="林家村"\ntownship="t"\n[state]\nfolder="s"\n',
    "township": '[township]\nid="t"\nname="青山镇"\n[state]\nfolder="s"\n',
}


@pytest.fixture(params=sorted(FILES))
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A configuration of either program."""
    path = tmp_path / "any.toml"
    path.write_text(FILES[request.param], encoding="utf-8")
    return path


def call(config: Path, *argv: str) -> int:
    action, *rest = argv
    return run(["user", action, "--config", str(config), "--lang", "en", *rest], {})


def test_a_person_is_let_in_once(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The printed link makes the account with its role, and works one time."""
    assert call(config, "list") == 0
    assert "Nobody can sign in yet" in capsys.readouterr().out
    assert call(config, "add", "王芳", "--role", "admin", "--url", "https://box") == 0
    said, link = capsys.readouterr().out.splitlines()
    assert "王芳 (administrator)" in said
    assert link.startswith("https://box/welcome/")
    token = link.rsplit("/", 1)[1]
    with open_accounts(load_any(config), SystemClock()) as accounts:
        account = accept(accounts, SystemClock(), token, "$argon2id$test")
        assert account is not None
        assert account.role is Role.ADMIN
        assert accept(accounts, SystemClock(), token, "$argon2id$test") is None
    assert call(config, "list") == 0
    assert capsys.readouterr().out == "王芳\tadministrator\n"


def test_a_known_person_gets_a_new_link_and_keeps_the_role(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`add` refuses a known name, `invite` an unknown one; a new link changes no role."""
    assert call(config, "invite", "王芳") == 1
    assert "nobody called 王芳" in capsys.readouterr().err
    let_in(config, "王芳", capsys)
    assert call(config, "add", "王芳") == 1
    assert "already there" in capsys.readouterr().err
    assert call(config, "invite", "王芳", "--url", "http://box") == 0
    assert "official" in capsys.readouterr().out


def test_a_person_is_removed(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """After `remove` nobody of that name is there."""
    let_in(config, "王芳", capsys)
    assert call(config, "remove", "王芳") == 0
    assert call(config, "remove", "王芳") == 1
    assert "nobody called" in capsys.readouterr().err


def let_in(config: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(config, "add", name, "--role", "official") == 0
    token = capsys.readouterr().out.split("/welcome/")[1].strip()
    with open_accounts(load_any(config), SystemClock()) as accounts:
        assert accept(accounts, SystemClock(), token, "$argon2id$test") is not None


def test_a_name_that_cannot_be_typed_is_refused(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sentence, status 1, no link."""
    assert call(config, "add", "a\nb") == 1
    assert "cannot be a sign-in name" in capsys.readouterr().err


def test_a_state_folder_that_cannot_be_used_is_a_sentence(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file in the way of the folder gives words, not a traceback."""
    (config.parent / "s").write_text("")
    assert call(config, "list") == 1
    said = capsys.readouterr().err
    assert said
    assert "Traceback" not in said


def test_adding_a_person_is_no_boot_of_the_box(tmp_path: Path) -> None:
    """The boot number, by which the township tells restarts, is untouched while the hub runs."""
    config = tmp_path / "hub.toml"
    config.write_text(FILES["hub"], encoding="utf-8")
    store = HubStore.open(tmp_path / "s", SystemClock())
    assert call(config, "add", "王芳") == 0
    store.close()
    again = HubStore.open(tmp_path / "s", SystemClock())
    assert again.boot == store.boot + 1
    again.close()


@pytest.mark.parametrize(
    ("web", "wanted"),
    [
        ({"port": 8443}, "http://127.0.0.1:8443"),
        ({"port": 1, "host": "::1"}, "http://[::1]:1"),
        ({"port": 1, "certificate": "c", "key": "k"}, "https://127.0.0.1:1"),
        ({"public_url": "https://cun.example"}, "https://cun.example"),
        ({"port": 0}, ""),
    ],
)
def test_the_link_points_at_the_pages(web: dict[str, object], wanted: str) -> None:
    """Scheme, host and port come from the settings, or the address people know."""
    hub = {"id": "a", "village": "v", "township": "t"}
    assert page_address(HubSettings.model_validate({"hub": hub, "web": web})) == wanted


def test_pages_for_everybody_get_an_address_others_can_reach() -> None:
    """`0.0.0.0` is no address for a link."""
    hub = {"id": "a", "village": "v", "township": "t"}
    settings = HubSettings.model_validate({"hub": hub, "web": {"host": "0.0.0.0", "port": 5}})
    assert page_address(settings).endswith(":5")
    assert "0.0.0.0" not in page_address(settings)


def test_without_a_port_the_address_must_be_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A port that changes at each start cannot be in a link."""
    config = tmp_path / "hub.toml"
    config.write_text(f"{FILES['hub']}[web]\nport = 0\n", encoding="utf-8")
    assert call(config, "add", "王芳") == 1
    assert "--url" in capsys.readouterr().err
