"""Fixtures that every part of the house shares."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from hypothesis import settings

from tests.fakes.postgres import postgres
from tests.requirements import shared_data

__all__ = ["free_port", "postgres", "shared"]

settings.register_profile("house", deadline=None)
# A build judges the same examples each time; people's machines keep looking for new ones.
settings.register_profile("build", deadline=None, derandomize=True)
settings.load_profile("build" if os.environ.get("CI") else "house")


@pytest.fixture
def free_port() -> int:
    """A TCP port on loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real test videos, images and models."""
    return shared_data()
