"""What strangers may send, by millions of damaged examples: pictures, bodies of calls, lines of exports, files to import.

    pip install --target /tmp/atheris atheris
    PYTHONPATH=/tmp/atheris python -m bench.fuzz [SECONDS [TARGET ...]]      a minute a target unless said otherwise

Guided by which lines are reached (atheris, which has wheels for Linux and is no requirement of the project), from sound examples
of each kind. Whatever is no known refusal ends the run, and the input that did it lies in a file that is named. Prints how many
inputs were tried, the slowest, and the largest memory. The test of these targets damages the same examples at random.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
CHILD = "--child"
LARGEST_INPUT = 20_000  # bytes: a picture of 280 x 280 has 3,000
LOADED = 20  # drawings of a file that are also read: a file has limits of its own


@dataclass(frozen=True)
class Target:
    """`take` does with an input what the site would, and raises nothing. `examples` are sound ones."""

    take: Callable[[bytes], None]
    examples: Callable[[], list[bytes]]


def take_picture(content: bytes) -> None:
    from recognizer.errors import InvalidDrawing
    from recognizer.imaging.decoding import decode_png

    try:
        decode_png(content)
    except InvalidDrawing:
        return


def take_body(content: bytes) -> None:
    """A call's body, up to what the network is shown."""
    import io

    from rest_framework.exceptions import APIException

    from recognizer.api.parsers import StrictJSONParser
    from recognizer.api.serializers import DRAWING_REQUEST
    from recognizer.errors import InvalidDrawing

    try:
        body = StrictJSONParser().parse(io.BytesIO(content), "application/json")
        _ = DRAWING_REQUEST.parse(body).submission.image
    except (APIException, InvalidDrawing):
        return


def take_line(content: bytes) -> None:
    """A line of an export, as an import checks it."""
    import uuid

    from training.exchange.arrivals import check_line
    from training.exchange.reading import json_of

    try:
        check_line(json_of(content.decode()), uuid.UUID(int=1))
    except ValueError:  # InvalidDrawing and UnicodeDecodeError among them
        return


def take_file(suffix: str) -> Callable[[bytes], None]:
    """A file of somebody else's: which kind it is, its labels, and its first drawings."""

    def take(content: bytes) -> None:
        from recognizer.errors import InvalidDrawing
        from training.exchange.orientation import AS_IT_IS
        from training.exchange.reading import UNREADABLE, BadExport
        from training.exchange.sources import check_labels, find_source

        with tempfile.TemporaryDirectory(dir=memory_folder()) as folder:
            path = Path(folder) / f"file{suffix}"
            path.write_bytes(content)
            try:
                source = find_source(path)
                check_labels(source)
                for _, found in zip(range(LOADED), source.items(), strict=False):
                    try:
                        found.load(AS_IT_IS)
                    except (InvalidDrawing, *UNREADABLE):
                        continue
            except BadExport:
                return

    return take


def memory_folder() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def pictures() -> list[bytes]:
    from tests.support import pictures as made

    return [made.paper_png(), made.canvas_png(), made.paper_png(made.ONE)]


def bodies() -> list[bytes]:
    import json

    from tests.support import pictures as made

    form = made.seven_form()
    return [json.dumps(form).encode(), json.dumps({key: form[key] for key in ("strokes", "canvas")}).encode()]


def lines() -> list[bytes]:
    import base64
    import json

    from tests.support import pictures as made

    png = base64.b64encode(made.paper_png()).decode()
    known = {"png": png, "label": 7, "writer": 3, "strokes": made.SEVEN, "canvas": [280, 280]}
    event = {"at": "2026-11-27T10:00:00+00:00", "actor": "contributor", "action": "confirmed", "label": 7}
    model = {"version": 1, "sha256": "0" * 64, "probabilities": [0.1] * 10, "top_label": 7, "predicted_label": 7}
    stood = {
        "status": "waiting",
        "confirmed_label": 7,
        "review_priority": 1.0,
        "check_due": "",
        "content_hash": "0" * 64,
    }
    full = known | stood | {"contributor": {"key": "ab"}, "model": model, "events": [event], "preprocessing_version": 1}
    return [json.dumps(known).encode(), json.dumps(full).encode()]


