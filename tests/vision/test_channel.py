"""The line between worker and supervisor."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.workers import read_reports
from tests.waiting import wait_for
from vision.channel import MOST_WAITING, Outbox, read_spec
from vision.errors import ProtocolError
from vision.orders import OrderLine
from vision.reports import (
    LENGTHS,
    CameraReport,
    CameraState,
    Heartbeat,
    IncidentReport,
    Phase,
    Report,
    WorkerFault,
    WorkerReady,
    encode,
    lengths,
    report_from_message,
    report_to_message,
)
from vision.settings import CameraSpec, RuleSpec, WorkerSpec, ZoneSpec

TEXT = st.text(max_size=30)
NUMBER = st.floats(0, 1e6, allow_nan=False)
COUNT = st.integers(0, 1 << 40)
CAMERAS = st.builds(
    CameraReport,
    camera=TEXT,
    state=st.sampled_from(CameraState),
    fault=TEXT,
    detail=TEXT,
    fps_in=NUMBER,
    frames=COUNT,
    retry_in_s=NUMBER,
)
INCIDENTS = st.builds(
    IncidentReport,
    key=TEXT,
    phase=st.sampled_from(Phase),
    camera=TEXT,
    kind=TEXT,
    zone=TEXT,
    zone_name=TEXT,
    label=TEXT,
    score=NUMBER,
    count=COUNT,
    dwell_s=NUMBER,
    box=st.tuples(NUMBER, NUMBER, NUMBER, NUMBER),
    frame_mono_s=NUMBER,
    first_mono_s=NUMBER,
    jpeg=st.binary(max_size=200),
)
REPORTS: st.SearchStrategy[Report] = st.one_of(
    st.builds(WorkerReady, TEXT, TEXT, st.lists(TEXT, max_size=3).map(tuple)),
    CAMERAS,
    st.builds(Heartbeat, TEXT, NUMBER, st.lists(CAMERAS, max_size=3).map(tuple), NUMBER, COUNT),
    INCIDENTS,
    st.builds(WorkerFault, TEXT, TEXT, TEXT),
)


@given(REPORTS)
def test_a_report_comes_out_as_it_went_in(report: Report) -> None:
    """Every kind, every field, over the framing and back."""
    message = report_to_message(report)
    header, body = lengths(message[: LENGTHS.size])
    rest = message[LENGTHS.size :]
    assert len(rest) == header + body
    assert report_from_message(rest[:header], rest[header:]) == report


@given(st.binary(max_size=300), st.binary(max_size=30))
def test_noise_is_refused_and_never_crashes(header: bytes, body: bytes) -> None:
    """Only a ProtocolError may come of it."""
    with pytest.raises(ProtocolError):
        report_from_message(header, body)


@given(st.binary(min_size=8, max_size=8))
def test_impossible_lengths_are_refused(prefix: bytes) -> None:
    """A stream out of step never makes us wait for gigabytes."""
    sizes = LENGTHS.unpack(prefix)
    try:
        assert lengths(prefix) == sizes
    except ProtocolError:
        assert sizes[0] == 0 or sizes[0] > 1 << 20 or sizes[1] > 8 << 20


SQUARE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
SPEC = WorkerSpec(
    "w1",
    (
        CameraSpec(
            *("gate", "大门", "rtsp://a:b@10.0.0.1/live"),
            privacy_masks=(SQUARE,),
            zones=(ZoneSpec("z", "水库", SQUARE),),
            rules=(RuleSpec("intrusion", "z"),),
        ),
    ),
)


@pytest.fixture
def line() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_orders_arrive_whole_even_in_pieces(line: tuple[socket.socket, socket.socket]) -> None:
    """The reader waits for every byte."""
    ours, theirs = line
    message = encode(SPEC.to_json())
    for at in range(0, len(message), 7):
        ours.sendall(message[at : at + 7])
    assert read_spec(theirs.fileno()) == SPEC


@pytest.mark.parametrize("message", [b"", b"\x00\x00", encode([1, 2]), encode({"worker": 1})])  # type: ignore[arg-type]
def test_orders_that_make_no_sense_are_refused(
    line: tuple[socket.socket, socket.socket], message: bytes
) -> None:
    """Cut off, or not a WorkerSpec."""
    ours, theirs = line
    ours.sendall(message)
    ours.close()
    with pytest.raises(ProtocolError):
        read_spec(theirs.fileno())


def test_a_slow_reader_loses_heartbeats_but_no_incident(
    line: tuple[socket.socket, socket.socket],
) -> None:
    """Sending never blocks; when the line is read again every incident is there."""
    ours, theirs = line
    outbox = Outbox(theirs.fileno())
    incident = IncidentReport(
        *("k", Phase.OPENED, "c", "intrusion", "z", "z", "person", 0.9, 1, 2.0),
        *((0.0, 0.0, 1.0, 1.0), 1.0, 1.0, b"x" * 20_000),
    )
    for _ in range(MOST_WAITING):
        outbox.send(incident)
    for _ in range(MOST_WAITING):
        outbox.send(Heartbeat("w", 1.0, ()))
    reports = read_reports(ours, until=lambda seen: len(seen) >= MOST_WAITING)
    assert [r for r in reports if isinstance(r, IncidentReport)] == [incident] * MOST_WAITING
    outbox.close(1.0)


def test_a_supervisor_that_is_gone_is_noticed(
    line: tuple[socket.socket, socket.socket],
) -> None:
    """Closed from the other side: seen by reading and by writing."""
    ours, theirs = line
    ear = OrderLine(theirs.fileno())
    assert not ear.hung_up(0.0)
    ours.close()
    assert ear.hung_up(1.0)
    outbox = Outbox(theirs.fileno())
    outbox.send(Heartbeat("w", 1.0, ()))
    wait_for(lambda: outbox.broken, what="the broken line")


def test_a_plain_pipe_serves_as_a_line() -> None:
    """The descriptor need not be a socket."""
    reading, writing = os.pipe()
    os.write(writing, encode(SPEC.to_json()))
    os.close(writing)
    assert read_spec(reading).worker == "w1"
    assert struct.calcsize(">II") == LENGTHS.size
    os.close(reading)
