"""The settings of a demonstration: a township, a village, its cameras and its loudspeaker."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from broadcast.speakers.alsa import available_alsa_cards
from edge.errors import StartError
from edge.settings.schema import HubSettings, TownshipSettings
from vision.samples import sample_cameras
from vision.settings import CameraSpec

TOWNSHIP = "qing-shan-zhen"
HUB = "lin-jia-cun"
KEY_ID = "demo-official"
NAMES = {
    "zh": {"township": "青山镇（演示）", "village": "林家村（演示）", "video": "视频"},
    "en": {"township": "Qingshan (demo)", "village": "Linjia (demo)", "video": "Video"},
}
OWN_VIDEO_RULE = {
    "kind": "intrusion",
    "labels": ["person", "vehicle", "two-wheeler"],
    "dwell_s": 1.0,
    "clear_s": 1.0,
}
"""Somebody's own video has no drawn zone: whoever stays a second anywhere in the picture counts."""


def hub_settings(
    *,
    state: Path,
    broker_port: int,
    public_key: Path,
    videos: Sequence[str],
    model: Path | None,
    sound: Path,
    language: str,
) -> HubSettings:
    """Settings of the village's box.

    Raises:
        StartError: A video file is not there.
    """
    return HubSettings.model_validate(
        {
            "hub": {
                "id": HUB,
                "village": NAMES[language]["village"],
                "township": TOWNSHIP,
                "language": language,
            },
            "state": {"folder": state},
            "web": {"port": 0},
            "link": {
                "port": broker_port,
                "protocol": "3.1.1",
                "heartbeat_s": 5,
                "command_keys": {KEY_ID: public_key},
            },
            "vision": {"model": model},
            "talkdown": {"cool_down_s": 15},
            "camera": _cameras(videos, language),
            "speaker": [_speaker(sound)],
        }
    )


def township_settings(
    *, state: Path, broker_port: int, private_key: Path, language: str
) -> TownshipSettings:
    """Settings of the township's console."""
    return TownshipSettings.model_validate(
        {
            "township": {
                "id": TOWNSHIP,
                "name": NAMES[language]["township"],
                "language": language,
            },
            "state": {"folder": state},
            "web": {"port": 0},
            "link": {
                "port": broker_port,
                "protocol": "3.1.1",
                "command_key_id": KEY_ID,
                "command_key_file": private_key,
            },
        }
    )


def _speaker(sound: Path) -> dict[str, Any]:
    """The sound card if there is one that can be driven, else a folder of WAV files."""
    cards = available_alsa_cards()
    if cards and shutil.which("aplay"):
        return {"id": "horn", "kind": "alsa", "device": "default"}
    return {"id": "horn", "kind": "file", "folder": sound}


def _cameras(videos: Sequence[str], language: str) -> list[dict[str, Any]]:
    if not videos:
        return [_from_sample(spec) for spec in sample_cameras()]
    return [
        {
            "id": f"video-{number}",
            "name": f"{NAMES[language]['video']} {number}",
            "url": _checked(video),
            "loop": "://" not in video,
            "rule": [OWN_VIDEO_RULE],
        }
        for number, video in enumerate(videos, 1)
    ]


def _checked(video: str) -> str:
    if "://" in video:
        return video
    path = Path(video).expanduser().absolute()
    if not path.is_file():
        raise StartError(
            f"The video {video} is not there. Give the path of a file, or an rtsp:// address."
        )
    return str(path)


def _from_sample(spec: CameraSpec) -> dict[str, Any]:
    return {
        "id": spec.id,
        "name": spec.name,
        "url": spec.url,
        "loop": spec.loop,
        "looks_per_s": spec.looks_per_s,
        "zone": [
            {"id": z.id, "name": z.name, "polygon": [list(p) for p in z.polygon]}
            for z in spec.zones
        ],
        "rule": [
            {
                "kind": r.kind,
                "zone": r.zone,
                "labels": list(r.labels),
                "dwell_s": r.dwell_s,
                "clear_s": r.clear_s,
            }
            for r in spec.rules
        ],
    }
