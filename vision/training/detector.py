"""Trains the built-in box detector from scratch, repeatably, and writes its weights.

    python -m vision.training.detector --data FOLDER --teachers boxes.jsonl --out detector.pt

Two processes of one thread each learn half of every batch, which on a shared machine is far
quicker than two threads that wait for each other at every layer. Each step's pictures depend only
on the seed and the number of the step, so a run that was stopped goes on from its last checkpoint
as if nothing had happened. `--max-minutes` ends a run
that is slower than planned: the learning rate then falls over the last tenth of the steps done,
and the log tells how many steps that made, to repeat it with `--steps`, `--decay-from` and `--end`.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import multiprocessing
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from vision.samples.courtyard import Courtyard
from vision.samples.reservoir import Reservoir
from vision.samples.road import VillageRoad
from vision.training.data import Rgb, made_up_backgrounds
from vision.training.detector_clutter import rows_of_things
from vision.training.detector_data import NAMES, Array, Scene, draw_chances, read_scenes
from vision.training.detector_loss import losses
from vision.training.detector_mosaic import Stock, cut_out, make_batch
from vision.training.detector_network import Network

SHARES = {"village_road": 0.57, "cctv_fire": 0.20, "indoor_fire": 0.18, "city_traffic": 0.05}
WORKERS, EACH = 2, 12
"""Processes, and pictures of a step in each."""

RATE, LEAST_RATE, DECAY = 2e-3, 0.02, 0.03
WARM_UP = 300
CALM_SHARE = 0.12
"""The last part of training, without mosaics of many tiles."""


def empty_pictures(scenes: list[Scene], chance: np.random.Generator) -> list[Rgb]:
    """Pieces of scenes without any box, drawn clutter, and drawn villages without anybody."""
    found: list[Rgb] = []
    for one in scenes:
        height, width = one.pixels.shape[:2]
        boxes = one.boxes[one.boxes[:, 0] != 4] if one.group == "indoor_fire" else one.boxes
        for _ in range(3):
            wide = int(chance.integers(90, max(91, width)))
            tall = int(chance.integers(70, max(71, height)))
            left = int(chance.integers(0, max(1, width - wide)))
            top = int(chance.integers(0, max(1, height - tall)))
            across = np.minimum(left + wide, boxes[:, 3]) - np.maximum(left, boxes[:, 1])
            down = np.minimum(top + tall, boxes[:, 4]) - np.maximum(top, boxes[:, 2])
            if not ((across > 0) & (down > 0)).any():
                found.append(one.pixels[top : top + tall, left : left + wide])
                break
    clutter = made_up_backgrounds(500, chance).pixels
    found += [np.asarray(cv2.resize(piece, (256, 256))) for piece in clutter]
    found += rows_of_things(250, chance)
    for kind in (Reservoir, VillageRoad, Courtyard):
        for _ in range(8):
            drawn = kind(chance).draw(float(chance.uniform(0, 20)), actors=False)
            found += [np.clip(drawn, 0, 255).astype(np.uint8)] * 3
    return found


class Steps(Dataset[tuple[Tensor, list[Array]]]):
    """One worker's part of the batch of each step; step n is the same in every run."""

    def __init__(self, stock: Stock, steps: int, seed: int, rank: int, calm_from: int) -> None:
        self._stock, self._steps, self._seed = stock, steps, seed
        self._rank, self._calm_from = rank, calm_from

    def __len__(self) -> int:
        """Steps of the whole run."""
        return self._steps

    def __getitem__(self, step: int) -> tuple[Tensor, list[Array]]:
        """Pictures and boxes of one step."""
        chance = np.random.default_rng((self._seed, step, self._rank))
        calm = step >= self._calm_from
        pictures, boxes = make_batch(self._stock, EACH, chance, calm=calm)
        return torch.from_numpy(pictures), boxes


