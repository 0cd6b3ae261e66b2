"""Digits as a hand drew them: strokes in the canonical square of 280 units."""

import math

SIDE = 280
Stroke = list[tuple[float, float]]


def arc(x: float, y: float, rx: float, ry: float, start: float, end: float, points: int = 16) -> Stroke:
    """Points along an ellipse, degrees clockwise from three o'clock."""
    angles = [math.radians(start + (end - start) * i / (points - 1)) for i in range(points)]
    return [(round(x + rx * math.cos(a), 1), round(y + ry * math.sin(a), 1)) for a in angles]


SEVEN: list[Stroke] = [[(76, 62), (120, 58), (165, 57), (206, 60), (192, 92), (170, 132), (150, 176), (132, 228)]]
FOUR: list[Stroke] = [[(112, 56), (98, 104), (80, 150), (130, 152), (204, 148)], [(168, 84), (162, 150), (158, 236)]]
ZERO: list[Stroke] = [arc(140, 140, 58, 88, -90, 272, 28)]
THREE: list[Stroke] = [arc(132, 98, 52, 44, -150, 85) + arc(132, 186, 58, 46, -85, 150)]
CROSSED_SEVEN: list[Stroke] = [*SEVEN, [(112, 150), (196, 146)]]
SCRIBBLE: list[Stroke] = [
    [(60, 60), (220, 220)],
    [(220, 60), (60, 220)],
    [(140, 40), (140, 240)],
    [(40, 140), (240, 140)],
]
