"""Every setting of hub and township, with its bounds; the document of the settings is made of it.

Secrets are never values: they are paths of files that hold them. Relative paths are relative to
the folder of the configuration file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,47}$")]
Port = Annotated[int, Field(ge=0, le=65535)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Corner = tuple[Fraction, Fraction]
Outline = Annotated[list[Corner], Field(min_length=3, max_length=64)]
DayTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Severity = Literal["life_safety", "urgent", "notice"]


class Section(BaseModel):
    """A table of the file; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class HubSection(Section):
    """Who this box is."""

    id: Id = Field(description="Id of this box on the wire, for example `lin-jia-cun`.")
    village: Annotated[str, Field(min_length=1, max_length=40)] = Field(
        description="Name of the village, as people say it."
    )
    grid: str = Field("", max_length=32, description="Code of the grid (网格) the village is in.")
    township: Id = Field(description="Id of the township console.")
    language: Literal["zh", "en"] = Field("zh", description="Language of pages and speech.")


class StateSection(Section):
    """Where the program keeps what it must not forget."""

    folder: Path = Field(Path("state"), description="Folder of database, evidence and sound.")
    evidence_mb: Annotated[int, Field(ge=10)] = Field(
        2000, description="Evidence pictures may use this many megabytes."
    )
    free_mb: Annotated[int, Field(ge=1)] = Field(
        200, description="Below this free space the box reports a fault."
    )


class HubStateSection(StateSection):
    """Where the box keeps what it must not forget, and for how long."""

    outbox_mb: Annotated[int, Field(ge=4)] = Field(
        64,
        description="What waits for the township may use this many megabytes; then the least "
        "urgent is dropped and reported, never an alert.",
    )
    keep_sent_days: Annotated[int, Field(ge=1, le=90)] = Field(
        14, description="Days for which the hub can send again what the township has lost."
    )
    keep_incidents_days: Annotated[int, Field(ge=7)] = Field(
        365, description="Days after which the hub forgets closed incidents the township knows."
    )
    keep_audit_days: Annotated[int, Field(ge=180)] = Field(
        1095, description="Days after which the hub forgets who did what."
    )


class WebSection(Section):
    """The pages."""

    host: str = Field("127.0.0.1", description="Address to listen on; `0.0.0.0` for all.")
    port: Port = Field(8443, description="Port of the pages; 0 takes any free one.")
    public_url: str = Field(
        "",
        max_length=200,
        description="Address under which people reach the pages; empty takes host and port.",
    )
    certificate: Path | None = Field(None, description="TLS certificate (PEM).")
    key: Path | None = Field(None, description="TLS private key (PEM).")
    session_hours: Annotated[int, Field(ge=1, le=720)] = Field(
        12, description="Hours after which a person signs in again."
    )
    metrics_token_file: Path | None = Field(
        None, description="File of the token with which Prometheus may read `/metrics`."
    )


class LinkSection(Section):
    """The MQTT broker between hub and township."""

    host: str = Field("127.0.0.1", description="Name or address of the broker.")
    port: Port = Field(1883, description="Port of the broker; 8883 with TLS.")
    protocol: Literal["5", "3.1.1"] = Field("5", description="MQTT version.")
    username: str = Field("", description="User name at the broker; with mutual TLS leave empty.")
    password_file: Path | None = Field(None, description="File of the broker password.")
    ca: Path | None = Field(
        None, description="Certificate of the authority (PEM); switches TLS on."
    )
    certificate: Path | None = Field(None, description="Our certificate (PEM), for mutual TLS.")
    key: Path | None = Field(None, description="Our private key (PEM), for mutual TLS.")
    keepalive_s: Annotated[int, Field(ge=5, le=600)] = Field(20, description="MQTT keep-alive.")
    heartbeat_s: Annotated[float, Field(ge=1, le=600)] = Field(
        30.0, description="Seconds between heartbeats of the hub."
    )


