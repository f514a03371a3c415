"""A hub in a process of its own, to be killed: `python -m tests.fakes.broker_hub_process …`.

Modes: `commit` writes incidents for ever and prints the id of each one that is committed;
`link` does the same with a link to a broker that listens on the given port.
"""

from __future__ import annotations

import sys
from pathlib import Path

from edge.clock import SystemClock
from edge.store.hub import HubStore
from tests.fakes.broker_ends import Hub
from tests.fakes.records import an_entry, an_incident


def main(mode: str, folder: Path, port: int) -> None:
    clock = SystemClock(synchronised=lambda: True)
    hub = None
    if mode == "link":
        hub = Hub(folder, port, "5", clock)
        hub.link.start()
    store = hub.store if hub is not None else HubStore.open(folder, clock)
    while True:
        incident = an_incident(clock)
        store.save_incident(incident, [an_entry(incident)])
        if hub is not None:
            hub.link.wake()
        sys.stdout.write(f"{incident.id}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
