"""Every sub-command: one file and one line here each."""

from __future__ import annotations

from edge.cli.command import Command
from edge.cli.commands import (
    audit,
    bench,
    check,
    demo,
    doctor,
    evaluate,
    hub,
    model,
    schema,
    simulate,
    township,
    user,
)

COMMANDS: tuple[Command, ...] = (
    demo.COMMAND,
    hub.COMMAND,
    township.COMMAND,
    check.COMMAND,
    doctor.COMMAND,
    user.COMMAND,
    audit.COMMAND,
    schema.COMMAND,
    bench.COMMAND,
    simulate.COMMAND,
    evaluate.COMMAND,
    model.COMMAND,
)
