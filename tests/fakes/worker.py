"""A vision worker that sees nothing: it obeys the protocol, and misbehaves as it is told.

Run as `python tests/fakes/worker.py FD BEHAVIOUR`; behaviours: `well`, `crash`, `hang`, `garbage`,
`fault`; `picky`, which refuses every model but the built-in one; and `chatty`, which logs.
"""

from __future__ import annotations

import json
import socket
import sys
import time

from vision.reports import Heartbeat, WorkerFault, WorkerReady, lengths, report_to_message


def _read(stream: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = stream.recv(size - len(data))
        if not more:
            sys.exit(0)
        data += more
    return data


def main() -> None:
    stream = socket.socket(fileno=int(sys.argv[1]))
    behaviour = sys.argv[2]
    header, body = lengths(_read(stream, 8))
    orders = json.loads(_read(stream, header + body)[:header])
    if behaviour == "fault" or (behaviour == "picky" and orders["model"]):
        stream.sendall(report_to_message(WorkerFault("w", "model", "模型文件 x.onnx 打不开。")))
        sys.exit(3)
    stream.sendall(report_to_message(WorkerReady("w", "fake", ("person",))))
    if behaviour == "chatty":
        sys.stderr.write("INFO vision.capture camera_watching camera=a\n")
        sys.stderr.write("y" * 200_000 + "\n\n" + "x" * 2000 + "\n")
        sys.stderr.write("WARNING vision.worker done talking\n")
    behaviour = "well" if behaviour in {"picky", "chatty"} else behaviour
    if behaviour == "crash":
        sys.exit(1)
    if behaviour == "garbage":
        stream.sendall(b"\xff" * 64)
    stream.settimeout(0.05)
    while True:
        if behaviour == "well":
            stream.sendall(report_to_message(Heartbeat("w", time.monotonic(), ())))
        try:
            if not stream.recv(1):
                return
        except TimeoutError:
            continue


if __name__ == "__main__":
    main()
