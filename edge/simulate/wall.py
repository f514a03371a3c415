"""How old an alert is when the list of the wall shows it: told by a worker, read from the store."""

from __future__ import annotations

import threading
import time

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from edge.clock import SystemClock
from edge.link.topics import worker_news
from edge.simulate.programs import TOWNSHIP
from edge.township.store import Store
from edge.township.store.case_records import CaseFilter

PAGE = 60
PAUSE_S = 0.25


class Wall:
    """Does what an open wall does when it hears of a change: reads the first page again.

    Attributes:
        waits: Seconds from the moment the newest case changed to the page that shows it.
    """

    def __init__(self, url: str, address: tuple[str, int]) -> None:
        self.waits: list[float] = []
        self._store = Store(url, SystemClock())
        self._heard = threading.Event()
        self._stopping = threading.Event()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id="wall", protocol=MQTTProtocolVersion.MQTTv5
        )
        self._client.on_connect = lambda client, *_: client.subscribe(worker_news(TOWNSHIP))
        self._client.on_message = lambda *_: self._heard.set()
        self._client.connect(*address)
        self._client.loop_start()
        self._thread = threading.Thread(target=self._run, name="wall", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        self._stopping.set()
        self._heard.set()
        self._thread.join(10)
        self._store.close()

    def _run(self) -> None:
        newest = 0.0
        while self._heard.wait() and not self._stopping.is_set():
            self._heard.clear()
            page = self._store.cases.some(CaseFilter(), limit=PAGE)
            changed = max((case.newest_at for case in page), default=0.0)
            if changed > newest:
                newest = changed
                self.waits.append(time.time() - changed)
            self._stopping.wait(PAUSE_S)  # as a page does between two looks