class HubLinkSection(LinkSection):
    """The hub's end of the link."""

    command_keys: dict[str, Path] = Field(
        default_factory=dict,
        description="Public keys (PEM) by key id; orders that make sound must be signed by one.",
    )
    daily_mb: Annotated[int, Field(ge=0, le=100_000)] = Field(
        0,
        description="Megabytes a day on a metered link, 0 for no limit; a fifth is kept for danger "
        "to life, which is never held back.",
    )


class VisionSection(Section):
    """How the box sees."""

    model: Path | None = Field(
        None,
        description="ONNX detector: a file, a name of `village-hub model list`, or `built-in`.",
    )
    extra_models: list[Path] = Field(
        default_factory=list,
        max_length=3,
        description="Further detectors that look at the same pictures, for example one for fire.",
    )
    workers: Annotated[int, Field(ge=1, le=8)] = Field(
        1, description="Vision processes; cameras are shared out among them."
    )
    threads: Annotated[int, Field(ge=0, le=8)] = Field(
        0, description="Threads of one inference; 0: as this box measured best at its first start."
    )


class RecordingSection(Section):
    """Short recordings of incidents, made of what the cameras send anyway."""

    clips: bool = Field(True, description="Keep a short recording of every incident.")
    before_s: Annotated[float, Field(ge=0, le=20)] = Field(
        5.0, description="Seconds before the incident that are kept."
    )
    after_s: Annotated[float, Field(ge=1, le=30)] = Field(
        10.0, description="Seconds after the incident that are kept."
    )
    clips_mb: Annotated[int, Field(ge=50)] = Field(
        1000, description="The recordings may use this many megabytes; the oldest go first."
    )
    keep_days: Annotated[int, Field(ge=1, le=365)] = Field(
        30, description="Days after which a recording is deleted."
    )


class ZoneSection(Section):
    """A named piece of a camera's picture."""

    id: Id = Field(description="Id of the zone within its camera.")
    name: Annotated[str, Field(min_length=1, max_length=40)] = Field(
        description="Name of the place, as it is spoken."
    )
    polygon: Outline = Field(description="Corners as fractions of width and height.")
    priority: Annotated[int, Field(ge=0, le=9)] = Field(
        0,
        description="Added to the camera's while something moves in the zone; what moves there is "
        "looked at first.",
    )


class RuleSection(Section):
    """What must not happen in a zone."""

    kind: Annotated[str, Field(pattern=r"^[a-z_]{1,32}$")] = Field(
        "intrusion", description="Kind of the rule."
    )
    zone: str = Field("", description="Id of the zone; empty for the whole picture.")
    labels: list[Literal["person", "vehicle", "two-wheeler", "fire", "smoke"]] | None = Field(
        None, min_length=1, description="What counts; none takes what the kind usually means."
    )
    dwell_s: float | None = Field(
        None,
        ge=0,
        le=3600,
        description="Seconds it must last before an incident opens; none takes the kind's.",
    )
    clear_s: Annotated[float, Field(ge=0.2, le=3600)] = Field(
        2.0, description="Seconds the zone must be empty before the incident closes."
    )
    severity: Severity | None = Field(None, description="How bad it is; none takes the kind's.")
    line: list[Corner] | None = Field(
        None,
        min_length=2,
        max_length=2,
        description="`line_crossing`: two points as fractions of width and height.",
    )
    direction: Literal["both", "left_to_right", "right_to_left"] = Field(
        "both",
        description="`line_crossing`: which crossings count, as seen by somebody who stands on "
        "the first point of the line and looks at the second.",
    )
    limit: int | None = Field(
        None, ge=1, le=1000, description="`over_capacity`: how many people are still allowed."
    )
    direction_deg: float | None = Field(
        None,
        ge=0,
        lt=360,
        description="`wrong_way`: the allowed way in the picture, degrees clockwise from up "
        "(0 up, 90 right, 180 down, 270 left).",
    )
    speak: bool = Field(True, description="Speak a warning at the place.")


