"""The memory of the township: SQLAlchemy Core on SQLite or PostgreSQL; nobody else writes SQL."""

from edge.township.store.certificates import Register
from edge.township.store.database import Database
from edge.township.store.store import AlertStory, Store

__all__ = ["AlertStory", "Database", "Register", "Store"]