class Average:
    """A slow average of the weights: what is kept in the end."""

    def __init__(self, network: nn.Module) -> None:
        self.network = copy.deepcopy(network).eval()
        self.count = 0

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Move a little towards the network."""
        self.count += 1
        share = 0.9995 * (1 - math.exp(-self.count / 600))
        ours, theirs = self.network.state_dict(), network.state_dict()
        for name, value in ours.items():
            if value.dtype.is_floating_point:
                value.mul_(share).add_(theirs[name], alpha=1 - share)
            else:
                value.copy_(theirs[name])


def rate(step: int, steps: int, decay_from: int | None, end: int) -> float:
    """Learning rate: warm-up, cosine; from `decay_from` on straight down to the end."""
    if step < WARM_UP:
        return RATE * (step + 1) / WARM_UP
    cosine = LEAST_RATE + (1 - LEAST_RATE) * (1 + math.cos(math.pi * step / steps)) / 2
    if decay_from is None or step < decay_from:
        return RATE * cosine
    left = (end - step) / max(1, end - decay_from)
    return RATE * max(LEAST_RATE, min(cosine, cosine * left))


def groups(network: nn.Module) -> list[dict[str, Any]]:
    """Kernels decay, everything else does not."""
    kernels = [p for p in network.parameters() if p.ndim > 1]
    rest = [p for p in network.parameters() if p.ndim <= 1]
    return [{"params": kernels, "weight_decay": DECAY}, {"params": rest, "weight_decay": 0.0}]


def train(said: argparse.Namespace) -> None:
    """Train, and leave the averaged weights in `said.out`."""
    cv2.setNumThreads(0)  # its threads would not survive the forks
    chance = np.random.default_rng(said.seed)
    scenes = read_scenes(said.data, said.teachers)
    stock = Stock(
        scenes, draw_chances(scenes, SHARES), empty_pictures(scenes, chance), cut_out(scenes)
    )
    print(
        f"scenes={len(scenes)} empty={len(stock.empty)} cutouts={len(stock.cutouts)} "
        f"people={sum(s.people for s in scenes)}",
        flush=True,
    )
    meeting = said.out.with_suffix(".meeting")
    meeting.unlink(missing_ok=True)
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    fork = multiprocessing.get_context("fork")
    workers = [fork.Process(target=_work, args=(said, stock, n, meeting)) for n in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        if worker.exitcode:
            raise SystemExit(worker.exitcode)


def _work(said: argparse.Namespace, stock: Stock, rank: int, meeting: Path) -> None:
    os.setsid()  # Linux deals out a shared processor by session
    torch.manual_seed(said.seed)
    torch.set_num_threads(1)
    dist.init_process_group("gloo", f"file://{meeting}", rank=rank, world_size=WORKERS)
    network = Network(len(NAMES)).train().to(memory_format=torch.channels_last)
    average = Average(network)
    tutor = torch.optim.AdamW(groups(network), lr=RATE, betas=(0.9, 0.98), foreach=True)
    start = restore(said.out, network, average, tutor)
    size = sum(p.numel() for p in network.parameters())
    calm_from = said.calm_from or round(said.steps * (1 - CALM_SHARE))
    batches = Steps(stock, said.steps, said.seed, rank, calm_from)
    end, decay_from = said.end or said.steps, said.decay_from
    began = last = time.monotonic()
    sums: dict[str, float] = {}
    if rank == 0:
        print(f"parameters={size} start={start}", flush=True)
    for step, (pictures, boxes) in enumerate(_loaded(batches, start), start):
        if step >= end:
            break
        minutes = (time.monotonic() - began) / 60
        late = decay_from is None and bool(said.max_minutes) and minutes > 0.9 * said.max_minutes
        for group in tutor.param_groups:
            group["lr"] = rate(step, said.steps, decay_from, end)
        light = pictures.float().div_(255).to(memory_format=torch.channels_last)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            maps = network(light)
        loss, parts = losses(maps, boxes)
        tutor.zero_grad()
        loss.backward()
        if share_gradients(network, late=late) and decay_from is None:
            room = round((step - start) / 9)
            if end - step > room:
                decay_from, end = step, step + room
        nn.utils.clip_grad_norm_(network.parameters(), 10.0)
        tutor.step()
        average.update(network)
        for name, value in parts.items():
            sums[name] = sums.get(name, 0.0) + value
        if rank == 0 and (step + 1) % said.report == 0:
            told = " ".join(f"{name}={value / said.report:.3f}" for name, value in sums.items())
            spent = (time.monotonic() - last) / said.report
            print(f"step={step + 1} {told} s/step={spent:.3f} min={minutes:.1f}", flush=True)
            sums, last = {}, time.monotonic()
        if rank == 0 and (step + 1) % said.keep == 0:
            keep(said.out, step + 1, network, average, tutor)
    if rank == 0:
        keep(said.out, end, network, average, tutor)
        told = {"steps": said.steps, "decay_from": decay_from, "end": end, "calm_from": calm_from}
        print("done " + json.dumps(told), flush=True)


def share_gradients(network: nn.Module, *, late: bool) -> bool:
    """Give every worker the mean of all gradients; whether any of them is late."""
    grads = [p.grad for p in network.parameters() if p.grad is not None]
    flat = torch.cat([torch.full((1,), float(late)), *(g.reshape(-1) for g in grads)])
    dist.all_reduce(flat)
    sums = flat[1:].div_(WORKERS).split([g.numel() for g in grads])
    for grad, mean in zip(grads, sums, strict=True):
        grad.copy_(mean.view_as(grad))
    return bool(flat[0] > 0)


def _as_it_is(batch: tuple[Tensor, list[Array]]) -> tuple[Tensor, list[Array]]:
    return batch


def _loaded(batches: Steps, start: int) -> Iterator[tuple[Tensor, list[Array]]]:
    yield from DataLoader(
        batches,
        batch_size=None,
        collate_fn=_as_it_is,
        sampler=range(start, len(batches)),
        num_workers=1,
        prefetch_factor=8,
    )


def keep(
    path: Path, step: int, network: nn.Module, average: Average, tutor: torch.optim.Optimizer
) -> None:
    """Write a checkpoint, whole or not at all."""
    content = {
        "step": step,
        "network": network.state_dict(),
        "average": average.network.state_dict(),
        "count": average.count,
        "tutor": tutor.state_dict(),
    }
    fresh = path.with_suffix(".new")
    torch.save(content, fresh)
    fresh.replace(path)


def restore(path: Path, network: nn.Module, average: Average, tutor: torch.optim.Optimizer) -> int:
    """The step to go on with; 0 without a checkpoint."""
    if not path.is_file():
        return 0
    content = torch.load(path, weights_only=True)
    network.load_state_dict(content["network"])
    average.network.load_state_dict(content["average"])
    average.count = content["count"]
    tutor.load_state_dict(content["tutor"])
    return int(content["step"])


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--teachers", type=Path, nargs="*", default=[])
    parser.add_argument("--out", type=Path, required=True, help="checkpoint; gone on with")
    parser.add_argument("--steps", type=int, default=9000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--max-minutes", type=float, default=0.0)
    parser.add_argument("--decay-from", type=int, default=None)
    parser.add_argument("--end", type=int, default=None, help="step to stop at")
    parser.add_argument("--calm-from", type=int, default=None)
    parser.add_argument("--report", type=int, default=50)
    parser.add_argument("--keep", type=int, default=500)
    train(parser.parse_args())


if __name__ == "__main__":
    main()
