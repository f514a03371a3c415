"""The audit log: who did what, and when."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from edge.people import Role
from edge.site import page, signed_in
from edge.web.sight import house_of

NEWEST = 200
router = APIRouter()


@router.get("/audit", dependencies=[Depends(signed_in(Role.ADMIN))])
def show_audit(request: Request) -> Response:
    return page(request, "audit.html", entries=house_of(request).store.audit_log(NEWEST))
