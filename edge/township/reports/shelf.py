"""Made reports as files: two for each span, kept for a while, the same after every restart."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge.errors import StoreError
from edge.files import write_durably
from edge.township.places.writing import XLSX
from edge.township.reports.periods import Period, read_period

FORMS = {"xlsx": XLSX, "pdf": "application/pdf"}


@dataclass(frozen=True, slots=True)
class Made:
    """A report that lies on the shelf; `made_at` is Unix seconds."""

    period: Period
    made_at: float
    bytes_of: dict[str, int]


class Shelf:
    """A folder of reports. The Excel file is written last: a span that has one is complete."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def has(self, period: Period) -> bool:
        return self._file(period, "xlsx").is_file()

    def put(self, period: Period, files: dict[str, bytes]) -> None:
        """Keep both files; a report of the same span is replaced.

        Raises:
            StoreError: The disk refuses; the next try makes it anew.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for form in sorted(files):
                write_durably(self._file(period, form), files[form])
        except OSError as error:
            raise StoreError(
                f"The report {period.id} cannot be kept in {self._folder}: {error.strerror}. "
                "Free some space or check the rights of the folder."
            ) from error

    def listed(self) -> list[Made]:
        """What lies there, the span that ended last first."""
        found: list[Made] = []
        for file in self._folder.glob("*.xlsx"):
            period = read_period(file.stem)
            if period is not None:
                sizes = {form: _size(file.with_suffix(f".{form}")) for form in FORMS}
                found.append(Made(period, file.stat().st_mtime, sizes))
        return sorted(found, key=lambda one: (one.period.end, one.period.id), reverse=True)

    def read(self, period: Period, form: str) -> bytes | None:
        """A file, or None if it was never made or is gone."""
        try:
            return self._file(period, form).read_bytes()
        except OSError:
            return None

    def forget(self, *, before: float) -> int:
        """Throw away reports of spans that ended before a moment; returns how many."""
        old = [one.period for one in self.listed() if one.period.end < before]
        for period in old:
            for form in FORMS:
                self._file(period, form).unlink(missing_ok=True)
        return len(old)

    def _file(self, period: Period, form: str) -> Path:
        return self._folder / f"{period.id}.{form}"


def _size(file: Path) -> int:
    return file.stat().st_size if file.is_file() else 0
