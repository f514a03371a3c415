"""The doctor: each probe says what works, and what to do about what does not."""

from __future__ import annotations

import gc
import http.server
import json
import os
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from edge.cli import run
from edge.cli.commands.doctor import examine
from edge.cli.probes import PROBES, broker, cameras, clock, disk, model, packages, port, speakers
from edge.cli.probes import voice as voices
from edge.cli.probes.finding import Finding, Probe, Subject
from edge.clock import SimulatedClock
from edge.settings.schema import CameraSection, HubSettings, TownshipSettings
from edge.words import Words
from tests.fakes.broker import Mosquitto
from tests.fakes.videos import walking, write_video
from tests.requirements import need

WORDS = Words.load("edge.cli", "en")


def subject(folder: Path, limit_s: float = 12.0, **tables: object) -> Subject:
    """A hub with some settings."""
    tree: dict[str, object] = {
        "hub": {"id": "a", "village": "林家村", "township": "t"},
        "state": {"folder": folder},
        **tables,
    }
    return Subject(HubSettings.model_validate(tree), WORDS, limit_s)


def one(findings: Iterator[Finding]) -> Finding:
    found = list(findings)
    assert len(found) == 1, found
    return found[0]


def good(finding: Finding) -> str:
    assert finding.ok, finding
    assert not finding.remedy
    return finding.sentence


def bad(finding: Finding) -> str:
    assert not finding.ok, finding
    assert finding.remedy.endswith(".")
    return finding.sentence


def test_a_writable_folder_is_measured(tmp_path: Path) -> None:
    """Free space and the time of a safe write are told, and nothing is left behind."""
    found = one(disk.look(subject(tmp_path)))
    assert "writable" in good(found)
    assert float(found.figures["sync_ms"]) > 0
    assert not list(tmp_path.iterdir())


def test_a_folder_that_will_be_made_is_no_fault(tmp_path: Path) -> None:
    """Before the first start the nearest existing folder is examined."""
    good(one(disk.look(subject(tmp_path / "not" / "yet"))))
    assert not (tmp_path / "not").exists()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A file in the way, and a file system without files, are both answered in words."""
    (tmp_path / "state").write_text("")
    assert "cannot be written" in bad(one(disk.look(subject(tmp_path / "state"))))
    assert "cannot be written" in bad(one(disk.look(subject(Path("/proc")))))


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    """Less free space than the settings ask for is a fault."""
    state = {"folder": tmp_path, "free_mb": 10**9}
    assert "are needed" in bad(one(disk.look(subject(tmp_path, state=state))))


def test_a_slow_card_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A safe write that takes long means a card that dies."""
    monkeypatch.setattr(disk, "SLOW_MS", 0.0)
    assert "safe write" in bad(one(disk.look(subject(tmp_path))))


@pytest.mark.parametrize(
    ("wall_s", "trusted", "wanted"),
    [(1.8e9, True, ""), (1.8e9, False, "Nobody vouches"), (1000.0, True, "clock is wrong")],
)
def test_the_clock_is_judged(tmp_path: Path, wall_s: float, trusted: bool, wanted: str) -> None:
    """Right, not vouched for, and before this program was written are three answers."""
    time = SimulatedClock(wall_s, trusted=trusted)
    found = one(clock.look(subject(tmp_path), time))
    assert wanted in (bad(found) if wanted else good(found))


@contextmanager
def pages(status: int) -> Iterator[int]:
    """An HTTP server that gives one status for everything."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def test_a_free_port_is_good(tmp_path: Path, free_port: int) -> None:
    """Nobody uses it."""
    assert "free" in good(one(port.look(subject(tmp_path, web={"port": free_port}))))


def test_our_own_pages_may_have_the_port(tmp_path: Path) -> None:
    """While the hub runs, its port is in use, and that is right."""
    with pages(200) as number:
        found = one(port.look(subject(tmp_path, web={"port": number})))
    assert "already answer" in good(found)


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    """Another program's pages, or a silent one, are in the way."""
    with pages(404) as number:
        found = one(port.look(subject(tmp_path, web={"port": number})))
    assert "another program" in bad(found)


