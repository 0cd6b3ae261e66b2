"""CPU that each stage of a call costs, in this process: from the request's bytes to the answer's."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import orjson

from bench.hot_path import Caller, ready

CALLS, ROUNDS = 60, 7  # the fastest round counts: what disturbs one only ever adds
YARDSTICK_STEPS = 200_000


@dataclass(frozen=True)
class Stage:
    name: str
    path: float  # CPU milliseconds for a drawing by its path
    picture: float  # and for one by its picture


def cost(step: Callable[[], object], calls: int = CALLS) -> float:
    """Return CPU milliseconds of a step, warm."""
    step()
    rounds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(calls):
            step()
        rounds.append((time.process_time() - start) / calls * 1000)
    return min(rounds)


def yardstick() -> float:
    """CPU milliseconds of a fixed piece of Python, by which figures of two machines, or of a machine's two hours, compare."""

    def step() -> None:
        counts: dict[int, int] = {}
        for number in range(YARDSTICK_STEPS):
            counts[number % 97] = counts.get(number % 97, 0) + number

    return cost(step, 1)


def measure(path: dict[str, Any], picture: dict[str, Any]) -> list[Stage]:
    """Measure a call of either kind, each stage for itself and then the whole: in a process and a folder that are thrown away."""
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    with tempfile.TemporaryDirectory() as folder:
        environment = kept | {"DJANGO_SETTINGS_MODULE": "tests.settings", "DIGITRE_VAR_DIR": folder}
        command = [sys.executable, "-m", "bench.stages"]
        sent = json.dumps([path, picture])
        done = subprocess.run(command, input=sent, env=environment, text=True, check=True, stdout=subprocess.PIPE)
    return [Stage(**stage) for stage in json.loads(done.stdout.splitlines()[-1])]


def main() -> None:
    caller = ready()
    path, picture = (_stages(caller, body) for body in json.load(sys.stdin))
    print(json.dumps([asdict(Stage(name, path[name], picture[name])) for name in path]))


def _stages(caller: Caller, body: dict[str, Any]) -> dict[str, float]:
    from recognizer import prototypes, serving
    from recognizer.api import renderers, serializers, views
    from recognizer.services import read

    raw = json.dumps(body, separators=(",", ":")).encode()
    submission = serializers.DRAWING_REQUEST.parse(body).submission
    model, reading = serving.current_classifier().model, read(submission)
    prototypes.prototypes.of(reading.served)
    images = submission.image[None]
    payload = views.answer_payload(reading, submission, None)
    render, load = renderers.CompiledJSONRenderer().render, orjson.loads
    stages = {
        "JSON in and out": cost(lambda: (load(raw), render(payload, "application/json"))),
        "validation, and decoding the picture": cost(lambda: serializers.DRAWING_REQUEST.parse(body)),
        "ink to 28 x 28": cost(lambda: replace(submission).image),
        "LiteRT": cost(lambda: model.predict(images)),
        "words, neighbours and the preview": cost(
            lambda: (model.interpret(reading.prediction), views.answer_payload(reading, submission, None))
        ),
    }
    guess = cost(lambda: caller.post("/api/v1/guesses/", raw))
    stored = cost(lambda: caller.post("/api/v1/drawings/", raw))
    kept = cost(lambda: replace(submission).png)
    return stages | {
        "Django, DRF, limits and metrics": guess - sum(stages.values()),
        "**a guess**": guess,
        "the picture that is kept": kept,
        "contributor, row and commit": stored - guess - kept,
        "**a stored drawing**": stored,
    }


if __name__ == "__main__":
    main()
