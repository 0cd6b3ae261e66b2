"""Drawings on their way out and in, without a database."""

from base64 import b64encode
from typing import Any

import numpy as np

from recognizer.imaging.decoding import encode_png
from training.exchange.records import Line, Record

STEM = "6f1c3d0e-5f0e-4f6f-9f0a-7d1b6c1f2a3"
INK = np.zeros((40, 60), "uint8")
INK[10:30, 20:40] = 255
PATH = [[[1.0, 2.0, 0.0], [280.0, 200.0, 9.0]]]


def make_line(number: int = 0, **facts: Any) -> Line:
    """A line as it leaves, whole unless a fact says otherwise."""
    line: Line = {
        "id": f"{STEM}{number}",
        "label": 3 + number,
        "writer": 10 * number,
        "is_exam": False,
        "split": "train",
        "created_at": f"2026-11-26T10:00:0{number}+00:00",
        "png": b64encode(encode_png(INK)).decode(),
        "strokes": PATH,
        "canvas": [280.0, 200.0],
        "prompted_label": None,
        "confirmed_label": 3 + number,
        "confirmed_at": "2026-11-26T10:01:00+00:00",
        "reviewed_label": None,
        "reviewed_at": None,
        "reviewed_by": None,
        "status": "approved",
        "status_reason": "",
        "suspicion": 0.25,
        "review_priority": 1.5,
        "check_due": "",
        "content_hash": "ab" * 32,
        "preprocessing_version": 2,
        "campaign": "KRTM",
        "model": {
            "version": 4,
            "sha256": "cd" * 32,
            "predicted_label": None,
            "top_label": 3,
            "confidence": 0.5,
            "margin": 0.25,
            "probabilities": [0.5, *[0.0] * 8, 0.5],
        },
        "contributor": {
            "key": f"{number:032x}",
            "created_at": "2026-11-20T10:00:00+00:00",
            "consented_at": "2026-11-20T10:00:00+00:00",
            "consent_version": 1,
            "blocked_at": None,
        },
        "events": [
            {
                "at": "2026-11-26T10:01:00+00:00",
                "actor": "contributor",
                "user": None,
                "action": "confirmed",
                "label": 3 + number,
                "previous_label": None,
                "reason": "",
                "look": "",
            }
        ],
    }
    return {**line, **facts}  # type: ignore[typeddict-item]  # whatever a test wants it to say


def make_record(number: int = 0, **facts: Any) -> Record:
    """A drawing as it leaves; its picture is a block, its path a line."""
    return Record(make_line(number, **facts), encode_png(INK))
