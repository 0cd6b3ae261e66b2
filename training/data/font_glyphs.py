"""Handwriting fonts: letters and other signs, each a form, and digits as more hands shape them, redrawn from glyphs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from fontTools.ttLib import TTFont
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from recognizer.imaging.pixels import to_grey
from recognizer.imaging.preprocessing import normalize_ink
from recognizer.labels import NOT_A_DIGIT
from training.data import datasets
from training.data.datasets import UNDECIDED

FOLDER = "fonts"
SUFFIXES = {".ttf", ".otf", ".woff"}
SIZE = 150  # px, the letter in which a glyph is inked: ten times what the frame needs
MARGIN = 10  # px around a glyph
WEIGHT = re.compile(
    r" (Light|Medium|SemiBold|Bold)$"
)  # some files name themselves after their weight: one hand all the same

SIGNS: tuple[tuple[str, float], ...] = (  # characters that are no digit, and their share of what is drawn
    ("ACEFHJKLMNPRTUVWXYacdefhjkmnprtuvwxy", 0.46),
    ("@#%?*+=€£<~", 0.05),
    ("ДЖИЙКМНПЦШЩЫЮЯжийкмнптцшщыюя", 0.08),
    ("ㄴㄷㅁㅂㅈㅊㅌㅍㅎㄲㄸㅃㅆㅉㅏㅑㅓㅕㅛㅜㅠㅡㅐㅔ", 0.11),
    ("あおかきけさすせたなにぬねはふほまみむめもやゆよわを", 0.04),
    ("オカキケサシセタチツテナニネハヒホミムメモヤラロ", 0.04),
    ("".join(map(chr, range(0xAC00, 0xD7A4, 73))), 0.05),  # 154 of the 11,172 Korean syllables
)
# What is a digit in some hand: the slashed 0, the 3, the crossed 7, the flagged or footed 1 are among them. Learned as no digit,
# they would have people's digits refused; as forms they are learned from like the others.
LOOK_ALIKES: tuple[tuple[str, float], ...] = (
    ("BDGIOQSZbgiloqsz", 0.1),
    ("БГЗЛОФЧЪЬЭбгзофчъьэ", 0.02),
    ("ㄱㄹㅅㅇㅋㅗㅣ", 0.03),
    ("うくこしそちてとのひへらりるろ", 0.01),
    ("アイウコスソトノフヘリルレワン", 0.01),
)
# Pairs that fill the frame with the same shape once they are as large: one form
SAME_FORM = str.maketrans("CKPSUVWXZOЖИЙКМНПТЦШЩЫЮЯГЗФЧЪЬЭ", "ckpsuvwxzoжийкмнптцшщыюягзфчъьэ")

# What an imagined hand does to a glyph; standard deviations
TURN = 6.5  # degrees
SLANT = 0.16
STRETCH = 0.13  # of the logarithm of width and height


@dataclass(frozen=True)
class Glyph:
    """A character of a font. `label` is 0-9, NOT_A_DIGIT or UNDECIDED."""

    label: int
    font: str
    character: str

    @property
    def name(self) -> str:
        """Which form it is of; capitals and small letters of one shape share theirs."""
        return self.character.translate(SAME_FORM)


@dataclass(frozen=True)
class Family:
    """The files of one hand: its weights, and the parts into which large alphabets are cut."""

    name: str
    files: tuple[tuple[str, frozenset[str]], ...]  # a font file, and the characters that it draws

    def files_of(self, character: str) -> list[str]:
        return [path for path, characters in self.files if character in characters]


def load_families() -> list[Family]:
    """Read the handwriting fonts under `fonts` of the data folder, or where `make material` puts them; maybe none."""
    wanted = {"0123456789"[d] for d in range(10)}.union(*(characters for characters, _ in SIGNS + LOOK_ALIKES))
    folders = [folder / FOLDER for folder in (datasets.data_dir(), datasets.cache_dir()) if folder]
    families: dict[str, list[tuple[str, frozenset[str]]]] = {}
    for path in sorted(file for folder in folders for file in folder.rglob("*") if file.suffix in SUFFIXES):
        name, drawn = _read(path, wanted)
        if drawn:
            families.setdefault(name, []).append((str(path), drawn))
    return [Family(name, tuple(files)) for name, files in sorted(families.items())]


def _read(path: Path, wanted: set[str]) -> tuple[str, frozenset[str]]:
    """The family's name and which of the wanted characters the file draws; some list what they leave blank."""
    with TTFont(path, lazy=True) as font:
        listed = {chr(code) for code in font.getBestCmap()} & wanted
        name = WEIGHT.sub("", font["name"].getBestFamilyName() or path.stem).strip()
    if not listed:
        return "", frozenset()
    face = _face(str(path))
    return name, frozenset(c for c in listed if face.getmask(c).getbbox())


