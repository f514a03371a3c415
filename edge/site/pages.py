"""Writing pages: templates with words, times and the person's token in reach."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import jinja2
from fastapi import Request
from fastapi.responses import HTMLResponse, PlainTextResponse, Response

from edge.site.context import LANGUAGE_COOKIE, language_of, site_of, words_of
from edge.site.person import person_of
from edge.site.times import Times

HERE = Path(__file__).parent
STATICS = HERE / "static"
YEAR_S = 365 * 86400


def environment(templates: Sequence[Path], statics: Sequence[Path]) -> jinja2.Environment:
    """Jinja with everything escaped; an unknown name in a template is an error."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader([*templates, HERE / "templates"]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["static"] = _versioned(statics)
    return made


def page(
    request: Request, template: str, /, *, status: int = 200, **context: object
) -> HTMLResponse:
    """Render a template into a page or a fragment.

    Templates find, beside `context`: `person` (or None), `t(key, **values)`,
    `name(family, value)`, `plain(text)` for our own errors and reasons, `words` (all of them),
    `times` (see `Times`), `when(moment)`, `site_title`, `language`, `csrf`, `path` and
    `static(name)`.
    """
    site, words = site_of(request), words_of(request)
    person = person_of(request)
    times = Times(site.clock, words)
    html = site.templates.get_template(template).render(
        {
            "person": person,
            "csrf": person.csrf if person else "",
            "words": words,
            "t": words.t,
            "name": words.name,
            "plain": words.plain,
            "times": times,
            "when": times.element,
            "site_title": site.title,
            "language": words.language,
            "path": request.url.path,
        }
        | context
    )
    response = HTMLResponse(html, status_code=status)
    if "language" in request.query_params:
        _remember_language(request, response)
    return response


def trouble(request: Request, status: int, sentence: str) -> Response:
    """Say what went wrong: a page for who reads pages, one plain sentence for everybody else."""
    sentence = words_of(request).plain(sentence)
    if wants_page(request):
        return page(request, "trouble.html", status=status, sentence=sentence)
    return PlainTextResponse(sentence, status_code=status)


def wants_page(request: Request) -> bool:
    """Whether a browser asks for a whole page, not for a fragment, a picture or data."""
    return "text/html" in request.headers.get("accept", "") and (
        "hx-request" not in request.headers
    )


def local_path(text: str) -> str:
    """A path of this site to go on to, or `/` when the text could lead anywhere else."""
    safe = text.startswith("/") and not text.startswith("//")
    if not safe or any(c == "\\" or not c.isprintable() for c in text):
        return "/"
    return text


def _remember_language(request: Request, response: Response) -> None:
    response.set_cookie(
        LANGUAGE_COOKIE,
        language_of(request),
        max_age=YEAR_S,
        httponly=True,
        samesite="lax",
        secure=site_of(request).secure,
    )


class _versioned:  # noqa: N801 - used as a function in templates
    """Address of a static file that changes when the file does, so that browsers may keep it."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)

    def __call__(self, name: str) -> str:
        return _address(self._folders, name)


@cache
def _address(folders: tuple[Path, ...], name: str) -> str:
    found = next(path for folder in folders if (path := folder / name).is_file())
    return f"/static/{name}?v={hashlib.sha256(found.read_bytes()).hexdigest()[:10]}"
