"""Alembic's history of the township's tables; it is run at every start."""
