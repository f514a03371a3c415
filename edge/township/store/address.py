"""The address of the database, with the password from its file."""

from __future__ import annotations

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from edge.errors import StartError
from edge.settings.schema import DatabaseSection


def address_of(settings: DatabaseSection) -> URL | None:
    """SQLAlchemy's address; None when the settings name none.

    Raises:
        StartError: The address cannot be read, holds a password, or its file cannot be read.
    """
    if not settings.url:
        return None
    try:
        url = make_url(settings.url)
    except ArgumentError as error:
        raise StartError(
            "The address of the database cannot be read. Check `url` in the `[database]` section; "
            "it looks like postgresql+psycopg://name@server/database."
        ) from error
    if url.password:
        raise StartError(
            "The address of the database holds a password. Put it into a file and name the file "
            "in `password_file` of the `[database]` section."
        )
    if settings.password_file is None:
        return url
    try:
        password = settings.password_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StartError(
            f"The password file {settings.password_file} of the database cannot be read. Check "
            "that it is there and that this user may read it."
        ) from error
    return url.set(password=password)