class CameraSection(Section):
    """One camera."""

    id: Id = Field(description="Id of the camera; never change it.")
    name: Annotated[str, Field(min_length=1, max_length=40)] = Field(
        description="Name of the place it watches."
    )
    url: Annotated[str, Field(min_length=1)] = Field(
        description="`rtsp://…` without the password, or the path of a video file."
    )
    speaker_zone: str = Field(
        "",
        pattern=r"^([a-z0-9][a-z0-9-]{0,47})?$",
        description="Zone of loudspeakers that warns at this place; empty, or one without a "
        "loudspeaker, is all of them.",
    )
    username: str = Field("", description="User name at the camera.")
    password_file: Path | None = Field(None, description="File of the camera's password.")
    transport: Literal["tcp", "udp"] = Field("tcp", description="RTSP transport.")
    loop: bool = Field(False, description="Video files only: start again at the end.")
    enabled: bool = Field(True, description="Switch the camera off without deleting it.")
    looks_per_s: Annotated[float, Field(gt=0, le=30)] = Field(
        5.0, description="Times a second the detector looks at most."
    )
    priority: Annotated[int, Field(ge=0, le=9)] = Field(
        0, description="Where the box cannot look often enough at all, higher ones come first."
    )
    score: Fraction = Field(0.0, description="Least score that counts; 0 takes the model's own.")
    privacy_masks: list[Outline] = Field(
        default_factory=list, description="Polygons blacked out before anything sees the picture."
    )
    health: bool = Field(
        True, description="Tell when it is covered, moved, out of focus, frozen, dark or blinded."
    )
    zone: list[ZoneSection] = Field(default_factory=list, description="Its zones.")
    rule: list[RuleSection] = Field(default_factory=list, description="Its rules.")


class SpeakerSection(Section):
    """One loudspeaker."""

    id: Id = Field(description="Id of the speaker.")
    kind: Literal["alsa", "file", "http", "rtp", "silent"] = Field(description="How it is driven.")
    zone: str = Field(
        "",
        pattern=r"^([a-z0-9][a-z0-9-]{0,47})?$",
        description="Zone it sounds in; empty sounds for every zone.",
    )
    device: str = Field("default", description="`alsa`: name of the PCM, by card id.")
    folder: Path = Field(Path("sound"), description="`file`: folder of the WAV files.")
    address: str = Field(
        "239.255.10.7:5004",
        max_length=60,
        description="`rtp`: multicast group or address of one horn, and the port.",
    )
    codec: Literal["pcma", "pcmu", "g722", "l16", "opus"] = Field(
        "pcma", description="`rtp`: how sound is packed; the horn has to be set to the same."
    )
    ttl: Annotated[int, Field(ge=0, le=255)] = Field(
        4, description="`rtp`: how many routers a multicast packet may pass, and itself."
    )
    interface: str = Field(
        "",
        pattern=r"^[\w.:@-]{0,15}$",
        description="`rtp`: network interface for multicast, for example `eth0`; empty leaves it "
        "to the system.",
    )
    rate_hz: Annotated[int, Field(ge=0, le=48_000)] = Field(
        0, description="`rtp` with `l16`: samples a second; 0 is 44100, which every horn knows."
    )
    url: str = Field(
        "",
        max_length=200,
        pattern=r"^(https?://[^\s@]+)?$",
        description="`http`: address of the horn, without a password.",
    )
    driver: str = Field(
        "generic", max_length=40, description="`http`: `generic`, or what a package brings."
    )
    username: str = Field("", description="`http`: user name at the horn.")
    password_file: Path | None = Field(None, description="`http`: file of the horn's password.")
    ca: Path | None = Field(
        None, description="`http`: certificate (PEM) of who signed the horn's; else the system's."
    )
    timeout_s: Annotated[float, Field(ge=0.5, le=30)] = Field(
        4.0, description="`http`: seconds in which the horn has to answer."
    )
    play_path: str = Field(
        "/play", max_length=200, description="`http`: takes a WAV as the body of a POST."
    )
    stop_path: str = Field(
        "/stop", max_length=200, description="`http`: POST that silences; empty if there is none."
    )
    volume_path: str = Field(
        "",
        max_length=200,
        description="`http`: POST that sets the volume, `{volume}` is 0 to 100; empty if none.",
    )
    probe_path: str = Field(
        "/", max_length=200, description="`http`: GET that makes no sound, to see that it lives."
    )
    volume: Annotated[int, Field(ge=0, le=100)] | None = Field(
        None, description="`http`: volume that is set before each announcement."
    )