@lru_cache(maxsize=512)
def _face(path: str) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, SIZE)


def pick_signs(families: Sequence[Family], count: int, rng: np.random.Generator) -> list[Glyph]:
    """Pick signs: first the alphabet by its share, then the character, then the hand, then the file.

    Those that are a digit in some hand are UNDECIDED.
    """
    alphabets = []
    for label, kinds in ((NOT_A_DIGIT, SIGNS), (UNDECIDED, LOOK_ALIKES)):
        for characters, share in kinds:
            hands = {c: [family for family in families if family.files_of(c)] for c in characters}
            alphabets.append((label, [(c, found) for c, found in hands.items() if found], share))
    alphabets = [alphabet for alphabet in alphabets if alphabet[1]]
    shares = np.array([share for *_, share in alphabets])
    glyphs = []
    for alphabet in rng.choice(len(alphabets), count, p=shares / shares.sum()) if alphabets else ():
        label, known, _ = alphabets[alphabet]
        character, hands = known[rng.integers(len(known))]
        glyphs.append(_pick(label, character, hands, rng))
    return glyphs


def pick_digits(families: Sequence[Family], count: int, rng: np.random.Generator) -> list[Glyph]:
    """Pick digits, each of the ten as often as the others."""
    hands = [[family for family in families if family.files_of(str(digit))] for digit in range(10)]
    return [_pick(i % 10, str(i % 10), hands[i % 10], rng) for i in range(count) if hands[i % 10]]


def _pick(label: int, character: str, hands: Sequence[Family], rng: np.random.Generator) -> Glyph:
    files = hands[int(rng.integers(len(hands)))].files_of(character)
    return Glyph(label, files[rng.integers(len(files))], character)


def draw_glyph(glyph: Glyph, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Ink a glyph as another hand might and normalize it as serving does. Returns uint8 (28, 28).

    Raises:
        InvalidDrawing: it is too small a speck.
    """
    face = _face(glyph.font)
    left, top, right, bottom = face.getbbox(glyph.character)
    ink = Image.new("L", (int(right - left) + 2 * MARGIN, int(bottom - top) + 2 * MARGIN))
    ImageDraw.Draw(ink).text((MARGIN - left, MARGIN - top), glyph.character, fill=255, font=face)
    return to_grey(normalize_ink(_redraw(ink, rng)))


def _redraw(ink: Image.Image, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Turn, slant and stretch it about its middle, on a sheet that has room for that."""
    angle, slant = np.radians(rng.normal(0, TURN)), rng.normal(0, SLANT)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    source = turn @ np.array([[1, -slant], [0, 1]]) @ np.diag(np.exp(rng.normal(0, STRETCH, 2)))
    side = int(max(ink.size) * 1.6)
    start = np.array(ink.size) / 2 - source @ np.array([side / 2, side / 2])
    matrix = (source[0, 0], source[0, 1], start[0], source[1, 0], source[1, 1], start[1])
    return np.asarray(ink.transform((side, side), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC))
