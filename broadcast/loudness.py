"""How loud a clip is, and making it as loud as a listener expects.

Loudness is EBU R 128 (ITU-R BS.1770) through FFmpeg's `ebur128`; the limiter is FFmpeg's
`alimiter`. espeak-ng's own sound already touches full scale, so gain alone would clip it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import av
import numpy as np

from broadcast.clip import Clip, Samples
from broadcast.errors import ClipError

TARGET_LUFS = -18.0
CEILING_DBFS = -1.0
LIMITER_DBFS = -1.1
"""A tenth below the ceiling: rounding to 16 bits must not touch it."""
SHORTEST_MEASURE_S = 3.0
QUIETEST_LUFS = -60.0
LARGEST_GAIN_DB = 30.0

_Filter = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Loudness:
    """What a listener hears of a clip.

    Attributes:
        lufs: Integrated loudness; -70 for silence.
        peak_dbfs: The largest sample; minus infinity for silence.
    """

    lufs: float
    peak_dbfs: float


def measure(clip: Clip) -> Loudness:
    """Loudness of the whole clip; a short one is measured as if it were repeated."""
    peak = 20 * math.log10(clip.peak) if clip.peak else -math.inf
    if not len(clip.samples):
        return Loudness(-70.0, peak)
    times = math.ceil(SHORTEST_MEASURE_S / clip.seconds)
    _, metadata = _filtered(
        Clip(np.tile(clip.samples, times), clip.rate_hz), ("ebur128", "metadata=1")
    )
    return Loudness(float(metadata.get("lavfi.r128.I", "-70")), peak)


def level(clip: Clip, target_lufs: float = TARGET_LUFS) -> Clip:
    """The clip at the target loudness with its peaks below the ceiling; silence stays silence."""
    before = measure(clip)
    if before.lufs < QUIETEST_LUFS:
        return clip
    levelled = _amplify(clip, target_lufs - before.lufs)
    # The limiter takes some loudness away; one second pass gives it back.
    missing = target_lufs - measure(levelled).lufs
    return _amplify(levelled, missing)


def _amplify(clip: Clip, gain_db: float) -> Clip:
    gain_db = max(-LARGEST_GAIN_DB, min(LARGEST_GAIN_DB, gain_db))
    limit = 10 ** (LIMITER_DBFS / 20)
    samples, _ = _filtered(
        clip,
        ("volume", f"volume={gain_db:.3f}dB:precision=double"),
        ("alimiter", f"limit={limit:.4f}:attack=5:release=60:level=disabled:latency=1"),
    )
    return Clip(samples, clip.rate_hz)


def _filtered(clip: Clip, *filters: _Filter) -> tuple[Samples, dict[str, str]]:
    """The samples behind a chain of FFmpeg filters, and the last frame's metadata."""
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=clip.rate_hz, format="s16", layout="mono")
    chain = [source, *(graph.add(name, options) for name, options in filters)]
    chain += [graph.add("aformat", "sample_fmts=s16"), graph.add("abuffersink")]
    for left, right in pairwise(chain):
        left.link_to(right)
    pieces: list[Samples] = []
    metadata: dict[str, str] = {}
    try:
        graph.configure()
        frame = av.AudioFrame.from_ndarray(clip.samples.reshape(1, -1), "s16", "mono")
        frame.sample_rate, frame.pts = clip.rate_hz, 0
        source.push(frame)
        source.push(None)
        while True:
            taken = chain[-1].pull()
            metadata = dict(taken.metadata) or metadata
            if isinstance(taken, av.AudioFrame):
                pieces.append(taken.to_ndarray().reshape(-1).astype(np.int16))
    except av.error.EOFError:
        return np.concatenate(pieces or [clip.samples[:0]]), metadata
    except av.error.FFmpegError as error:
        raise ClipError(f"The sound could not be levelled: {error}.") from error
