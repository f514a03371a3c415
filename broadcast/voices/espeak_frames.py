"""The few bytes that cross between the hub and the process that speaks.

A request is a 4-byte length and that many bytes of UTF-8 text. An answer is a status byte, the
rate in 4 bytes, a 4-byte length and that many bytes: sound (16-bit little-endian, one channel)
after OK, a sentence in UTF-8 after FAILED. All numbers are big endian. The process sends one
empty answer by itself as soon as it can speak.
"""

from __future__ import annotations

import struct

OK = 0
FAILED = 1
REQUEST = struct.Struct(">I")
ANSWER = struct.Struct(">BII")
MAX_TEXT_BYTES = 12_000
MAX_SOUND_BYTES = 64 << 20