class SoundZoneSection(Section):
    """A zone of loudspeakers with hours of its own, or a group of zones under one name."""

    id: Id = Field(description="Id of the zone or the group.")
    members: list[Id] = Field(
        default_factory=list,
        max_length=16,
        description="Zones of the group; empty for a zone of its own.",
    )
    quiet_from: DayTime = Field("00:00", description="From then only emergencies sound.")
    quiet_to: DayTime = Field("00:00", description="Until then; the same as from is never.")
    minutes_a_day: Annotated[float, Field(ge=0, le=1440)] | None = Field(
        None, description="Minutes of sound a day at most; emergencies are not counted."
    )


class AmplifierSection(Section):
    """The switch of an amplifier behind the loudspeakers of sound cards and RTP."""

    kind: Literal["none", "gpio", "command", "file"] = Field(
        "none", description="What switches it; `none` where it is always on."
    )
    chip: str = Field("/dev/gpiochip0", max_length=60, description="`gpio`: the chip.")
    line: Annotated[int, Field(ge=0, le=1023)] = Field(
        0, description="`gpio`: number of the line on the chip."
    )
    active_low: bool = Field(False, description="`gpio`: the relay is on when the line is low.")
    command: list[str] = Field(
        default_factory=list,
        max_length=8,
        description="`command`: program and arguments; `on` or `off` is put behind them.",
    )
    file: str = Field(
        "",
        max_length=200,
        description="`file`: where `1` or `0` is written, below /sys for example.",
    )
    lead_s: Annotated[float, Field(ge=0, le=3)] = Field(
        0.8, description="Seconds from switching on to the first sound."
    )
    hold_s: Annotated[float, Field(ge=0, le=600)] = Field(
        5.0, description="Seconds from the last sound to switching off."
    )
    max_on_s: Annotated[float, Field(ge=10, le=86_400)] = Field(
        3600.0, description="Seconds after which it is switched off, whatever still sounds."
    )


class BroadcastSection(Section):
    """How the box speaks."""

    voice: Literal["espeak", "silent"] = Field("espeak", description="Engine of the voice.")
    chime: bool = Field(True, description="Sound a chime before the words.")
    level_lufs: Annotated[float, Field(ge=-40, le=-10)] = Field(
        -18.0, description="Loudness of speech, EBU R128."
    )
    quiet_from: DayTime = Field(
        "00:00",
        description="From then only emergencies sound, in zones without hours of their own.",
    )
    quiet_to: DayTime = Field("00:00", description="Until then; the same as from is never.")
    minutes_a_day: Annotated[float, Field(ge=0, le=1440)] | None = Field(
        None, description="Minutes of sound a day at most in each of these zones."
    )


class TalkdownSection(Section):
    """When an incident is answered by a spoken warning."""

    enabled: bool = Field(True, description="Speak warnings at all.")
    cool_down_s: Annotated[float, Field(ge=0, le=86400)] = Field(
        30.0, description="Seconds before the same place is warned again."
    )
    per_hour: Annotated[int, Field(ge=1, le=600)] = Field(
        30, description="Warnings an hour at most for one camera; life safety is exempt."
    )
    late_s: Annotated[float, Field(ge=1, le=600)] = Field(
        20.0, description="A warning that could not start within this time is not spoken."
    )


class HubSettings(Section):
    """`hub.toml`."""

    hub: HubSection
    state: HubStateSection = HubStateSection()
    web: WebSection = WebSection()
    link: HubLinkSection = HubLinkSection()
    vision: VisionSection = VisionSection()
    recording: RecordingSection = RecordingSection()
    broadcast: BroadcastSection = BroadcastSection()
    amplifier: AmplifierSection = AmplifierSection()
    talkdown: TalkdownSection = TalkdownSection()
    camera: list[CameraSection] = Field(default_factory=list, max_length=64)
    speaker: list[SpeakerSection] = Field(default_factory=list, max_length=16)
    sound_zone: list[SoundZoneSection] = Field(default_factory=list, max_length=32)


