"""Where the settings of cases become targets, and overdue cases find the next person."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from edge.clock import Clock
from edge.people import Account
from edge.settings.schema import CasesSection, CaseTargets, KindTargets
from edge.township.cases.deadlines import HOUR_S, MINUTE_S, Deadlines, Limits
from edge.township.cases.desk import Desk
from edge.township.cases.escalation import Escalation
from edge.township.cases.roster import Chain, Leaders
from edge.township.store import Store
from edge.township.store.sight import Sight


def deadlines_of(section: CasesSection) -> Deadlines:
    """The targets that the settings name."""
    return Deadlines(
        by_severity={
            "life_safety": Limits(**_seconds(section.life_safety)),
            "urgent": Limits(**_seconds(section.urgent)),
            "notice": Limits(**_seconds(section.notice)),
        },
        by_kind={kind: _seconds(targets) for kind, targets in section.kinds.items()},
        again_s=section.again_minutes * MINUTE_S,
        merge_s=section.merge_minutes * MINUTE_S,
    )


@asynccontextmanager
async def escalating(store: Store, desk: Desk, clock: Clock) -> AsyncIterator[None]:
    """Tell the next person of overdue cases while this is open: the roster, then who leads."""

    def sees(account: Account, hub: str) -> bool:
        return Sight(account.villages).sees_village(store.cases.village_of(hub))

    roster = Chain(store.cases, Leaders(store.people.accounts, sees))
    task = asyncio.create_task(
        Escalation(store.cases, desk, roster, clock).run(), name="escalation"
    )
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _seconds(targets: CaseTargets | KindTargets) -> Mapping[str, float]:
    sizes = {
        "accept_s": (targets.accept_minutes, MINUTE_S),
        "start_s": (targets.start_minutes, MINUTE_S),
        "report_s": (targets.report_minutes, MINUTE_S),
        "close_s": (targets.close_hours, HOUR_S),
    }
    return {name: value * unit for name, (value, unit) in sizes.items() if value is not None}
