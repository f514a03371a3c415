"""`village-hub audit verify`: whether the audit log of a hub or township was changed."""

from __future__ import annotations

from edge.cli.auditing import add_audit, run_audit
from edge.cli.command import Command

COMMAND = Command("audit", add_audit, run_audit)