def test_an_address_of_another_machine_is_told(tmp_path: Path) -> None:
    """Pages can only listen on addresses of this machine."""
    web = {"host": "192.0.2.1", "port": 0}
    assert "cannot listen on 192.0.2.1" in bad(one(port.look(subject(tmp_path, web=web))))


def test_packages_are_loaded_in_a_child(tmp_path: Path) -> None:
    """What runs, what is missing and what breaks while loading are told apart."""
    wanted = {"numpy": "numpy", "no-such-package": "x", "pytest": "no_such_module"}
    found = list(packages.look(subject(tmp_path), wanted))
    good(found[0])
    good(found[1])
    assert "is not installed" in bad(found[2])
    assert "No module named 'no_such_module'" in bad(found[3])


def test_a_library_that_kills_the_process_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wheel for another processor dies of a signal; the doctor survives it."""
    (tmp_path / "deadly.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGILL)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = list(packages.look(subject(tmp_path), {"pytest": "deadly"}))
    assert "signal 4" in bad(found[1])


def test_an_old_python_is_told(tmp_path: Path) -> None:
    """The oldest Python that works is named."""
    found = one(packages.look(subject(tmp_path), {}, (3, 10, 9)))
    assert "3.10.9 is too old" in bad(found)


@pytest.mark.mosquitto
def test_a_broker_that_lets_us_in_is_good(tmp_path: Path) -> None:
    """MQTT 5 and 3.1.1 are both tried as configured."""
    server = Mosquitto(tmp_path)
    server.start()
    try:
        for protocol in ("5", "3.1.1"):
            link = {"port": server.port, "protocol": protocol}
            assert "lets us in" in good(one(broker.look(subject(tmp_path, link=link))))
    finally:
        server.kill()


@pytest.mark.mosquitto
def test_a_wrong_password_is_told(tmp_path: Path) -> None:
    """The right one is let in; a wrong one is answered with where to correct it."""
    (tmp_path / "right").write_text("geheim\n")
    (tmp_path / "wrong").write_text("geraten\n")
    users = tmp_path / "users"
    subprocess.run([need("mosquitto_passwd"), "-c", "-b", users, "a", "geheim"], check=True)
    users.chmod(0o600)
    server = Mosquitto(tmp_path)
    config = server._config.read_text().replace("anonymous true", "anonymous false")
    server._config.write_text(f"{config}password_file {users}\n")
    server.start()
    try:
        for protocol in ("5", "3.1.1"):
            link: dict[str, object] = {"port": server.port, "protocol": protocol, "username": "a"}
            link["password_file"] = tmp_path / "right"
            good(one(broker.look(subject(tmp_path, link=link))))
            link["password_file"] = tmp_path / "wrong"
            said = bad(one(broker.look(subject(tmp_path, link=link))))
            assert "does not accept" in said or "does not let" in said
            assert "geraten" not in said
    finally:
        server.kill()


def test_a_broker_that_is_not_there_is_told(tmp_path: Path, free_port: int) -> None:
    """Nothing listening, an unknown name, and a missing password file have their own words."""
    found = one(broker.look(subject(tmp_path, link={"port": free_port})))
    assert "Nothing listens" in bad(found)
    found = one(broker.look(subject(tmp_path, link={"host": "broker.invalid"})))
    assert "is not known" in bad(found)
    link = {"port": free_port, "username": "a", "password_file": tmp_path / "gone"}
    assert "cannot be used" in bad(one(broker.look(subject(tmp_path, link=link))))


def test_a_broker_that_is_silent_is_told(tmp_path: Path) -> None:
    """Something accepts the connection and never answers."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        link = {"port": server.getsockname()[1]}
        found = one(broker.look(subject(tmp_path, 0.5, link=link)))
    assert "does not answer" in bad(found)