def csv() -> list[bytes]:
    pixels = ",".join(str(value % 256) for value in range(784))
    return [f"label,{','.join(f'pixel{n}' for n in range(784))}\n7,{pixels}\n".encode()]


def npz() -> list[bytes]:
    import io

    import numpy as np

    content = io.BytesIO()
    np.savez_compressed(content, x=np.zeros((2, 28, 28), "uint8"), y=np.array([1, 2]))
    return [content.getvalue()]


def ndjson() -> list[bytes]:
    return [b'{"word": "7", "drawing": [[[10, 200], [10, 12]], [[200, 90], [12, 250]]]}\n']


def inkml() -> list[bytes]:
    trace = '<trace id="a">10 10, 200 12, 90 250</trace><annotation type="truth">7</annotation>'
    return [f'<ink xmlns="http://www.w3.org/2003/InkML">{trace}</ink>'.encode()]


def unipen() -> list[bytes]:
    return [b'.VERSION 1.0\n.COORD X Y\n.SEGMENT CHARACTER 0-0 OK "7"\n.PEN_DOWN\n10 10\n200 12\n90 250\n.PEN_UP\n']


TARGETS = {
    "picture": Target(take_picture, pictures),
    "body of a call": Target(take_body, bodies),
    "line of an export": Target(take_line, lines),
    "csv": Target(take_file(".csv"), csv),
    "npz": Target(take_file(".npz"), npz),
    "ndjson": Target(take_file(".ndjson"), ndjson),
    "inkml": Target(take_file(".inkml"), inkml),
    "unipen": Target(take_file(".upn"), unipen),
}


def main() -> int:
    if CHILD in sys.argv:
        fuzz(TARGETS[sys.argv[2]], float(sys.argv[3]))
        return 0
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60
    failed = []
    print("| what | inputs tried | slowest | largest memory |\n| --- | ---: | ---: | ---: |")
    for name in sys.argv[2:] or TARGETS:
        command = [sys.executable, "-m", "bench.fuzz", CHILD, name, str(seconds)]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace")
        tried, slowest, memory = (figure(done.stderr, stat) for stat in STATS)
        print(f"| {name} | {tried:,} | {slowest} s | {memory} MB |", flush=True)
        if done.returncode:
            failed.append(name)
            print(done.stderr[-3000:])
    print(f"\nload {os.getloadavg()[0]:.1f}; refused otherwise than by a known word: {', '.join(failed) or 'none'}")
    return 1 if failed else 0


STATS = ("number_of_executed_units", "slowest_unit_time_sec", "peak_rss_mb")


def figure(told: str, stat: str) -> int:
    found = re.search(rf"stat::{stat}:\s+(\d+)", told)
    return int(found[1]) if found else 0


def fuzz(target: Target, seconds: float) -> None:
    """Try damaged examples until the time is over. Ends the process."""
    import atheris

    with atheris.instrument_imports(include=["recognizer", "training"]):
        import django

        django.setup()
        for example in target.examples():
            target.take(example)
    corpus = Path(tempfile.mkdtemp(prefix="digitre-fuzz-", dir=memory_folder()))
    for number, example in enumerate(target.examples()):
        (corpus / str(number)).write_bytes(example)
    options = [f"-max_total_time={seconds:.0f}", f"-max_len={LARGEST_INPUT}", "-print_final_stats=1", "-timeout=20"]
    options.append(f"-artifact_prefix={tempfile.gettempdir()}/digitre-fuzz-found-")
    atheris.Setup([sys.argv[0], *options, str(corpus)], target.take)
    atheris.Fuzz()


def damaged(example: bytes, rng: Any) -> bytes:
    """An example with some bytes changed, some left out, and some doubled."""
    content = bytearray(example)
    for _ in range(rng.randint(1, 8)):
        start = rng.randrange(len(content) + 1)
        end = min(len(content), start + rng.choice([1, 1, 1, 4, 40]))
        match rng.randrange(4):
            case 0:
                content[start:end] = rng.randbytes(end - start)
            case 1:
                del content[start:end]
            case 2:
                content[start:start] = content[start:end]
            case 3:
                content[start:end] = rng.choice([b"-1", b"1e999", b"null", b"{}", b"[", b"\xff\xfe", b"9" * 30, b'"'])
    return bytes(content)


if __name__ == "__main__":
    sys.exit(main())
