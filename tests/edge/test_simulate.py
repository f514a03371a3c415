"""The simulated villages speak the wire, and what they sent is counted."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import StartError
from edge.simulate import SimulateOptions, packets, run_simulation
from edge.simulate.servers import program
from tests.requirements import need, need_module, need_postgresql


@pytest.mark.mosquitto
@pytest.mark.timeout(300)
def test_a_small_township_loses_and_doubles_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Real broker, database, console and workers; every figure is there."""
    need("mosquitto")
    need_postgresql()
    need_module("psycopg")
    file = tmp_path / "figures.json"
    options = SimulateOptions(
        hubs=12, cameras=40, rate=40.0, seconds=2.0, burst=20, json=str(file), language="en"
    )
    run_simulation(options)
    told = json.loads(file.read_text(encoding="utf-8"))
    assert told["hubs_connected"] == 12
    assert told["sent"] == told["stored"] > 400
    assert told["lost"] == told["doubled"] == told["holes"] == 0
    for name in ("ratio_to_bare_insert", "burst_per_s", "sustained_per_s", "wall_p95_s"):
        assert told[name] > 0, name
    assert "sent" in capsys.readouterr().out


def test_a_program_that_is_missing_is_named_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The sentence names it and says how to get it."""
    monkeypatch.setitem(os.environ, "PATH", "/nowhere")
    with pytest.raises(StartError, match="apt install no-such-package"):
        program("no-such-program", "no-such-package")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.binary(max_size=400), max_size=6),
    st.integers(1, 40),
)
def test_packets_are_read_whatever_way_they_are_cut(payloads: list[bytes], piece: int) -> None:
    """What was written comes out again, in order, from pieces of any size."""
    topic = "vh1/c/cun/ack"
    wire = b"".join(packets.publish(topic, one, mid) for mid, one in enumerate(payloads, 1))
    buffer, found = bytearray(), []
    for at in range(0, len(wire), piece):
        buffer += wire[at : at + piece]
        found += packets.take(buffer)
    assert [(one.topic, one.payload, one.mid) for one in found] == [
        (topic, one, mid) for mid, one in enumerate(payloads, 1)
    ]
    assert not buffer
