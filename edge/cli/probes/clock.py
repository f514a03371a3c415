"""Whether the time of this machine can be believed."""

from __future__ import annotations

from collections.abc import Iterator

from edge.cli.probes.finding import Finding, Probe, Subject
from edge.clock import SOFTWARE_EPOCH_S, Clock, SystemClock


def look(subject: Subject, clock: Clock | None = None) -> Iterator[Finding]:
    clock = clock or SystemClock()
    now = clock.stamp().utc.strftime("%Y-%m-%d %H:%M:%S UTC")
    if clock.wall() < SOFTWARE_EPOCH_S:
        yield subject.bad("clock", "clock_wrong", now=now)
    elif clock.trusted():
        yield subject.good("clock", "clock_good", now=now)
    else:
        yield subject.bad("clock", "clock_untrusted", now=now)


PROBE = Probe("clock", look)
