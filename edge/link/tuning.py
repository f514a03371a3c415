"""The few settings of the link that the township may change, and the data of today: kept."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta

from edge.clock import Clock
from edge.errors import MessageRefused, StoreError
from edge.link.budget import Budget, Spending
from edge.link.hub_status import HubLinkSettings
from edge.link.messages import Command, ConfigOrder, DataBudget, HubHeartbeat
from edge.link.outbox import Settings

_log = logging.getLogger(__name__)

_CONFIG = "link.config"
_SPENT = "link.spent"
_CHINA = timedelta(hours=8)
_MEGABYTE = 1_000_000
_KEEP_EVERY = 200_000


class Tuning:
    """What the settings say, what the township changed, and what was spent today.

    Attributes:
        heartbeat_s: Seconds between heartbeats.
        budget: Bytes of the day.
    """

    def __init__(self, settings: HubLinkSettings, memory: Settings, clock: Clock) -> None:
        self._memory = memory
        self._clock = clock
        kept = self._load(_CONFIG)
        self.heartbeat_s = _number(kept, "heartbeat_s", settings.heartbeat_s)
        daily_mb = _number(kept, "daily_mb", settings.daily_mb)
        spent = self._load(_SPENT)
        self.budget = Budget(
            int(daily_mb * _MEGABYTE),
            reserve=settings.reserve,
            today=self._today,
            begin=Spending(str(spent.get("day", "")), int(_number(spent, "spent", 0))),
        )
        self._kept = self.budget.spending

    def apply(self, command: Command) -> None:
        """Take over what an order changes, for ever.

        Raises:
            MessageRefused: The order is not complete or beyond what may be changed.
            StoreError: It could not be kept; nothing was changed.
        """
        try:
            order = ConfigOrder.model_validate(command.data)
        except ValueError as error:
            raise MessageRefused(f"The order {command.name} is not complete: {error}.") from error
        wanted = order.model_dump(exclude_none=True)
        self._memory.put_setting(_CONFIG, json.dumps(self._load(_CONFIG) | wanted))
        if order.heartbeat_s is not None:
            self.heartbeat_s = order.heartbeat_s
        if order.daily_mb is not None:
            self.budget.limit = order.daily_mb * _MEGABYTE
        _log.info("link config=%s by=%s", wanted, command.issuer)

    def keep(self, *, now: bool = False) -> None:
        """Write down what was spent, now and then, so that a restart does not forget it."""
        spending = self.budget.spending
        if not self.budget.limit or spending == self._kept:
            return
        same_day = spending.day == self._kept.day
        if same_day and not now and spending.spent - self._kept.spent < _KEEP_EVERY:
            return
        data = {"day": spending.day, "spent": spending.spent}
        self._memory.put_setting(_SPENT, json.dumps(data))
        self._kept = spending

    def told(self, heartbeat: HubHeartbeat) -> HubHeartbeat:
        """The heartbeat with what was spent, on a metered link."""
        if not self.budget.limit:
            return heartbeat
        now = self.budget.spending
        data = DataBudget(day=now.day[:10], spent=now.spent, limit=self.budget.limit)
        return heartbeat.model_copy(update={"budget": data})

    def _load(self, key: str) -> dict[str, object]:
        try:
            text = self._memory.setting(key)
            found = json.loads(text) if text else {}
        except (StoreError, ValueError) as error:
            _log.warning("link setting=%s unread=%s", key, error)
            return {}
        return found if isinstance(found, dict) else {}

    def _today(self) -> str:
        # The provider counts by calendar day; China has one time zone.
        return (datetime.fromtimestamp(self._clock.wall(), tz=UTC) + _CHINA).date().isoformat()


def _number(kept: dict[str, object], key: str, otherwise: float) -> float:
    found = kept.get(key)
    return float(found) if isinstance(found, int | float) else float(otherwise)
