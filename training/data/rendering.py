"""Pictures drawn once, by several processes, and kept under var/: the same code and sources draw the same ones."""

import hashlib
import inspect
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from recognizer.errors import InvalidDrawing
from recognizer.imaging import denoising, dotted_lines, preprocessing, stroke_width, strokes
from recognizer.imaging.preprocessing import FRAME
from training.data import augmentation, datasets

CHUNK = 1000  # pictures drawn from one seed
PREPARED_BY = (
    denoising,
    dotted_lines,
    stroke_width,
    preprocessing,
    strokes,
    augmentation,
)  # code that shapes every picture

Paint = Callable[[Any, np.random.Generator], NDArray[np.uint8]]  # makes a (28, 28) picture of an item of its kind


@dataclass(frozen=True)
class Pool:
    """uint8 (N, 28, 28) pictures and int64 (N,) labels: 0-9, NOT_A_DIGIT or UNDECIDED.

    `names`, (N,) or empty, say what each shows where the label cannot tell: a character, an icon, a style.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    names: NDArray[np.str_] = field(default_factory=lambda: np.empty(0, "U1"))


@dataclass(frozen=True)
class Job:
    """Items to draw, each with a label and a name, and the function that makes a picture of one with a generator.

    `code` names the modules beside PREPARED_BY that decide what the pictures look like.
    """

    paint: Paint
    items: Sequence[Any]
    code: tuple[ModuleType, ...] = ()


def draw_pools(jobs: dict[str, Job], seed: int, report: Callable[[str], None]) -> dict[str, Pool]:
    """Do the jobs that have items; what the same job drew before is read back."""
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as workers:
        return {name: _cached(name, job, seed, workers, report) for name, job in jobs.items() if job.items}


def draw_once(name: str, job: Job, seed: int) -> Pool:
    """Do a job in this process, or read back what the same job drew here before. What other code drew under its name goes.

    Where nothing can be kept, as on a full disk, it is drawn again each time.
    """
    path = _path(name, job, seed)
    with suppress(OSError, EOFError, ValueError, KeyError, BadZipFile):  # not there, or cut off
        return _read(path)
    pool = draw(job.paint, job.items, np.random.default_rng((seed, sum(name.encode()))))
    with suppress(OSError):
        _keep(pool, path)
        for other in path.parent.glob(f"pool-{name}-*.npz"):
            if other != path:
                other.unlink(missing_ok=True)
    return pool


def _cached(name: str, job: Job, seed: int, workers: ProcessPoolExecutor, report: Callable[[str], None]) -> Pool:
    path = _path(name, job, seed)
    if not path.is_file():
        _keep(_draw(name, job, seed, workers, report), path)
    return _read(path)


def _path(name: str, job: Job, seed: int) -> Path:
    return datasets.cache_dir() / f"pool-{name}-{_digest(job, seed)}.npz"


def _keep(pool: Pool, path: Path) -> None:
    partial = path.with_suffix(f".{os.getpid()}.partial.npz")
    np.savez_compressed(partial, images=pool.images, labels=pool.labels, names=pool.names)
    partial.replace(path)


def _read(path: Path) -> Pool:
    with np.load(path, allow_pickle=False) as kept:
        return Pool(kept["images"], kept["labels"], kept["names"])


def _digest(job: Job, seed: int) -> str:
    """Name a job by what is drawn and by the code that draws it."""
    digest = hashlib.sha256(str(seed).encode())
    shaping: list[Paint | ModuleType] = [job.paint, *PREPARED_BY, *job.code]
    for code in shaping:
        digest.update(inspect.getsource(code).encode())
    for item in job.items:
        digest.update(repr(item).encode())
    return digest.hexdigest()[:16]


def _draw(name: str, job: Job, seed: int, workers: ProcessPoolExecutor, report: Callable[[str], None]) -> Pool:
    parts = [job.items[start : start + CHUNK] for start in range(0, len(job.items), CHUNK)]
    hands = [np.random.default_rng((seed, sum(name.encode()), index)) for index in range(len(parts))]
    pools = []
    for pool in workers.map(draw, [job.paint] * len(parts), parts, hands):
        pools.append(pool)
        report(f"drawing {name}: {len(pools)} of {len(parts)} thousand")
    images, labels, names = ([getattr(pool, part) for pool in pools] for part in ("images", "labels", "names"))
    return Pool(np.concatenate(images), np.concatenate(labels), np.concatenate(names))


def draw(paint: Paint, items: Sequence[Any], rng: np.random.Generator) -> Pool:
    """Draw each item once; those too small to read are left out."""
    pictures, labels, names = [], [], []
    for item in items:
        try:
            pictures.append(paint(item, rng))
            labels.append(item.label)
            names.append(item.name)
        except InvalidDrawing:
            continue
    images = np.array(pictures, "uint8").reshape(-1, FRAME, FRAME)
    return Pool(images, np.array(labels, "int64"), np.array(names, "str"))
