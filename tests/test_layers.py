"""The shape of the house: who may import whom."""

from __future__ import annotations

from importlinter.cli import lint_imports

from tests.requirements import REPOSITORY


def test_dependencies_point_one_way() -> None:
    """Every import contract of pyproject.toml holds."""
    assert lint_imports(config_filename=str(REPOSITORY / "pyproject.toml"), no_cache=True) == 0
