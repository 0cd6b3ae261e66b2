"""The card of a baseline as a page for people: what it learned from, what it scores, where it fails."""

from pathlib import Path

import numpy as np

EXAMS = {
    "mnist": "MNIST test",
    "pen_digits": "UCI pen digits, 14 test writers",
    "canvas_a": "Tablet writers (exam a)",
    "canvas_b": "Other sites (exam b)",
    "not_digits": "Letters, doodles, Korean characters: refused",
}
SOURCES = {
    "mnist": "MNIST training digits, 95 % of their writers",
    "pen_digits": "UCI pen digits, 27 of the 30 training writers, inked anew by varied pens",
    "habits": "their 0s, 1s and 7s with a slash, a flag, a foot or a bar added",
    "synthetic": "digits drawn by us from templates of many styles",
    "things": "things that are no digit, drawn by us",
    "omniglot": "Omniglot characters (katakana, Sanskrit, Tagalog) that are no digit",
}
WORST_PAIRS = 8


def write(card: dict, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(card))


def render(card: dict) -> str:
    """Return the card as Markdown."""
    parts = [
        "# Model card: the shipped baseline\n",
        "Written by `manage.py train_baseline`; the same figures are in `recognizer/baseline/card.json`.\n",
        _facts(card),
        "## What it learned from\n",
        _table(("Pictures", "Kind"), [(f"{n:,}", SOURCES.get(name, name)) for name, n in card["trained_on"].items()]),
        "No exam drawing was trained on, tuned on, or used to choose a checkpoint. Calibration and refusal were fitted "
        "on writers held out of training.\n",
        "## Exams\n",
        "Pen drawings are inked on a 280 px canvas with a 14 px pen. A refused digit counts as wrong.\n",
        _exams(card["metrics"]),
        "## Recall of each digit\n",
        _recalls(card["metrics"]),
        "## What is taken for what\n",
        _pairs(card["metrics"]),
        "## Calibration\n",
        _curve(card),
        "## Known failures\n",
        FAILURES,
    ]
    return "\n".join(parts)


FAILURES = """\
- 1s with a long upstroke and a short stem can be read as 7, and 7s with a short bar as 1: some people's are the same.
- Open 4s whose arms lean together are read as 9, and 9s that are not closed as 4.
- 0s that a fast hand leaves open are read as 6; 6s with a tiny loop as 0.
- Letters that are also digits (O, l, I, S, Z, B, g, q) are answered, not refused: nobody can tell.
- Only Western Arabic digits are known.
"""


def _facts(card: dict) -> str:
    calibration = card["calibration"]
    rows = [
        ("Made", card["made_at"]),
        ("Parameters", f"{card['parameters']:,}"),
        ("LiteRT artifact", f"{card['tflite_bytes'] / 1e6:.2f} MB, at most {card['litert_difference']:.1e} from Keras"),
        ("Preprocessing version", str(card["preprocessing_version"])),
        ("Seeds", f"training {card['config']['seed']}, drawings {card['pool_config']['seed']}"),
        ("Steps", f"{card['config']['steps']:,} batches of {card['config']['batch']}"),
        ("Temperature", f"{calibration['temperature']:.3f}"),
        ("Refused below", f"{calibration['refusal_threshold']:.3f} (the digitness head's score)"),
    ]
    return _table(("", ""), rows)


def _exams(metrics: dict) -> str:
    rows = []
    for name, result in metrics.items():
        low, high = result["interval"]
        ece = "-" if result["ece"] is None else f"{result['ece']:.2%}"
        rows.append(
            (EXAMS.get(name, name), f"{result['n']:,}", f"{result['accuracy']:.2%}", f"{low:.2%} - {high:.2%}", ece)
        )
    return _table(("Exam", "Drawings", "Right", "95 % interval", "Calibration error"), rows)


def _recalls(metrics: dict) -> str:
    rows = [
        (EXAMS.get(name, name), *(f"{r:.1%}" if r is not None else "-" for r in result["recall"]))
        for name, result in metrics.items()
        if any(r is not None for r in result["recall"])
    ]
    return _table(("Exam", *map(str, range(10))), rows)


def _pairs(metrics: dict) -> str:
    table = sum(np.array(result["confusion"])[:10] for name, result in metrics.items() if name != "not_digits")
    table = table.copy()
    table[np.arange(10), np.arange(10)] = 0
    worst = np.argsort(-table, axis=None)[:WORST_PAIRS]
    pairs = [(*divmod(int(i), table.shape[1]), int(table.flat[i])) for i in worst if table.flat[i]]
    return _table(
        ("Drawn", "Said", "Times"), [(str(a), "no digit" if b == 10 else str(b), str(n)) for a, b, n in pairs]
    )


def _curve(card: dict) -> str:
    rows = [(f"{point['confidence']:.1%}", f"{point['accuracy']:.1%}", f"{point['n']:,}") for point in card["curve"]]
    return _table(("Said (mean)", "Was right", "Drawings"), rows)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"