@contextmanager
def hanging_up() -> Iterator[int]:
    """A server that closes every connection at once."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def hang_up() -> None:
            with suppress(OSError):
                while True:
                    server.accept()[0].close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_something_that_is_no_broker_is_told(tmp_path: Path) -> None:
    """Whatever hangs up at once is no broker, and no certificate is no secure connection."""
    with hanging_up() as number:
        link: dict[str, object] = {"port": number}
        found = one(broker.look(subject(tmp_path, link=link)))
        assert "closed the connection" in bad(found)
        (tmp_path / "ca.pem").write_text("no certificate")
        link["ca"] = tmp_path / "ca.pem"
        assert "No encrypted connection" in bad(one(broker.look(subject(tmp_path, link=link))))


# paho leaves its socket to the garbage collector when the handshake fails.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_broker_with_a_strange_certificate_is_told(tmp_path: Path) -> None:
    """A certificate of another authority is not trusted, and the clock is named as a cause."""
    ours, theirs = self_signed(tmp_path / "ours"), self_signed(tmp_path / "theirs")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*theirs)
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def shake_hands() -> None:
            raw = server.accept()[0]
            secure = context.wrap_socket(raw, server_side=True, do_handshake_on_connect=False)
            with suppress(OSError), secure:
                secure.do_handshake()

        thread = threading.Thread(target=shake_hands)
        thread.start()
        link = {"port": server.getsockname()[1], "ca": ours[0]}
        found = one(broker.look(subject(tmp_path, link=link)))
        gc.collect()
        thread.join()
    assert "is not trusted" in bad(found)
    assert "clock" in found.remedy


def self_signed(path: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, path.name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem, key_pem = path.with_suffix(".pem"), path.with_suffix(".key")
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return pem, key_pem


def camera(name: str, url: str, **more: object) -> dict[str, object]:
    return {"id": name, "name": f"摄像机{name}", "url": url, **more}


def test_cameras_show_their_first_picture(tmp_path: Path) -> None:
    """Codec and size of the first picture are told; a camera switched off is left alone."""
    video = write_video(tmp_path / "a.mp4", walking(10))
    found = one(
        cameras.look(
            subject(
                tmp_path,
                camera=[camera("a", str(video)), camera("off", "x", enabled=False)],
            )
        )
    )
    assert "320×180" in good(found)
    assert found.about == "camera:a"


def test_cameras_that_give_nothing_are_told_apart(tmp_path: Path, free_port: int) -> None:
    """Each fault has its own sentence; no password is in any of them."""
    (tmp_path / "text.mp4").write_text("no video")
    (tmp_path / "pw").write_text("geheim")
    listed = [
        camera("gone", str(tmp_path / "gone.mp4")),
        camera("text", str(tmp_path / "text.mp4")),
        camera(
            "refused",
            f"rtsp://127.0.0.1:{free_port}/x",
            username="u",
            password_file=tmp_path / "pw",
        ),
        camera("secret", "rtsp://127.0.0.1/x", username="u", password_file=tmp_path / "none"),
    ]
    said = {f.about: bad(f) for f in cameras.look(subject(tmp_path, camera=listed))}
    assert "is not there" in said["camera:gone"]
    assert "not a video" in said["camera:text"]
    assert "refuses" in said["camera:refused"]
    assert "gives no picture" in said["camera:secret"]
    assert "geheim" not in str(said)


def test_a_camera_that_never_answers_costs_only_the_limit(tmp_path: Path) -> None:
    """The others are reported at once, it is reported as stalled, and a broken probe as well."""
    for_ever = threading.Event()

    def look_at(examined: Subject, section: CameraSection) -> Finding:
        if section.id == "stuck":
            for_ever.wait()
        if section.id == "broken":
            raise ValueError("a defect")
        return examined.good("camera:fine", "port_free", port=1)

    listed = [camera(name, "synthetic:") for name in ("stuck", "broken", "fine")]
    found = list(cameras.look(subject(tmp_path, 0.3, camera=listed), look_at))
    for_ever.set()
    assert {f.about: f.ok for f in found[:2]} == {"camera:broken": False, "camera:fine": True}
    assert "no picture in time" in bad(found[2])
    assert "a defect" in str([f.sentence for f in found])


def test_the_model_is_timed(tmp_path: Path) -> None:
    """The built-in detector loads, and its speed here is told."""
    found = one(model.look(subject(tmp_path)))
    assert "ms per look" in good(found)
    assert float(found.figures["ms_per_look"]) > 0


def test_a_wrong_model_is_told(tmp_path: Path) -> None:
    """A file that is no model is answered with what to do."""
    (tmp_path / "a.onnx").write_text("no model")
    found = one(model.look(subject(tmp_path, vision={"model": tmp_path / "a.onnx"})))
    assert "a.onnx" in bad(found)


def test_speakers_are_tried(tmp_path: Path) -> None:
    """A silent one works, a sound card that is not there does not."""
    listed = [
        {"id": "quiet", "kind": "silent"},
        {"id": "horn", "kind": "alsa", "device": "plughw:CARD=nowhere"},
    ]
    quiet, horn = speakers.look(subject(tmp_path, speaker=listed))
    assert "can be played on" in good(quiet)
    assert "horn" in bad(horn)


def test_the_voice_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It speaks; and where its process cannot run, that is told."""
    good(one(voices.look(subject(tmp_path))))

    class Mute:
        def probe(self) -> str:
            return "The voice process does not answer."

        def close(self) -> None:
            """Nothing to close."""

    monkeypatch.setattr("broadcast.voices.registry.build_voice", lambda *_: Mute())
    assert "does not answer" in bad(one(voices.look(subject(tmp_path))))