class TownshipSection(Section):
    """Who this console is."""

    id: Id = Field(description="Id of the console on the wire.")
    name: Annotated[str, Field(min_length=1, max_length=40)] = Field(
        description="Name of the township."
    )
    language: Literal["zh", "en"] = Field("zh", description="Language of the pages.")


class TownshipWebSection(WebSection):
    """The pages of the console; a port of its own, so that both fit on one machine."""

    port: Port = Field(8444, description="Port of the pages; 0 takes any free one.")


class TownshipLinkSection(LinkSection):
    """The township's end of the link."""

    command_key_id: str = Field("", max_length=64, description="Id under which hubs know our key.")
    command_key_file: Path | None = Field(
        None, description="Private key (PEM) that signs orders which make sound."
    )
    offline_after_s: Annotated[int, Field(ge=30, le=86_400)] = Field(
        300, description="Seconds of silence after which a village's box becomes an incident."
    )
    ingest: Literal["console", "workers"] = Field(
        "console",
        description="Who stores what the villages send: the console itself, or the processes of "
        "`village-hub township ingest` (PostgreSQL only).",
    )


class EnrolmentSection(Section):
    """How villages get their certificates, and what the broker's files say."""

    enabled: bool = Field(
        False, description="Give certificates to villages; `village-hub township init` sets it up."
    )
    host: str = Field("0.0.0.0", description="Address the enrolment desk listens on.")  # noqa: S104 - the villages come from outside
    port: Port = Field(8445, description="Port of the enrolment desk; 0 takes any free one.")
    names: list[str] = Field(
        default_factory=list,
        max_length=8,
        description="Names or addresses by which villages reach this server; they are told the "
        "first.",
    )
    broker_port: Port = Field(8883, description="Port of the broker for the villages.")
    console_port: Port = Field(8884, description="Port of the broker for this machine only.")
    broker_at: str = Field(
        "",
        max_length=200,
        description="Folder where mosquitto finds its files, if something copies them there; "
        "empty takes `broker` in the state folder.",
    )
    reload_command: list[str] = Field(
        default_factory=list,
        max_length=8,
        description="Command that lets mosquitto read its files again; empty sends SIGHUP to the "
        "process in `mosquitto.pid`.",
    )
    code_hours: Annotated[int, Field(ge=1, le=168)] = Field(
        24, description="Hours for which an enrolment code is good."
    )
    certificate_days: Annotated[int, Field(ge=2, le=825)] = Field(
        90, description="Days for which a certificate is good; renewed after two thirds."
    )


class DatabaseSection(Section):
    """Where the console keeps its records."""

    url: str = Field(
        "",
        max_length=500,
        description="SQLAlchemy URL without a password, for example "
        "`postgresql+psycopg://village@127.0.0.1/village`; empty takes SQLite in the state folder.",
    )
    password_file: Path | None = Field(
        None, description="File of the database password, put into the URL."
    )


class MapSection(Section):
    """What the map is drawn on; without tiles it needs nothing from outside."""

    tiles: str = Field(
        "",
        max_length=500,
        pattern=r"^(https?://[^\s;,'\"]+)?$",
        description="Address of map tiles in Web Mercator (WGS 84 or CGCS 2000) with `{x}`, `{y}`, "
        "`{z}`, and `{key}` where a key is needed; empty draws villages on plain ground.",
    )
    key_file: Path | None = Field(
        None, description="File of the tile server's key; browsers of signed-in people receive it."
    )
    credit: str = Field("", max_length=80, description="Whose map it is, written into the corner.")


