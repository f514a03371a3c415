"""Train the built-in patch classifier: what is it that moves?

Repeat the committed weights with

    nice -n 15 python -m vision.training.patches --data FOLDER --out vision/weights/patch.onnx

on one thread: the same seed, data and library versions give the same network. The manifest
beside the weights (`patch.json`) is written too; `python -m vision.training.measure` prints the
figures of the model card and puts the few that a test repeats into the manifest.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import nn
from torch.nn import functional as fn

from vision.detectors.crops import MARGIN, PATCH_PX
from vision.training.data import (
    BACKGROUND,
    CLASSES,
    Pieces,
    cut_pieces,
    made_up_backgrounds,
    read_sets,
)
from vision.training.drawn import drawn_backgrounds, drawn_smoke
from vision.training.export import write_onnx
from vision.training.jitter import draw_batch, plain_batch
from vision.training.manifest import write_manifest
from vision.training.mined import Read, flame_pieces, misread_backgrounds
from vision.training.rendered import rendered_pieces

SHARES = (0.45, 0.19, 0.14, 0.07, 0.09, 0.06)
"""Which share of each epoch is drawn from each class."""

CHANNELS = ((16, 2), (32, 1), (48, 2), (64, 1), (80, 2), (96, 1), (80, 2))
"""Output channels and stride of each 3×3 convolution."""


class PatchNet(nn.Sequential):
    """Plain 3×3 Conv + BatchNorm + ReLU, mean over the picture, one linear layer.

    Takes (n, 3, 64, 64) RGB in 0..1 and gives (n, 6) logits.
    """

    def __init__(self) -> None:
        layers: list[nn.Module] = []
        before = 3
        for channels, stride in CHANNELS:
            layers += [
                nn.Conv2d(before, channels, 3, stride=stride, padding=1, bias=False),
                nn.BatchNorm2d(channels),
                nn.ReLU(inplace=True),
            ]
            before = channels
        layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(before, len(CLASSES))]
        super().__init__(*layers)


MINED_AFTER = (0.3, 0.6)
"""After these parts of the training, what the network misreads is searched for and added."""

Mine = Callable[[Read], Pieces]


def train(
    pieces: Pieces, watched: Pieces, *, epochs: int, per_epoch: int, seed: int, mine: Mine
) -> PatchNet:
    """Train from scratch; background that is mistaken for something is drawn more often."""
    torch.manual_seed(seed)
    chance = np.random.default_rng(seed)
    net = PatchNet().to(memory_format=torch.channels_last)
    mean = PatchNet().to(memory_format=torch.channels_last)
    mean.load_state_dict(net.state_dict())
    rule = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=0.02)
    batch = 128
    steps = epochs * (per_epoch // batch)
    pace = torch.optim.lr_scheduler.OneCycleLR(rule, max_lr=6e-3, total_steps=steps, pct_start=0.2)
    members = [np.flatnonzero(pieces.labels == k) for k in range(len(CLASSES))]
    weights = pieces.weights.copy()
    started = time.monotonic()
    for epoch in range(epochs):
        if epoch in {round(part * epochs) for part in MINED_AFTER}:
            found = mine(lambda batch: background_odds(mean, batch))
            print(f"mined={len(found.labels)}", flush=True)
            pieces = pieces.joined(found)
            weights = np.concatenate([weights, found.weights])
            members = [np.flatnonzero(pieces.labels == k) for k in range(len(CLASSES))]
        net.train()
        total, right = 0.0, 0
        order = draw_epoch(members, weights, per_epoch, chance)
        for start in range(0, per_epoch - batch + 1, batch):
            picks = order[start : start + batch]
            inputs = torch.from_numpy(draw_batch(pieces, picks, chance))
            targets = torch.from_numpy(pieces.labels[picks])
            logits = net(inputs.to(memory_format=torch.channels_last))
            each = fn.cross_entropy(logits, targets, label_smoothing=0.05, reduction="none")
            loss = each.mean()
            rule.zero_grad(set_to_none=True)
            loss.backward()
            rule.step()
            pace.step()
            follow(mean, net, 0.99 if epoch < epochs // 2 else 0.998)
            harden(weights, pieces, picks, each.detach().numpy())
            total += float(loss.detach()) * batch
            right += int((logits.argmax(1) == targets).sum())
        seen = per_epoch // batch * batch
        print(
            f"epoch={epoch + 1}/{epochs} loss={total / seen:.3f} right={right / seen:.3f} "
            f"{confusion_line(mean, watched)} minutes={(time.monotonic() - started) / 60:.1f}",
            flush=True,
        )
    return mean.eval()


def draw_epoch(members, weights, per_epoch, chance):
    """Which pieces an epoch sees, in which order."""
    parts = []
    for share, own in zip(SHARES, members, strict=True):
        odds = weights[own] / weights[own].sum()
        parts.append(chance.choice(own, size=round(share * per_epoch), p=odds))
    order = np.concatenate(parts)
    chance.shuffle(order)
    return np.resize(order, per_epoch)


def harden(weights, pieces, picks, losses) -> None:
    """Draw misread background more often; capped, since some of it is an unlabelled person."""
    own = pieces.labels[picks] == BACKGROUND
    rows = picks[own]
    weights[rows] = pieces.weights[rows] * (0.5 + np.minimum(losses[own], 1.5))


@torch.no_grad()
def follow(mean: PatchNet, net: PatchNet, keep: float) -> None:
    """Move the averaged network a little towards the one that learns."""
    for slow, fast in zip(mean.state_dict().values(), net.state_dict().values(), strict=True):
        if slow.dtype.is_floating_point:
            slow.lerp_(fast, 1 - keep)
        else:
            slow.copy_(fast)


@torch.no_grad()
def background_odds(net: PatchNet, batch: np.ndarray) -> np.ndarray:
    """How probable it is to a network that patches show nothing, (n,)."""
    net.eval()
    inputs = torch.from_numpy(batch).to(memory_format=torch.channels_last)
    return torch.softmax(net(inputs), dim=1)[:, BACKGROUND].numpy()


@torch.no_grad()
def confusion_line(net: PatchNet, watched: Pieces) -> str:
    """Share of each class recognised on the held-out pictures."""
    net.eval()
    inputs = torch.from_numpy(plain_batch(watched, MARGIN))
    said = torch.cat([net(part) for part in inputs.split(256)]).argmax(1).numpy()
    words = []
    for index, name in enumerate(CLASSES):
        own = watched.labels == index
        words.append(f"{name}={np.mean(said[own] == index):.2f}" if own.any() else f"{name}=-")
    return " ".join(words)


def folded(net: PatchNet) -> list[tuple[np.ndarray, np.ndarray, int]]:
    """Each convolution with its normalisation folded in: weights, bias, stride."""
    layers = []
    modules = list(net.eval())
    for conv, norm in itertools.pairwise(modules):
        if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            one = torch.nn.utils.fusion.fuse_conv_bn_eval(conv, norm)
            layers.append((one.weight.detach().numpy(), one.bias.detach().numpy(), conv.stride[0]))
    return layers


def main() -> int:
    """Read the arguments, train, write the network and its manifest."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of labelled sets")
    parser.add_argument("--out", type=Path, required=True, help="the .onnx file to write")
    parser.add_argument("--epochs", type=int, default=26)
    parser.add_argument("--per-epoch", type=int, default=20480, help="patches in one epoch")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--version", default="0.2.0")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.use_deterministic_algorithms(mode=True)
    images = read_sets(asked.data)
    chance = np.random.default_rng(asked.seed)
    learnt = [i for i in images if not i.held_out]
    pieces = cut_pieces(learnt, chance, backgrounds=5)
    grounds = pieces.pixels[pieces.labels == BACKGROUND]
    for more in (
        made_up_backgrounds(2000, chance),
        rendered_pieces(chance),
        drawn_backgrounds(4500, chance),
        drawn_smoke(grounds, 700, chance),
        flame_pieces(learnt),
    ):
        pieces = pieces.joined(more)
    watched = cut_pieces([i for i in images if i.held_out], chance)
    counts = np.bincount(pieces.labels, minlength=len(CLASSES))
    print("pieces", dict(zip(CLASSES, counts.tolist(), strict=True)), flush=True)
    net = train(
        pieces,
        watched,
        epochs=asked.epochs,
        per_epoch=asked.per_epoch,
        seed=asked.seed,
        mine=lambda read: misread_backgrounds(learnt, read, chance, each=8, most=5000),
    )
    final = net[-1]
    write_onnx(
        asked.out,
        folded(net),
        (final.weight.detach().numpy(), final.bias.detach().numpy()),
        names=CLASSES,
        size=PATCH_PX,
        version=asked.version,
    )
    write_manifest(
        asked.out,
        version=asked.version,
        training={
            "command": f"python -m vision.training.patches --data FOLDER --out {asked.out.name} "
            f"--epochs {asked.epochs} --per-epoch {asked.per_epoch} --seed {asked.seed}",
            "seed": asked.seed,
            "pieces": dict(zip(CLASSES, counts.tolist(), strict=True)),
            "libraries": {
                "torch": torch.__version__,
                "numpy": np.__version__,
                "opencv": cv2.__version__,
            },
        },
    )
    print(f"wrote={asked.out} sha256={hashlib.sha256(asked.out.read_bytes()).hexdigest()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