def test_a_broken_probe_is_a_finding(tmp_path: Path) -> None:
    """One defect hides nothing: the next probe is still asked."""

    def broken(_: Subject) -> Iterator[Finding]:
        raise RuntimeError("a defect")

    found = list(examine(subject(tmp_path), (Probe("broken", broken), disk.PROBE)))
    assert "a defect" in bad(found[0])
    good(found[1])


def test_a_township_is_spared_what_only_a_hub_has(tmp_path: Path) -> None:
    """No camera, model, voice or loudspeaker is looked for at a console."""
    settings = TownshipSettings.model_validate(
        {"township": {"id": "t", "name": "青山镇"}, "state": {"folder": tmp_path}}
    )
    hub_only = {probe.name for probe in PROBES if probe.hub_only}
    assert hub_only == {"cameras", "model", "voice", "speakers"}
    looked = {f.about for f in examine(Subject(settings, WORDS), (*PROBES[1:5], model.PROBE))}
    assert looked == {"disk", "clock", "port", "broker"}


def test_the_doctor_answers_people_and_scripts(
    tmp_path: Path, free_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Marks and arrows for people, one JSON object for scripts, status 1 when something is ill."""
    config = tmp_path / "hub.toml"
    config.write_text(
        f'[hub]\nid="a"\nvillage="林家村"\ntownship="t"\n[link]\nport = {free_port}\n'
        f'[web]\nport = 0\n[[camera]]\nid="a"\nname="a"\nurl="gone.mp4"\n',
        encoding="utf-8",
    )
    environ = {**os.environ, "LC_ALL": "zh_CN.UTF-8"}
    assert run(["doctor", "--config", str(config)], environ) == 1
    shown = capsys.readouterr().out
    assert "✔ 页面端口" in shown
    assert f"✘ 127.0.0.1:{free_port} 上没有程序在运行。\n  → 请在镇里启动消息服务器" in shown
    config.write_text(
        f'[township]\nid="t"\nname="青山镇"\n[web]\nport = 0\n[link]\nport = {free_port}\n',
        encoding="utf-8",
    )
    assert run(["doctor", "--config", str(config), "--json", "--lang", "en"], environ) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is False
    assert "broker" in {row["about"] for row in report["findings"] if not row["ok"]}
    assert "port" in {row["about"] for row in report["findings"] if row["ok"]}
