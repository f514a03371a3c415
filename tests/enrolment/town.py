"""A township's office and, where wanted, a real mosquitto with the files it generates."""

from __future__ import annotations

import os
import pwd
import subprocess
from pathlib import Path
from typing import Self

from edge.clock import Clock
from edge.enrolment import certificates as x
from edge.enrolment.codes import Code, prove
from edge.enrolment.messages import EnrolRequest, Grant, read
from edge.settings.schema import (
    EnrolmentSection,
    StateSection,
    TownshipSection,
    TownshipSettings,
    TownshipWebSection,
)
from edge.township.enrolment.office import Office
from edge.township.store import Store
from tests.fakes.broker import a_port, listens
from tests.requirements import need
from tests.waiting import wait_for

TOWNSHIP = "qingshan"


def some_settings(folder: Path, **enrolment: object) -> TownshipSettings:
    """A console that gives certificates, on ports of its own."""
    wanted = {"names": ["127.0.0.1"], "port": 0, "host": "127.0.0.1", "enabled": True}
    section = EnrolmentSection.model_validate(
        {"broker_port": a_port(), "console_port": a_port(), **wanted, **enrolment}
    )
    return TownshipSettings(
        township=TownshipSection(id=TOWNSHIP, name="青山镇"),
        state=StateSection(folder=folder),
        web=TownshipWebSection(port=0),
        enrolment=section,
    )


class Town:
    """Store and office; `with` closes them."""

    def __init__(self, folder: Path, clock: Clock, **enrolment: object) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.settings = some_settings(folder, **enrolment)
        self.store = Store(f"sqlite:///{folder / 'township.db'}", clock)
        self.office = Office(self.settings, self.store.database, clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.store.close()

    def code(self, hub: str = "lin-jia-cun") -> Code:
        return self.office.make_code(hub, "林家村", "G-01", "wang")[0]

    def question(self, code: Code, hub: str, key: x.Key, **changes: str) -> EnrolRequest:
        """What a box asks, signed after the changes."""
        proof = prove(code)
        asked = EnrolRequest.model_validate(
            {
                "lookup": proof.lookup,
                "hub": hub,
                "csr": x.request_for(hub, key).decode(),
                "nonce": "ab" * 32,
                "binding": self.office.binding,
                **changes,
            }
        )
        return asked.model_copy(update={"signature": proof.private.sign(asked.signed()).hex()})

    def enrol(self, hub: str = "lin-jia-cun", key: x.Key | None = None) -> Grant:
        """A box that came in, without the network between."""
        asked = self.question(self.code(hub), hub, key or x.new_key())
        return read(Grant, self.office.desk.enrol(asked).grant.encode())

    def identity(self, folder: Path, hub: str = "lin-jia-cun") -> Path:
        """A file with key and certificate of a box that came in."""
        key = x.new_key()
        grant = self.enrol(hub, key)
        file = folder / f"{hub}.pem"
        file.write_bytes(grant.certificate.encode() + x.key_pem(key))
        return file


class Broker:
    """A real mosquitto that runs from the generated files."""

    def __init__(self, office: Office, port: int) -> None:
        self._office = office
        self._port = port
        self._program = need("mosquitto")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        self._office.publish()
        folder = self._office.files.folder
        own = folder / "own.conf"  # the user it becomes where root runs the test
        text = (folder / "mosquitto.conf").read_text(encoding="utf-8")
        own.write_text(f"{text}user {pwd.getpwuid(os.getuid()).pw_name}\n", encoding="utf-8")
        with (folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, "-c", str(own)], stdout=log, stderr=log
            )
        wait_for(lambda: listens(self._port), what="mosquitto")
        wait_for((folder / "mosquitto.pid").exists, what="its process id")
        return self

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(5)
            self._process = None
