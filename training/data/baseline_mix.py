"""What the baseline learns from, and what is held out for its calibration."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recognizer.imaging.preprocessing import FRAME
from recognizer.labels import NOT_A_DIGIT
from training.data import (
    character_shapes,
    curves,
    datasets,
    digit_families,
    font_glyphs,
    icon_strokes,
    rare_forms,
    stroke_templates,
    style_transforms,
    synthetic_digits,
    synthetic_negatives,
)
from training.data.augmentation import redraw_scan, render_strokes, vary_strokes
from training.data.datasets import DataUnavailable, StrokeDrawing
from training.data.font_glyphs import draw_glyph
from training.data.held_out_styles import draw_held_out_styles
from training.data.rendering import Job, Pool, draw_pools

HELD_RENDERINGS = 3  # of each held-out UCI drawing
HELD_FAMILIES = frozenset(  # print, italic, capitals, a brush, a school hand, a Japanese hand: one of each kind of font
    ("Caveat", "Homemade Apple", "Rock Salt", "Nanum Pen", "Schoolbell", "Zen Kurenaido")
)
INVENTED_BY = (synthetic_digits, curves, stroke_templates, digit_families, style_transforms)
FORM_POOLS = ("shapes", "signs", "icons")  # whose names the features learn to tell apart


@dataclass(frozen=True)
class PoolConfig:
    """How many pictures of each kind are drawn, and who is held out."""

    seed: int = 7
    pen_digit_renderings: int = 8  # of each UCI drawing
    habit_renderings: int = 8  # of each UCI 0, 1, 4 and 7, with a habit added
    synthetic: int = 160_000
    rare: int = 60_000
    reversed: int = 10_000  # digits as in a mirror
    things: int = 120_000
    shape_renderings: int = 5  # of each of Omniglot's characters, in each of four positions
    icon_renderings: int = 8
    signs: int = 60_000
    font_digits: int = 30_000
    held_pen_writers: int = 3  # of 30
    held_mnist_share: float = 0.05  # of its writers
    held_characters: float = 0.1  # of Omniglot's
    held_icons: float = 0.1  # of what they show
    held_signs: int = 1_500  # from the held-out fonts,
    held_font_digits: int = 800  # and digits
    held_style_hands: int = 20  # that draw each style which no template of training has


@dataclass(frozen=True)
class Scan:
    """A digit of MNIST: `pixels` are the bytes of a uint8 (28, 28) picture."""

    label: int
    pixels: bytes
    name: str = ""


@dataclass(frozen=True)
class BaselineData:
    """Pools by name, to train on; pools of held-out writers, styles, icons and fonts, to calibrate and choose by.

    `held_rows` are those of MNIST's training digits, int (N,), whose writers are held out.
    """

    pools: dict[str, Pool]
    held: dict[str, Pool]
    held_rows: NDArray[np.int64]


def prepare(config: PoolConfig, report: Callable[[str], None] = lambda line: None) -> BaselineData:
    """Load and draw everything; what was drawn before by the same code and config is read back."""
    mnist = datasets.load_mnist()
    held = held_mnist(config, mnist)
    scans = {name: Pool(mnist.x_train[rows], mnist.y_train[rows]) for name, rows in (("", ~held), ("held_", held))}
    jobs = {f"{name}mnist_on_canvas": Job(redraw, scans_of(pool.images, pool.labels)) for name, pool in scans.items()}
    jobs |= _stroke_jobs(config) | _font_jobs(config)
    drawn = {f"{name}mnist": pool for name, pool in scans.items()} | draw_pools(jobs, config.seed, report)
    return BaselineData(
        {name: pool for name, pool in drawn.items() if not name.startswith("held_")},
        {name.removeprefix("held_"): pool for name, pool in drawn.items() if name.startswith("held_")},
        np.flatnonzero(held),
    )


def held_mnist(config: PoolConfig, mnist: datasets.Mnist) -> NDArray[np.bool_]:
    """Which training digits are of writers that the baseline does not learn from: bool (N,)."""
    writers = datasets.load_mnist_writers()
    if writers is None:
        writers = np.arange(len(mnist.y_train)) // 100  # its pictures stand roughly by writer
    names = np.unique(writers)
    chosen = np.random.default_rng(config.seed).permutation(names)[
        : max(1, round(len(names) * config.held_mnist_share))
    ]
    return np.isin(writers, chosen)


def scans_of(images: NDArray[np.uint8], labels: NDArray[np.int64]) -> list[Scan]:
    """uint8 (N, 28, 28) and int (N,) as scans to redraw."""
    return [Scan(label, image.tobytes()) for image, label in zip(images, labels.tolist(), strict=True)]


def _stroke_jobs(config: PoolConfig) -> dict[str, Job]:
    rng = np.random.default_rng(config.seed)
    digits, held_digits = _split(_optional(datasets.PEN_DIGITS, "train"), "writer", config.held_pen_writers, rng)
    characters, held_characters = map(
        character_shapes.turn_characters,
        _split(_optional(datasets.SHAPES), "name", config.held_characters, rng),
    )
    pictures, held_pictures = _split(icon_strokes.load_icons(), "name", config.held_icons, rng)
    habits = [d for d in digits if d.label in (0, 1, 4, 7)]
    negatives = [
        StrokeDrawing(NOT_A_DIGIT, "", digits[i % len(digits)].strokes if digits else []) for i in range(config.things)
    ]
    ours = [StrokeDrawing(i % 10, "", []) for i in range(config.synthetic)]
    mirrored = [drawing for drawing in ours if drawing.label in stroke_templates.REVERSIBLE]
    styles = draw_held_out_styles(config.held_style_hands, config.seed)
    return {
        "pen_digits": Job(vary, digits * config.pen_digit_renderings),
        "habits": Job(habit, habits * config.habit_renderings, INVENTED_BY),
        "synthetic": Job(invent, ours, INVENTED_BY),
        "reversed": Job(mirror, mirrored[: config.reversed], INVENTED_BY),
        "rare": Job(rare, ours[: config.rare], (*INVENTED_BY, rare_forms)),
        "things": Job(negative, negatives, (*INVENTED_BY, synthetic_negatives)),
        "shapes": Job(vary, characters * config.shape_renderings),
        "icons": Job(vary, pictures * config.icon_renderings, (icon_strokes,)),
        "held_pen_digits": Job(keep, held_digits * HELD_RENDERINGS),
        "held_styles": Job(keep_picture, styles),
        "held_styles_with_strokes": Job(keep_path, styles),
        "held_shapes": Job(keep, held_characters),
        "held_icons": Job(keep, held_pictures, (icon_strokes,)),
    }


def _font_jobs(config: PoolConfig) -> dict[str, Job]:
    rng = np.random.default_rng(config.seed)
    families = font_glyphs.load_families()
    known = [family for family in families if family.name not in HELD_FAMILIES]
    strange = [family for family in families if family.name in HELD_FAMILIES]
    picked = {
        "signs": font_glyphs.pick_signs(known, config.signs, rng),
        "font_digits": font_glyphs.pick_digits(known, config.font_digits, rng),
        "held_signs": font_glyphs.pick_signs(strange, config.held_signs, rng),
        "held_font_digits": font_glyphs.pick_digits(strange, config.held_font_digits, rng),
    }
    return {name: Job(draw_glyph, glyphs, (font_glyphs,)) for name, glyphs in picked.items()}


def _optional(name: str, split: str | None = None) -> list[StrokeDrawing]:
    """Strokes that make the baseline better but are not to be had everywhere."""
    try:
        return datasets.load_drawings(name, split)
    except DataUnavailable:
        return []


def _split(
    drawings: list[StrokeDrawing], by: Literal["writer", "name"], held: float, rng: np.random.Generator
) -> tuple[list[StrokeDrawing], list[StrokeDrawing]]:
    """Part drawings by who drew them or by what they show; `held` is a number of groups or a share of them."""
    keys = [drawing.writer if by == "writer" else drawing.name for drawing in drawings]
    names = np.array(sorted(set(keys)))
    count = held if isinstance(held, int) else round(len(names) * held)
    chosen = set(rng.permutation(names)[:count].tolist()) if len(names) else set()
    kept = [drawing for drawing, key in zip(drawings, keys, strict=True) if key not in chosen]
    return kept, [drawing for drawing, key in zip(drawings, keys, strict=True) if key in chosen]


def keep(drawing: StrokeDrawing, rng: np.random.Generator) -> NDArray[np.uint8]:
    return render_strokes(drawing.strokes, rng)


def keep_picture(drawing: StrokeDrawing, rng: np.random.Generator) -> NDArray[np.uint8]:
    return render_strokes(drawing.strokes, rng, share_of_paths=0)


def keep_path(drawing: StrokeDrawing, rng: np.random.Generator) -> NDArray[np.uint8]:
    return render_strokes(drawing.strokes, rng, share_of_paths=1)


def vary(drawing: StrokeDrawing, rng: np.random.Generator) -> NDArray[np.uint8]:
    return render_strokes(vary_strokes(drawing.strokes, rng, 0.7), rng)


def habit(drawing: StrokeDrawing, rng: np.random.Generator) -> NDArray[np.uint8]:
    return vary(synthetic_digits.add_habit(drawing, rng), rng)


def invent(drawing: StrokeDrawing, rng: np.random.Generator) -> NDArray[np.uint8]:
    return render_strokes(synthetic_digits.draw_digit(drawing.label, rng).strokes, rng)


def rare(drawing: StrokeDrawing, rng: np.random.Generator) -> NDArray[np.uint8]:
    return rare_forms.render_rare(drawing.label, rng)


def mirror(drawing: StrokeDrawing, rng: np.random.Generator) -> NDArray[np.uint8]:
    return render_strokes(synthetic_digits.draw_reversed(drawing.label, rng).strokes, rng)


def negative(drawing: StrokeDrawing, rng: np.random.Generator) -> NDArray[np.uint8]:
    return render_strokes(synthetic_negatives.draw_negative(rng, [drawing] if drawing.strokes else []).strokes, rng)


def redraw(scan: Scan, rng: np.random.Generator) -> NDArray[np.uint8]:
    return redraw_scan(np.frombuffer(scan.pixels, "uint8").reshape(FRAME, FRAME), rng)
