"""What arrives at a horn that is reached by RTP, listened to on the loopback."""

from __future__ import annotations

import random
import time
from itertools import pairwise

import numpy as np
import pytest

from broadcast.announcements import PlayState, Priority
from broadcast.errors import SpeakerError
from broadcast.player import Broadcaster
from broadcast.speakers.rtp import RtpSpeaker, RtpTarget
from broadcast.speakers.rtp_codec import CODECS, LARGEST_PAYLOAD
from tests.broadcast.fakes import Letterbox, NoiseVoice, announcement
from tests.broadcast.horns import Packet, RtpHorn, decoded

RATE_HZ = 22_050
SECONDS = 0.8
BUSY_MACHINE_S = 0.3
GROUP = "239.255.10.7"


def _melody() -> np.ndarray:
    """Tones below 3 kHz that change, so that a place in it is found again."""
    at = np.arange(round(SECONDS * RATE_HZ)) / RATE_HZ
    return (9000 * np.sin(2 * np.pi * (500 * at + 700 * at**2))).astype(np.int16)


def _play(speaker: RtpSpeaker, samples: np.ndarray) -> None:
    speaker.open("a", RATE_HZ)
    pcm = samples.astype("<i2").tobytes()
    while pcm:
        pcm = pcm[speaker.write(pcm[:882]) :]
    deadline = time.monotonic() + 10
    while not speaker.drain():
        assert time.monotonic() < deadline
    speaker.close()


def _closeness(heard: np.ndarray, rate_hz: int) -> tuple[float, float]:
    """Best correlation with the melody, and how many seconds late it is there."""
    at = np.arange(round(SECONDS * rate_hz)) / rate_hz
    wanted = np.sin(2 * np.pi * (500 * at + 700 * at**2))
    padded = np.concatenate([heard.astype(float), np.zeros(rate_hz // 10)])
    scores = [
        float(np.dot(padded[lag : lag + len(wanted)], wanted))
        / float(np.linalg.norm(padded[lag : lag + len(wanted)]) * np.linalg.norm(wanted))
        for lag in range(rate_hz // 50)
    ]
    best = int(np.argmax(scores))
    return scores[best], best / rate_hz


def _in_order(packets: list[Packet]) -> bool:
    return all((a.sequence + 1) & 0xFFFF == b.sequence for a, b in pairwise(packets))


@pytest.mark.parametrize("codec", CODECS)
def test_every_codec_arrives_whole_and_in_time(codec: str) -> None:
    """In a multicast group: no packet missing, even timestamps, and the sound that was sent."""
    horn = RtpHorn(GROUP)
    target = RtpTarget(horn.address, codec=codec, interface="lo", ttl=1)
    speaker = RtpSpeaker("horn", target, randomness=random.Random(7))
    begun = time.monotonic()
    _play(speaker, _melody())
    took = time.monotonic() - begun
    packets = horn.quiet()
    spec = CODECS[codec]
    assert {p.payload_type for p in packets} == {spec.payload_type}
    assert len({p.ssrc for p in packets}) == 1
    assert _in_order(packets)
    assert [p.marker for p in packets] == [True] + [False] * (len(packets) - 1)
    assert max(len(p.payload) for p in packets) <= LARGEST_PAYLOAD
    ticks = (packets[-1].timestamp - packets[0].timestamp) & 0xFFFFFFFF
    assert ticks / spec.clock_hz == pytest.approx(SECONDS, abs=0.05)
    assert packets[-1].at_s - packets[0].at_s == pytest.approx(SECONDS, abs=0.3)
    assert SECONDS - 0.1 < took < SECONDS + 1.5
    likeness, late_s = _closeness(decoded(packets), spec.rate_hz)
    assert likeness > {"l16": 0.9999, "opus": 0.97}.get(codec, 0.99)
    assert late_s < 0.02
    assert speaker.evenness.packets == len(packets)
    assert speaker.evenness.lost == speaker.evenness.gaps == 0
    assert speaker.evenness.jitter_s < 0.05


def test_numbers_go_on_from_one_announcement_to_the_next() -> None:
    """A horn sees one source: its sequence goes on, and its timestamps run with time."""
    horn = RtpHorn()
    speaker = RtpSpeaker("horn", RtpTarget(horn.address), randomness=random.Random(3))
    _play(speaker, _melody()[:4410])
    first = horn.quiet()
    _play(speaker, _melody()[:4410])
    packets = horn.quiet()
    assert _in_order(packets)
    assert sum(p.marker for p in packets) == 2
    second = packets[len(first)]
    ticks = (second.timestamp - first[0].timestamp) & 0xFFFFFFFF
    assert ticks / 8000 == pytest.approx(second.at_s - first[0].at_s, abs=0.15)


def test_danger_takes_a_network_horn_at_once() -> None:
    """The notice's last packet and the warning's first are together within the limit."""
    horn = RtpHorn()
    letters = Letterbox()
    player = Broadcaster(NoiseVoice(2), [RtpSpeaker("horn", RtpTarget(horn.address))], letters)
    player.start()
    try:
        player.say(announcement("warm", text="危险", expires_mono_s=0))
        letters.end_of("warm", "horn")
        player.say(announcement("notice", Priority.NOTICE, repeat=5))
        letters.get("notice", PlayState.STARTED)
        asked = time.monotonic()
        player.say(announcement("danger", Priority.LIFE_SAFETY, text="危险"))
        letters.get("danger", PlayState.STARTED)
        assert letters.end_of("danger", "horn").state is PlayState.FINISHED
        starts = [p.at_s for p in horn.quiet() if p.marker]
        assert len(starts) == 2
        assert starts[1] - asked < 0.2 + BUSY_MACHINE_S
    finally:
        player.close()


def test_an_address_where_nobody_listens_is_told() -> None:
    """A single horn that refuses the packets is a fault with a remedy, not a success."""
    speaker = RtpSpeaker("horn", RtpTarget("127.0.0.1:9"))
    with pytest.raises(SpeakerError, match=r"cannot be reached at 127\.0\.0\.1:9.*cable"):
        _play(speaker, np.tile(_melody(), 4))
    speaker.stop()


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (RtpTarget("horn.village:5004"), "not one like 239.255.10.7:5004"),
        (RtpTarget("239.255.10.7:0"), "not one like"),
        (RtpTarget("239.255.10.7"), "not one like"),
        (RtpTarget(f"{GROUP}:5004", codec="mp3"), "unknown codec 'mp3'"),
    ],
)
def test_what_cannot_be_is_refused(target: RtpTarget, said: str) -> None:
    """A wrong address or codec is said at the start, not at the fire."""
    with pytest.raises(SpeakerError, match=said):
        RtpSpeaker("horn", target)


def test_a_network_that_is_not_there_is_a_complaint() -> None:
    """The doctor names the loudspeaker and what to look at."""
    complaint = RtpSpeaker("horn", RtpTarget(f"{GROUP}:5004", interface="nowhere0")).probe()
    assert "horn cannot be reached" in complaint
    assert "cable" in complaint
