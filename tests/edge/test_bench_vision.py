"""`village-hub bench vision`: runs in a few seconds when asked to, and says what it found."""

from __future__ import annotations

import io
import json
from pathlib import Path

import av
import pytest

from edge.bench import SeeingOptions, run_seeing
from edge.bench.gates import Cost, Incident, bare_decode_ms, camera_cost, lost
from edge.bench.streams import FPS, KEY_EVERY_S, SECONDS, Kind, make
from vision.detectors import open_detector
from vision.gate import Level
from vision.samples import sample_cameras

CLIP = Path(sample_cameras()[0].url)


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(Kind("360p", "h264", busy=False), CLIP, tmp_path_factory.mktemp("streams"))


def test_a_stream_is_as_a_camera_sends_it(calm: Path) -> None:
    """Its length, a key frame every two seconds, no B-frames."""
    with av.open(str(calm)) as container:
        stream = container.streams.video[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
    assert len(packets) == FPS * SECONDS["360p"]
    keys = [number for number, packet in enumerate(packets) if packet.is_keyframe]
    assert keys == list(range(0, len(packets), FPS * KEY_EVERY_S))
    assert all(packet.pts == packet.dts for packet in packets)


def test_a_calm_camera_costs_less_than_decoding_it(calm: Path) -> None:
    """The levels cost what their names say; the gate finds the cheap ones by itself."""
    detector = open_detector("", 1)
    bare_ms = bare_decode_ms(calm, 16)
    auto = camera_cost(calm, detector, None, 16)
    full = camera_cost(calm, detector, Level.FULL, 16)
    assert auto.looks_per_s < 1.2
    assert full.looks_per_s == pytest.approx(5, abs=0.3)
    assert auto.cpu_ms < bare_ms < full.cpu_ms
    assert auto.incidents == full.incidents == []


def test_only_what_overlaps_counts_as_the_same_incident() -> None:
    """A long one answers for several; one that was over, of another kind or late does not."""
    full = Cost(incidents=[Incident("a", "fire", 10, 12), Incident("b", "fire", 20, 25)])
    assert lost(full, Cost(incidents=[Incident("x", "fire", 9, 30)])) == 0
    assert lost(full, Cost(incidents=[Incident("x", "fire", 10.9, 11.5)])) == 1
    assert lost(full, Cost(incidents=[Incident("x", "smoke", 9, 30)])) == 2
    assert lost(full, Cost(incidents=[Incident("x", "fire", 2, 9.5)])) == 2
    assert lost(full, Cost(incidents=[Incident("x", "fire", 22, 26)])) == 2
    assert lost(Cost(), full) == 0


def test_the_quick_benchmark_writes_its_figures(tmp_path: Path) -> None:
    """The ratio that the design bounds stands at the top level."""
    where, out = tmp_path / "figures.json", io.StringIO()
    run_seeing(SeeingOptions(json=str(where), quick=True, language="zh"), out=out)
    told = json.loads(where.read_text(encoding="utf-8"))
    assert 0 < told["calm_camera_over_bare_decode"] < 1
    assert told["incidents_lost_by_gate"] == 0
    assert {each["stream"] for each in told["streams"]} == {"360p-h264-calm", "360p-h264-busy"}
    (crowd,) = told["crowds"]
    assert crowd["cameras"] == 4
    assert min(crowd["busy_looks_per_s"]) > 0
    assert "与直接解码全部帧之比" in out.getvalue()
