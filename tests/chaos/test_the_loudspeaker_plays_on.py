"""A vision worker that is killed is nobody else's business, least of all the loudspeaker's."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import numpy as np

from broadcast.announcements import Announcement, Priority
from broadcast.cache import ClipCache
from broadcast.clip import SAMPLE_BYTES, Clip
from broadcast.loudness import TARGET_LUFS
from broadcast.rendering import Renderer
from broadcast.voices.espeak import EspeakVoice
from tests.fakes.programs import Place, csrf_of, largest_pause_s, samples_of
from tests.waiting import wait_for

WORDS = (
    "各位村民请注意，今天夜里有大到暴雨，请关好门窗，把晒在外面的粮食收回家，"
    "不要到河边和水库边去，住在坡脚的农户请到村委会过夜。"
)
LONGEST_PAUSE_S = 0.3
BACK_S = 10.0
WAV_HEADER = 44


def as_it_should_sound(text: str) -> Clip:
    """The same announcement, rendered with nothing else going on."""
    renderer = Renderer(
        EspeakVoice("cmn"), ClipCache(None), level_lufs=TARGET_LUFS, now=time.monotonic
    )
    renderer.start()
    try:
        return renderer.request(Announcement("same", text, Priority.NOTICE)).result(60).clip
    finally:
        renderer.close(5.0)


def test_a_killed_worker_leaves_no_gap_in_the_sound(
    place: Place, courtyard: dict[str, Any]
) -> None:
    """kill -9 in the middle of a long notice: not a sample missing, and the camera is back."""
    expected = as_it_should_sound(WORDS)
    courtyard["rule"][0]["speak"] = False
    place.settle([courtyard])
    hub = place.start("hub")
    hub.until_said("hub started")
    wait_for(lambda: place.watching("courtyard"), timeout_s=30, what="the camera")
    with place.sign_in("hub") as clerk:
        page = clerk.get("/say")
        form = {"csrf": csrf_of(page.text), "text": WORDS, "chime": "1"}
        assert clerk.post("/say", data=form).status_code == 200
    (sound,) = wait_for(place.sounds, timeout_s=30, what="the first sound")
    bytes_per_s = expected.rate_hz * SAMPLE_BYTES
    began = time.monotonic()
    already_s = (sound.stat().st_size - WAV_HEADER) / bytes_per_s
    pause_s = largest_pause_s(sound, until_bytes=WAV_HEADER + 2 * bytes_per_s, timeout_s=10)
    (worker,) = hub.children("vision.worker")
    killed_at = time.time()
    os.kill(worker, signal.SIGKILL)
    whole = WAV_HEADER + len(expected.pcm())
    pause_s = max(pause_s, largest_pause_s(sound, until_bytes=whole, timeout_s=60))
    took_s = time.monotonic() - began
    assert pause_s <= LONGEST_PAUSE_S
    assert abs(took_s + already_s - expected.seconds) < 1.0, "not at the pace of time"
    wait_for(lambda: place.hub_book.plays(state="finished"), timeout_s=5, what="the receipt")
    rate, samples = samples_of(sound)
    assert rate == expected.rate_hz
    np.testing.assert_array_equal(samples, np.frombuffer(expected.pcm(), np.int16))
    assert hub.said("worker lost")
    wait_for(lambda: place.watching("courtyard"), timeout_s=BACK_S, what="the camera")
    back_at = hub.said_at("camera camera=courtyard state=watching")
    assert len(back_at) == 2
    assert back_at[-1] - killed_at <= BACK_S
    assert 'worker_starts_total{worker="vision-1"} 2' in place.metrics()
    assert len(place.sounds()) == 1
    assert hub.stop() == 0
    assert hub.family() == {}