class PicturesSection(Section):
    """Full pictures that were fetched from the villages."""

    store: Literal["files", "s3"] = Field(
        "files", description="`files` in the state folder, or a server that speaks `s3`."
    )
    s3_url: str = Field("", max_length=200, description="Address of the S3 server.")
    s3_bucket: str = Field(
        "", pattern=r"^$|^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", description="Bucket; it must exist."
    )
    s3_region: str = Field("us-east-1", max_length=40, description="Region of the S3 server.")
    s3_key_id: str = Field("", max_length=128, description="Id of the access key.")
    s3_secret_file: Path | None = Field(None, description="File of the secret access key.")


class CaseTargets(Section):
    """Until when each step of a case is due."""

    accept_minutes: Annotated[float, Field(gt=0, le=10_080)] = Field(
        5, description="Until somebody has taken the alert."
    )
    start_minutes: Annotated[float, Field(gt=0, le=10_080)] = Field(
        15, description="Until whoever was sent is on the way."
    )
    report_minutes: Annotated[float, Field(gt=0, le=43_200)] = Field(
        120, description="From then until the result is reported."
    )
    close_hours: Annotated[float, Field(gt=0, le=8_760)] = Field(
        72, description="From the report until somebody has called back and closed the case."
    )


class KindTargets(Section):
    """What is different for one kind of incident; absent targets are those of its severity."""

    accept_minutes: Annotated[float, Field(gt=0, le=10_080)] | None = Field(
        None, description="Until somebody has taken the alert."
    )
    start_minutes: Annotated[float, Field(gt=0, le=10_080)] | None = Field(
        None, description="Until whoever was sent is on the way."
    )
    report_minutes: Annotated[float, Field(gt=0, le=43_200)] | None = Field(
        None, description="From then until the result is reported."
    )
    close_hours: Annotated[float, Field(gt=0, le=8_760)] | None = Field(
        None, description="From the report until the case is closed."
    )


class CasesSection(Section):
    """How long the steps of a case may take, and when the next person is told."""

    again_minutes: Annotated[float, Field(gt=0, le=1_440)] = Field(
        10, description="When nobody acts, the next person on duty is told after so long again."
    )
    merge_minutes: Annotated[float, Field(ge=0, le=1_440)] = Field(
        10,
        description="A new alert joins a case of its camera and kind that somebody has taken if "
        "the last one was so recent; otherwise it is a new case.",
    )
    life_safety: CaseTargets = CaseTargets(
        accept_minutes=1, start_minutes=5, report_minutes=30, close_hours=24
    )
    urgent: CaseTargets = CaseTargets()
    notice: CaseTargets = CaseTargets(
        accept_minutes=30, start_minutes=240, report_minutes=1440, close_hours=168
    )
    kinds: dict[str, KindTargets] = Field(
        default_factory=dict, description="Other targets by kind of incident, for example `fire`."
    )


class ReportsSection(Section):
    """Reports that are made by themselves: weekly, ten-day and monthly."""

    hour: Annotated[int, Field(ge=0, le=23)] = Field(
        6, description="Hour of the day after a week, ten days or a month at which it is made."
    )
    keep_days: Annotated[int, Field(ge=40, le=4000)] = Field(
        800, description="Days for which reports and the hourly samples of cameras are kept."
    )


class WebhooksSection(Section):
    """Other systems that are told of cases and incidents."""

    private_networks: list[str] = Field(
        default_factory=list,
        max_length=32,
        description="Networks that are not public and may be told all the same, for example "
        "`10.20.0.0/16`; only there `http` is allowed beside `https`.",
    )
    keep_days: Annotated[int, Field(ge=2, le=365)] = Field(
        14, description="Days for which letters are kept that were delivered or given up."
    )


class TownshipSettings(Section):
    """`township.toml`."""

    township: TownshipSection
    state: StateSection = StateSection()
    web: TownshipWebSection = TownshipWebSection()
    link: TownshipLinkSection = TownshipLinkSection()
    enrolment: EnrolmentSection = EnrolmentSection()
    pictures: PicturesSection = PicturesSection()
    database: DatabaseSection = DatabaseSection()
    map: MapSection = MapSection()
    cases: CasesSection = CasesSection()
    reports: ReportsSection = ReportsSection()
    webhooks: WebhooksSection = WebhooksSection()
