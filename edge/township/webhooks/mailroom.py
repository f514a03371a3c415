"""Delivers letters: what happened is written down first, then sent until it arrived or died."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from edge.clock import Clock
from edge.errors import EgressRefused, StoreError
from edge.files import write_durably
from edge.township.store.letters import Letter, Letters
from edge.township.webhooks.egress import Guard, Target
from edge.township.webhooks.sending import post
from edge.township.webhooks.signing import new_secret, signed_headers

log = logging.getLogger(__name__)

MINUTE_S, HOUR_S, DAY_S = 60.0, 3600.0, 86_400.0
WAITS_S = (
    *(10.0, MINUTE_S, 5 * MINUTE_S, 30 * MINUTE_S),
    *(HOUR_S, 3 * HOUR_S, 6 * HOUR_S, 12 * HOUR_S, DAY_S),
)
"""After each failure; after the last the letter is dead and somebody must look."""

GONE = 410
Send = Callable[[Target, Mapping[str, str], bytes], int]


class Mailroom:
    """Hooks with their secrets, and the delivery of letters. Errors are `StoreError`."""

    def __init__(
        self,
        letters: Letters,
        clock: Clock,
        folder: Path,
        guard: Guard,
        *,
        keep_days: int = 14,
        send: Send = post,
    ) -> None:
        """Nothing is sent before `run_once`.

        Args:
            letters: The hooks and what they are to be told.
            clock: Signs the moment; nothing is sent while it cannot be believed.
            folder: Of the secrets, one file each; made with the first.
            guard: Says where letters may go.
            keep_days: For letters that were delivered or died.
            send: Takes a letter to its place.
        """
        self.letters = letters
        self._clock = clock
        self._folder = folder
        self._guard = guard
        self._keep_s = keep_days * DAY_S
        self._send = send
        self._cleaned_at = 0.0

    def add(self, url: str, names: Iterable[str], *, by: str) -> tuple[int, str]:
        """Make a hook and its secret; returns both, the secret for the last time.

        Raises:
            EgressRefused: Nothing may be sent there.
            StoreError: It could not be kept; then the hook is not told anything.
        """
        self._guard.aim(url)
        now = self._clock.wall()
        number, secret = self.letters.add_hook(url, names, by=by, now=now), new_secret()
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_durably(self._secret_file(number), secret.encode(), mode=0o600)
        except OSError as error:
            raise StoreError(
                f"The secret of the webhook cannot be kept in {self._folder}: {error.strerror}. "
                "Free some space or check the rights of the folder."
            ) from error
        self.letters.switch(number, on=True, by=by, now=now)
        return number, secret

    def remove(self, number: int, *, by: str) -> bool:
        """Forget a hook with its secret; False if there is none."""
        done = self.letters.remove_hook(number, by=by, now=self._clock.wall())
        self._secret_file(number).unlink(missing_ok=True)
        return done

    def run_once(self) -> bool:
        """Write letters for what happened and try what is due; whether anything was done."""
        if not self._clock.trusted():
            return False
        now = self._clock.wall()
        if now - self._cleaned_at > HOUR_S:
            self.letters.forget(before=now - self._keep_s)
            self._cleaned_at = now
        done = self.letters.feed(now=now) > 0
        urls = {hook.id: hook.url for hook in self.letters.hooks()}
        failed: set[int] = set()
        for letter in self.letters.due(now=now):
            # One server that does not answer must not hold up the others.
            if letter.hook not in failed:
                done = True
                if not self._deliver(letter, urls.get(letter.hook, "")):
                    failed.add(letter.hook)
        return done

    def _deliver(self, letter: Letter, url: str) -> bool:
        now, answer, problem = self._clock.wall(), 0, ""
        body = letter.body.encode()
        try:
            secret = self._secret_file(letter.hook).read_text(encoding="ascii")
            headers = {
                "content-type": "application/json; charset=utf-8",
                "user-agent": "village-hub",
            } | signed_headers(secret, letter.event_id, now, body)
            answer = self._send(self._guard.aim(url), headers, body)
            if not 200 <= answer < 300:
                problem = f"The server answered with status {answer}."
        except EgressRefused as error:
            problem = str(error)
        except (OSError, ValueError):
            problem = "The secret file of this webhook is missing. Remove it and make it anew."
        over = not problem or answer == GONE or letter.attempts >= len(WAITS_S)
        next_at = None if over else now + WAITS_S[letter.attempts]
        self.letters.note(letter, answer=answer, problem=problem, next_at=next_at, now=now)
        if problem:
            log.warning("letter=%d hook=%d not taken reason=%r", letter.id, letter.hook, problem)
        return not problem

    def _secret_file(self, number: int) -> Path:
        return self._folder / f"{number}.secret"
