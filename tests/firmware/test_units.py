"""The units: what systemd says about them without a box."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from edge.cli.commands import COMMANDS
from tests.requirements import REPOSITORY, need

UNITS = REPOSITORY / "firmware_configs" / "rootfs" / "etc" / "systemd" / "system"
PROGRAM = "/opt/villagehub/current/bin/village-hub"


@pytest.fixture(params=["villagehub.service", "villagehub-township.service"])
def unit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The unit with a program that exists on this machine."""
    text = (UNITS / request.param).read_text(encoding="utf-8")
    assert text.count(PROGRAM) == 1
    path = tmp_path / str(request.param)
    path.write_text(text.replace(PROGRAM, "/bin/true"), encoding="utf-8")
    return path


def ask(*argv: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [need("systemd-analyze"), *argv], capture_output=True, text=True, check=False
    )


def test_systemd_understands_every_line(unit: Path) -> None:
    """`verify` says nothing; it reports unknown keys on stderr only, with exit status 0."""
    done = ask("verify", unit)
    assert done.stderr == ""
    assert done.returncode == 0


def test_a_mistake_in_a_unit_is_noticed(unit: Path) -> None:
    """The check above would see a misspelt key."""
    unit.write_text(unit.read_text().replace("[Service]", "[Service]\nProtectHoem=yes"))
    assert "ProtectHoem" in ask("verify", unit).stderr


def test_little_of_the_machine_is_exposed(unit: Path) -> None:
    """The exposure level is at most 2.0 (a plain unit has more than 9)."""
    done = ask("security", "--offline=true", "--threshold=20", "--no-pager", unit)
    assert done.returncode == 0, done.stdout


def test_the_clock_may_be_asked(unit: Path) -> None:
    """Whether the clock is synchronised is asked with adjtimex, which hardening easily forbids."""
    text = unit.read_text()
    assert "\nSystemCallFilter=adjtimex clock_adjtime\n" in text
    assert "\nProtectClock=" not in text
    assert "\nProcSubset=" not in text, "the boot id is read from /proc/sys"
    assert "\nCapabilityBoundingSet=\n" in text, "asking needs no capability, setting does"


def test_the_unit_starts_a_command_that_exists(unit: Path) -> None:
    """The sub-command and its configuration are the shipped ones."""
    text = (UNITS / unit.name).read_text()
    line = next(row for row in text.splitlines() if row.startswith("ExecStart="))
    words = line.removeprefix(f"ExecStart={PROGRAM} ").split()
    assert words[0] in {command.name for command in COMMANDS}
    config = Path(words[words.index("--config") + 1])
    assert (REPOSITORY / "firmware_configs" / "rootfs" / config.relative_to("/")).is_file()


def test_the_exposure_is_known_in_numbers(unit: Path) -> None:
    """The offline analysis gives a list that is not empty, so the threshold judged something."""
    done = ask("security", "--offline=true", "--json=short", "--no-pager", unit)
    assert len(json.loads(done.stdout)) > 50
