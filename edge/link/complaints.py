"""Why the township cannot be reached, in sentences a clerk can read aloud."""

from __future__ import annotations

import socket
import ssl

_WRONG_PASSWORD = {0x86, 0x04}
_NOT_AUTHORISED = {0x87, 0x05}
_BAD_IDENTIFIER = 0x85
_BAD_PROTOCOL = {0x84, 0x01}
_TAKEN_OVER = 0x8E
_BUSY = {0x88, 0x89, 0x97}


def of_exception(error: Exception, host: str, port: int) -> str:
    """The sentence for a connection that could not be opened."""
    where = f"{host}:{port}"
    match error:
        case ssl.SSLCertVerificationError():
            why = getattr(error, "verify_message", error)
            sentence = (
                f"The certificate of the broker at {where} is not trusted ({why}). Check the "
                "certificate of the authority and the clock of this machine."
            )
        case ssl.SSLError():
            why = getattr(error, "reason", error)
            sentence = (
                f"No secure connection to {where} was possible ({why}). Check the certificate and "
                "key of this box."
            )
        case socket.gaierror():
            sentence = f"The name {host!r} is not known to the network. Check the name and DNS."
        case ConnectionRefusedError():
            sentence = f"Nothing listens at {where}. Check that the township's broker runs."
        case TimeoutError():
            sentence = f"The broker at {where} does not answer. Check the network of the village."
        case FileNotFoundError():
            sentence = f"The file {error.filename} of the link's settings is missing. Put it there."
        case PermissionError():
            sentence = (
                f"The file {error.filename} may not be read. Let this program's user read it."
            )
        case _:
            sentence = f"The broker at {where} cannot be reached: {error}."
    return sentence


def of_refusal(code: int, reason: str, where: str) -> str:
    """The sentence for a broker that answered and said no."""
    if code in _WRONG_PASSWORD:
        return (
            f"The broker at {where} does not accept our user name or password. Correct the "
            "password file of the link."
        )
    if code in _NOT_AUTHORISED:
        return f"The broker at {where} does not let this box in. Enrol it at the township."
    if code == _BAD_IDENTIFIER:
        return f"The broker at {where} does not accept the id of this box. Enrol it again."
    if code in _BAD_PROTOCOL:
        return (
            f"The broker at {where} does not speak our version of MQTT. Set `protocol` of the "
            'link to "3.1.1".'
        )
    if code == _TAKEN_OVER:
        return (
            f"Another program came to {where} with the id of this one. Two boxes must not share "
            "an id; correct the settings of one."
        )
    again = " It will be tried again." if code in _BUSY else ""
    return f"The broker at {where} refused the connection: {reason}.{again}"


def of_unsent(code: int, reason_for: str) -> str:
    """The sentence for messages the broker did not take; `reason_for` names their topic."""
    if code in _NOT_AUTHORISED:
        return (
            f"The broker does not let this box publish on {reason_for}. The messages are kept; "
            "correct the access list of the broker or enrol the box again."
        )
    return (
        f"The broker refused messages on {reason_for} (code 0x{code:02x}). They are kept and sent "
        "again later."
    )
