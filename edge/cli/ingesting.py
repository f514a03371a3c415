"""`village-hub township ingest`: one more process that stores what villages send."""

from __future__ import annotations

import signal
import threading

from edge.cli.command import OK, Call
from edge.clock import SystemClock
from edge.logs import set_up_logging
from edge.settings.schema import TownshipSettings
from edge.systemd import Notifier, watchdog_interval_s

QUIET_INTERVAL_S = 10.0


def run_ingest(call: Call, settings: TownshipSettings) -> int:
    """Run a worker until SIGINT or SIGTERM."""
    set_up_logging(environ=call.environ)
    from edge.township.worker import run_worker  # noqa: PLC0415 - loads the database

    notifier = Notifier(call.environ)
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stopping.set())
    run_worker(
        settings,
        call.arguments.worker,
        stopping,
        clock=SystemClock(),
        ready=notifier.ready,
        alive=notifier.watchdog,
        alive_every_s=watchdog_interval_s(call.environ) or QUIET_INTERVAL_S,
    )
    notifier.stopping()
    return OK
