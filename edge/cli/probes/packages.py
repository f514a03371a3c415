"""Whether Python and the compiled libraries run on this processor."""

from __future__ import annotations

import platform
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version

from edge.cli.probes.finding import Finding, Probe, Subject
from edge.settings.schema import HubSettings

OLDEST = (3, 11)
EVERYWHERE = {
    "cryptography": "cryptography",
    "pydantic": "pydantic_core",
    "sqlalchemy": "sqlalchemy",
}
HUB = {
    "numpy": "numpy",
    "opencv-python-headless": "cv2",
    "av": "av",
    "onnxruntime": "onnxruntime",
}
IMPORT_LIMIT_S = 60.0


def look(
    subject: Subject,
    wanted: dict[str, str] | None = None,
    python: Sequence[int] = sys.version_info[:3],
) -> Iterator[Finding]:
    shown = ".".join(map(str, python))
    if tuple(python[:2]) < OLDEST:
        yield subject.bad("python", "python_old", version=shown)
    else:
        yield subject.good("python", "python_good", version=shown, machine=platform.machine())
    if wanted is None:
        wanted = EVERYWHERE | (HUB if isinstance(subject.settings, HubSettings) else {})
    for package, module in wanted.items():
        yield _package(subject, package, module)


def _package(subject: Subject, package: str, module: str) -> Finding:
    about = f"package:{package}"
    try:
        number = version(package)
    except PackageNotFoundError:
        return subject.bad(about, "package_missing", package=package)
    reason = _import(module)
    if reason:
        return subject.bad(about, "package_broken", package=package, version=number, reason=reason)
    return subject.good(about, "package_good", package=package, version=number)


def _import(module: str) -> str:
    """Import it in a child: a wheel for another processor kills the process that loads it."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", f"import {module}"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=IMPORT_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"> {IMPORT_LIMIT_S:.0f} s"
    if done.returncode < 0:
        return f"signal {-done.returncode}"
    said = done.stderr.strip().splitlines()
    return "" if done.returncode == 0 else (said[-1] if said else str(done.returncode))


PROBE = Probe("packages", look)
