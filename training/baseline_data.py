"""What the baseline learns from and what is held out for its calibration: rendered once, kept under var/."""

import hashlib
import inspect
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np

from recognizer import noise, pen, preprocessing, strokes
from recognizer.answers import NOT_A_DIGIT
from training import augmentation, datasets, synthesis, templates, things
from training.datasets import DataUnavailable, StrokeDrawing
from training.evaluation import Exam

CHUNK = 1000  # drawings rendered from one seed
WORKERS = 2
HELD_RENDERINGS = 3  # of each held-out UCI drawing
LOOK_ALIKES = (
    frozenset(  # Omniglot's characters that are a 0, 1, 3, 7 or nearly; found by reading them with a first baseline
        (
            "Tagalog/character03",
            "Tagalog/character04",
            "Tagalog/character16",
            "Japanese_(katakana)/character02",
            "Japanese_(katakana)/character24",
            "Japanese_(katakana)/character27",
            "Japanese_(katakana)/character43",
        )
    )
)


@dataclass(frozen=True)
class PoolConfig:
    """How many pictures of each kind are rendered, and who is held out."""

    seed: int = 7
    pen_digit_renderings: int = 5  # of each UCI drawing
    habit_renderings: int = 4  # of each UCI 0, 1, 4 and 7, with a habit added
    synthetic: int = 70_000
    things: int = 90_000
    omniglot_renderings: int = 6
    held_pen_writers: int = 3  # of 30
    held_mnist_share: float = 0.05  # of its writers
    held_characters: float = 0.15  # of Omniglot's


@dataclass(frozen=True)
class Pool:
    """uint8 (N, 28, 28) pictures and int64 (N,) labels, 0-9 or NOT_A_DIGIT."""

    images: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class BaselineData:
    """Pools by name, to train on; exams of held-out writers, to calibrate and choose by."""

    pools: dict[str, Pool]
    held: dict[str, Exam]


def prepare(config: PoolConfig, report: Callable[[str], None] = lambda line: None) -> BaselineData:
    """Load and render everything; what was rendered before by the same code and config is read back."""
    mnist = datasets.load_mnist()
    held = held_mnist(config, mnist)
    pools = {"mnist": Pool(mnist.x_train[~held], mnist.y_train[~held])}
    exams = {"mnist": _exam("mnist", Pool(mnist.x_train[held], mnist.y_train[held]))}
    rendered = _rendered(config, report)
    for name, pool in rendered.items():
        if name.startswith("held_"):
            exams[name.removeprefix("held_")] = _exam(name.removeprefix("held_"), pool)
        else:
            pools[name] = pool
    return BaselineData(pools, exams)


def held_mnist(config: PoolConfig, mnist: datasets.Mnist) -> np.ndarray:
    """Which training digits are of writers that the baseline does not learn from: bool (N,)."""
    writers = datasets.load_mnist_writers()
    if writers is None:
        writers = np.arange(len(mnist.y_train)) // 100  # its pictures stand roughly by writer
    names = np.unique(writers)
    chosen = np.random.default_rng(config.seed).permutation(names)[
        : max(1, round(len(names) * config.held_mnist_share))
    ]
    return np.isin(writers, chosen)


def _exam(name: str, pool: Pool) -> Exam:
    return Exam(name, pool.images[..., np.newaxis].astype("float32") / 255, pool.labels)


def _rendered(config: PoolConfig, report: Callable[[str], None]) -> dict[str, Pool]:
    rng = np.random.default_rng(config.seed)
    digits, held_digits = _split(_optional(datasets.PEN_DIGITS, "train"), "writer", config.held_pen_writers, rng)
    omniglot = [d for d in _optional(datasets.OMNIGLOT) if d.name not in LOOK_ALIKES]
    characters, held_characters = _split(omniglot, "name", config.held_characters, rng)
    habits = [d for d in digits if d.label in (0, 1, 4, 7)]
    material = [
        StrokeDrawing(NOT_A_DIGIT, "", digits[i % len(digits)].strokes if digits else []) for i in range(config.things)
    ]
    jobs = {
        "pen_digits": (vary, digits * config.pen_digit_renderings),
        "habits": (habit, habits * config.habit_renderings),
        "synthetic": (invent, [StrokeDrawing(i % 10, "", []) for i in range(config.synthetic)]),
        "things": (thing, material),
        "omniglot": (vary, characters * config.omniglot_renderings),
        "held_pen_digits": (keep, held_digits * HELD_RENDERINGS),
        "held_omniglot": (keep, held_characters),
    }
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as workers:
        return {name: _cached(name, *job, config.seed, workers, report) for name, job in jobs.items() if job[1]}


