"""A horn that plays the WAV which is posted to it; its addresses come from the settings."""

from __future__ import annotations

import http.client
import ssl
import urllib.error
import urllib.request
from urllib.parse import quote

from broadcast.errors import SpeakerError
from broadcast.speakers.horns.plan import HornPlan

LARGEST_ANSWER = 65_536


class GenericHorn:
    """Posts to `play_path`, `stop_path` and `volume_path`; signs in by digest or basic.

    Raises:
        SpeakerError: The address is not one of HTTP, or the certificate file cannot be read.
    """

    def __init__(self, plan: HornPlan) -> None:
        self._plan = plan
        if not plan.url.startswith(("http://", "https://")):
            raise SpeakerError(
                f"Loudspeaker {plan.id} has the address {plan.url!r}, which does not begin with "
                "http:// or https://."
            )
        passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        passwords.add_password(None, plan.url, plan.username, plan.password)
        try:
            trust = ssl.create_default_context(cafile=plan.ca)
        except OSError as error:
            raise SpeakerError(
                f"The certificate file {plan.ca} of loudspeaker {plan.id} cannot be read: {error}."
            ) from error
        signing_in: list[urllib.request.BaseHandler] = []
        if plan.username:
            signing_in.append(urllib.request.HTTPDigestAuthHandler(passwords))
            signing_in.append(urllib.request.HTTPBasicAuthHandler(passwords))
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPSHandler(context=trust),
            _Stay(),
            *signing_in,
        )

    def play(self, wav: bytes, announcement_id: str) -> None:
        self._ask(self._plan.play_path.replace("{id}", quote(announcement_id, safe="")), wav)

    def stop(self) -> None:
        if self._plan.stop_path:
            self._ask(self._plan.stop_path, b"")

    def set_volume(self, percent: int) -> None:
        if self._plan.volume_path:
            self._ask(self._plan.volume_path.replace("{volume}", str(percent)), b"")

    def probe(self) -> None:
        self._ask(self._plan.probe_path, None)

    def _ask(self, path: str, body: bytes | None) -> None:
        address = self._plan.url.rstrip("/") + "/" + path.lstrip("/")
        request = urllib.request.Request(  # noqa: S310 - the scheme was checked
            address, data=body, headers={"Content-Type": "audio/wav"} if body else {}
        )
        try:
            with self._opener.open(request, timeout=self._plan.timeout_s) as answer:
                answer.read(LARGEST_ANSWER)
        except urllib.error.HTTPError as error:
            error.close()
            raise SpeakerError(
                f"Loudspeaker {self._plan.id} refused {path} with status {error.code}. Check its "
                "paths, user name and password in the settings."
            ) from error
        except urllib.error.URLError as error:
            raise self._unreachable(error.reason) from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: object) -> SpeakerError:
        return SpeakerError(
            f"Loudspeaker {self._plan.id} does not answer at {self._plan.url}: {error}. Check its "
            "power, the network cable and its address."
        )


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: a sign-in page is not a horn."""

    def redirect_request(self, *_: object) -> None:
        return None
