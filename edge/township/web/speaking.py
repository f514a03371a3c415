"""Speaking to a village and seeing what became of it; and the list of all receipts."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, HTTPException, Path, Request
from fastapi.responses import RedirectResponse, Response

from edge.link.messages import AnnounceOrder
from edge.site import Official, page, signed_in
from edge.township.store.records import Order
from edge.township.web.rooms import InRoom, Room
from edge.township.web.views import OrderView

router = APIRouter(dependencies=[Depends(signed_in())])

OrderId = Annotated[str, Path(pattern=r"^[0-9a-f-]{36}$")]
HubField = Annotated[str, Form(pattern=r"^[a-z0-9][a-z0-9-]{0,47}$")]
TextField = Annotated[str, Form(min_length=1, max_length=500)]
Priority = Literal["notice", "official_emergency"]


@router.get("/speak")
def form(request: Request, room: InRoom, hub: str = "") -> Response:
    return page(
        request,
        "speak.html",
        villages=room.villages(),
        chosen=hub,
        may_speak=room.orders.may_speak,
        orders=_newest(room),
    )


@router.get("/speak/list")
def orders(request: Request, room: InRoom) -> Response:
    return page(request, "order_list.html", orders=_newest(room))


@router.post("/speak")
def speak(
    room: InRoom,
    person: Official,
    hub: HubField,
    text: TextField,
    priority: Annotated[Priority, Form()] = "notice",
) -> Response:
    words = " ".join(text.split())
    if not words:
        raise HTTPException(422)
    order = AnnounceOrder(text=words, priority=priority)
    given = room.orders.announce(hub, order, person.name)
    room.store.people.audit(person.name, "announce", f"{hub} {priority}: {words}")
    return RedirectResponse(f"/speak/{given}", status_code=303)


@router.get("/speak/{order_id}")
def one(request: Request, room: InRoom, order_id: OrderId) -> Response:
    return page(request, "order.html", view=_view(room, _known(room, order_id)))


@router.get("/speak/{order_id}/state")
def state(request: Request, room: InRoom, order_id: OrderId) -> Response:
    return page(request, "order_state.html", view=_view(room, _known(room, order_id)))


@router.post("/speak/{order_id}/stop")
def stop(room: InRoom, person: Official, order_id: OrderId) -> Response:
    """Silence the village: everything, since whoever presses this wants quiet."""
    order = _known(room, order_id)
    room.orders.stop_sound(order.hub, person.name)
    room.store.people.audit(person.name, "stop_sound", order.hub)
    return RedirectResponse(f"/speak/{order_id}", status_code=303)


@router.get("/receipts")
def receipts(request: Request, room: InRoom) -> Response:
    newest = room.store.receipts(100)
    return page(request, "receipts.html", receipts=newest, villages=room.villages())


@router.get("/receipts/list")
def receipt_list(request: Request, room: InRoom) -> Response:
    newest = room.store.receipts(100)
    return page(request, "receipt_list.html", receipts=newest, villages=room.villages())


def _known(room: Room, order_id: str) -> Order:
    order = room.store.order(order_id)
    if order is None or order.name == "resync":
        raise HTTPException(404)
    return order


def _view(room: Room, order: Order) -> OrderView:
    spoken = tuple(room.store.receipts_of_order(order))
    return OrderView(order, room.villages().get(order.hub, order.hub), spoken)


def _newest(room: Room) -> list[OrderView]:
    return [_view(room, order) for order in room.store.orders(limit=20)]