def _cached(
    name: str,
    make: Callable,
    drawings: list[StrokeDrawing],
    seed: int,
    workers: ProcessPoolExecutor,
    report: Callable[[str], None],
) -> Pool:
    path = datasets.cache_dir() / f"pool-{name}-{_digest(make, drawings, seed)}.npz"
    if not path.is_file():
        pool = _render(name, make, drawings, seed, workers, report)
        partial = path.with_suffix(".partial.npz")
        np.savez_compressed(partial, images=pool.images, labels=pool.labels)
        partial.replace(path)
    with np.load(path, allow_pickle=False) as kept:
        return Pool(kept["images"], kept["labels"])


def _digest(make: Callable, drawings: list[StrokeDrawing], seed: int) -> str:
    """Name a rendering by what is drawn and by the code that draws it."""
    makers = [noise, pen, preprocessing, strokes, augmentation]
    makers += {invent: [synthesis, templates], habit: [synthesis], thing: [synthesis, templates, things]}.get(make, [])
    source = "".join(inspect.getsource(module) for module in makers)
    return hashlib.sha256(f"{source}{make.__name__}{drawings}{seed}".encode()).hexdigest()[:16]


def _optional(name: str, split: str | None = None) -> list[StrokeDrawing]:
    """Strokes that make the baseline better but are not to be had everywhere."""
    try:
        return datasets.load_drawings(name, split)
    except DataUnavailable:
        return []


def _split(drawings: list[StrokeDrawing], by: str, held: float, rng: np.random.Generator):
    """Part drawings by who drew them or by what they show; `held` is a number of groups or a share of them."""
    keys = [drawing.writer if by == "writer" else drawing.name for drawing in drawings]
    names = np.array(sorted(set(keys)))
    count = held if isinstance(held, int) else round(len(names) * held)
    chosen = set(rng.permutation(names)[:count].tolist()) if len(names) else set()
    kept = [drawing for drawing, key in zip(drawings, keys, strict=True) if key not in chosen]
    return kept, [drawing for drawing, key in zip(drawings, keys, strict=True) if key in chosen]


def _render(name, make, drawings, seed, workers, report) -> Pool:
    parts = [drawings[start : start + CHUNK] for start in range(0, len(drawings), CHUNK)]
    seeds = [(seed, sum(name.encode()), index) for index in range(len(parts))]
    pools = []
    for pool in workers.map(render_chunk, [make] * len(parts), parts, seeds):
        pools.append(pool)
        report(f"rendering {name}: {len(pools)} of {len(parts)} thousand")
    return Pool(np.concatenate([p.images for p in pools]), np.concatenate([p.labels for p in pools]))


def render_chunk(make: Callable, drawings: list[StrokeDrawing], seed: tuple[int, ...]) -> Pool:
    rng = np.random.default_rng(seed)
    made = [make(drawing, rng) for drawing in drawings]
    images, kept = augmentation.render_drawings(made, rng)
    return Pool(images, np.array([drawing.label for drawing in made], "int64")[kept])


def vary(drawing: StrokeDrawing, rng: np.random.Generator) -> StrokeDrawing:
    return StrokeDrawing(drawing.label, drawing.writer, augmentation.vary_strokes(drawing.strokes, rng, 0.7))


def habit(drawing: StrokeDrawing, rng: np.random.Generator) -> StrokeDrawing:
    return vary(synthesis.add_habit(drawing, rng), rng)


def invent(drawing: StrokeDrawing, rng: np.random.Generator) -> StrokeDrawing:
    return synthesis.draw_digit(drawing.label, rng)


def thing(drawing: StrokeDrawing, rng: np.random.Generator) -> StrokeDrawing:
    return things.draw_thing(rng, [drawing] if drawing.strokes else [])


def keep(drawing: StrokeDrawing, rng: np.random.Generator) -> StrokeDrawing:
    return drawing
