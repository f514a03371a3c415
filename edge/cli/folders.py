"""What the administrator writes belongs to whoever runs the program."""

from __future__ import annotations

import os
from pathlib import Path

from edge.cli.command import Call
from edge.errors import SettingsError
from edge.settings import OVERRIDE, write_override
from edge.settings.layers import Layer, Tree, read_file
from edge.settings.places import Presence, presence
from edge.settings.problems import sentence
from edge.words import Words


def hand_over(state: Path) -> None:
    """Give everything in the state folder to its owner, where root wrote some of it."""
    owner = state.stat()
    if os.geteuid() != 0 or owner.st_uid == 0:
        return
    for path in state.rglob("*"):
        if not path.is_symlink() and path.stat().st_uid != owner.st_uid:
            os.chown(path, owner.st_uid, owner.st_gid)


def put_settings(call: Call, state: Path, changes: dict[str, dict[str, object]]) -> Path:
    """Write these settings, by table, over those of the village's or township's own file.

    Raises:
        SettingsError: The file that is there cannot be read.
        OSError: It cannot be written.
    """
    path = state / OVERRIDE
    tree: Tree = {}
    if presence(path) is not Presence.ABSENT:
        found = read_file(path)
        if not isinstance(found, Layer):
            words = Words.load("edge.settings", call.words.language)
            raise SettingsError([sentence(found, {}, words)])
        tree = found.tree
    for name, values in changes.items():
        there = tree.get(name)
        tree[name] = {**(there if isinstance(there, dict) else {}), **values}
    write_override(path, tree)
    return path
