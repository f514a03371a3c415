"""The gate: how much of each camera's stream is worth decoding now.

A calm camera costs little more than receiving it; when something stirs it is decoded at once, from
the last key frame on. One look every few seconds is never saved, whatever the packets say.
"""

from __future__ import annotations

from vision.gate.controller import GateController, GateStatus, Order
from vision.gate.decoder import GatedDecoder, Places
from vision.gate.level import Level

__all__ = ["GateController", "GateStatus", "GatedDecoder", "Level", "Order", "Places"]
