"""Speaking to a village and seeing what became of it; and the list of all receipts."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, HTTPException, Path, Request
from fastapi.responses import RedirectResponse, Response

from edge.link.messages import AnnounceOrder
from edge.people import Right
from edge.site import Person, holding, page
from edge.township.store.records import Order
from edge.township.web.rooms import InRoom, Room
from edge.township.web.seeing import Looker, sight_of
from edge.township.web.views import OrderView

router = APIRouter()

Speaker = Annotated[Person, Depends(holding(Right.SPEAK))]

OrderId = Annotated[str, Path(pattern=r"^[0-9a-f-]{36}$")]
HubField = Annotated[str, Form(pattern=r"^[a-z0-9][a-z0-9-]{0,47}$")]
TextField = Annotated[str, Form(min_length=1, max_length=500)]
Priority = Literal["notice", "official_emergency"]


@router.get("/speak")
def form(request: Request, room: InRoom, person: Looker, hub: str = "") -> Response:
    return page(
        request,
        "speak.html",
        villages=room.villages(sight_of(person)),
        chosen=hub,
        may_speak=room.orders.may_speak,
        orders=_newest(room, person),
    )


@router.get("/speak/list")
def orders(request: Request, room: InRoom, person: Looker) -> Response:
    return page(request, "order_list.html", orders=_newest(room, person))


@router.post("/speak")
def speak(
    room: InRoom,
    person: Speaker,
    hub: HubField,
    text: TextField,
    priority: Annotated[Priority, Form()] = "notice",
) -> Response:
    words = " ".join(text.split())
    if not words:
        raise HTTPException(422)
    _known_hub(room, person, hub)
    order = AnnounceOrder(text=words, priority=priority)
    given = room.orders.announce(hub, order, person.name)
    room.store.people.audit(person.name, "announce", f"{hub} {priority}: {words}")
    return RedirectResponse(f"/speak/{given}", status_code=303)


@router.get("/speak/{order_id}")
def one(request: Request, room: InRoom, person: Looker, order_id: OrderId) -> Response:
    return page(request, "order.html", view=_view(room, _known(room, person, order_id)))


@router.get("/speak/{order_id}/state")
def state(request: Request, room: InRoom, person: Looker, order_id: OrderId) -> Response:
    return page(request, "order_state.html", view=_view(room, _known(room, person, order_id)))


@router.post("/speak/{order_id}/stop")
def stop(room: InRoom, person: Speaker, order_id: OrderId) -> Response:
    """Silence the village: everything, since whoever presses this wants quiet."""
    order = _known(room, person, order_id)
    room.orders.stop_sound(order.hub, person.name)
    room.store.people.audit(person.name, "stop_sound", order.hub)
    return RedirectResponse(f"/speak/{order_id}", status_code=303)


@router.get("/receipts")
def receipts(request: Request, room: InRoom, person: Looker) -> Response:
    return page(request, "receipts.html", **_receipts(room, person))


@router.get("/receipts/list")
def receipt_list(request: Request, room: InRoom, person: Looker) -> Response:
    return page(request, "receipt_list.html", **_receipts(room, person))


def _receipts(room: Room, person: Person) -> dict[str, Any]:
    sight = sight_of(person)
    return {"receipts": room.store.receipts(100, sight), "villages": room.villages(sight)}


def _known_hub(room: Room, person: Person, hub: str) -> None:
    """A box outside of somebody's villages is for him as if it were not there.

    Raises:
        HTTPException: 404.
    """
    sight = sight_of(person)
    if sight.villages is not None and hub not in room.villages(sight):
        raise HTTPException(404)


def _known(room: Room, person: Person, order_id: str) -> Order:
    order = room.store.order(order_id)
    if order is None or order.name == "resync":
        raise HTTPException(404)
    _known_hub(room, person, order.hub)
    return order


def _view(room: Room, order: Order) -> OrderView:
    spoken = tuple(room.store.receipts_of_order(order))
    return OrderView(order, room.villages().get(order.hub, order.hub), spoken)


def _newest(room: Room, person: Person) -> list[OrderView]:
    return [_view(room, order) for order in room.store.orders(20, sight_of(person))]
