"""Drawings out and in again: is anything lost or changed, how long does it take, and how much memory?

    DEBUG=on DIGITRE_VAR_DIR=/tmp/bench python -m bench.exchange --drawings 100000

Fills a database of its own with drawings of every status, several events each, by many people, of whom some are blocked;
exports them, empties the database, imports them, and compares every line. Each step is a process of its own, whose largest
resident size is what is told.
"""

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STEPS = ("fill", "digest", "export", "empty", "import", "digest")
BATCH = 1000
PEOPLE = 500
VARIANTS = 200  # different pictures: inking a hundred thousand would measure the inking


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drawings", type=int, default=100_000)
    parser.add_argument("--formats", default="jsonl,parquet")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        step(options.step, options.folder, options.drawings)
        return
    for name in options.formats.split(","):
        with tempfile.TemporaryDirectory() as folder:
            environment = os.environ | {"DIGITRE_VAR_DIR": folder, "DATABASE_URL": "", "BENCH_FORMAT": name}
            digests = []
            for part in STEPS:
                command = [sys.executable, "-m", "bench.exchange", "--step", part, "--folder", f"{folder}/out"]
                command += ["--drawings", str(options.drawings)]
                told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
                facts = json.loads(told.splitlines()[-1])
                digests += [facts["digest"]] if "digest" in facts else []
                print(f"{name:8} {part:7} {facts['seconds']:8.1f} s {facts['megabytes']:6.0f} MB  {facts['said']}")
            print(f"{name:8} {'nothing lost, nothing changed' if len(set(digests)) == 1 else 'DIFFERENT'}")


def step(name: str, folder: Path, count: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digitre_site.settings")
    import django

    django.setup()
    from django.conf import settings

    settings.DEBUG = False  # with it Django keeps the last 9,000 statements, and these are long
    start = time.perf_counter()
    facts = {"fill": fill, "digest": digest, "export": export, "empty": empty, "import": bring}[name](folder, count)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(facts | {"seconds": time.perf_counter() - start, "megabytes": megabytes}))


def fill(folder: Path, count: int) -> dict[str, str]:
    import random
    import uuid

    import numpy as np
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.utils import timezone

    from recognizer import registry
    from recognizer.imaging.decoding import encode_png
    from recognizer.imaging.pixels import content_hash, to_grey
    from recognizer.imaging.preprocessing import PREPROCESSING_VERSION, normalize_drawing
    from recognizer.imaging.strokes import ink_strokes
    from recognizer.models import Contributor, Drawing, LabelEvent
    from tests.support.digits import digit_path

    call_command("migrate", verbosity=0)
    version, lot = registry.ensure_baseline(), random.Random(0)
    rosa = User.objects.create(username="rosa")
    people = [Contributor.join() for _ in range(PEOPLE)]
    for person in people[::50]:
        person.block()
    variants = []
    for number in range(VARIANTS):
        path = digit_path(number % 10, np.random.default_rng(number))
        ink = ink_strokes(path, 280, 22.4)
        variants.append((path, encode_png(ink), content_hash(to_grey(normalize_drawing(ink, path)))))
    now = timezone.now()
    for start in range(0, count, BATCH):
        drawings, events = [], []
        for number in range(start, min(start + BATCH, count)):
            path, png, hashed = variants[number % VARIANTS]
            status = lot.choice(Drawing.Status.values)
            decided = status in ("approved", "rejected") and lot.random() < 0.5
            confirmed = None if status == "unconfirmed" else number % 10
            drawing = Drawing(
                id=uuid.UUID(int=lot.getrandbits(128), version=4),
                contributor=people[number % PEOPLE],
                png=png,
                strokes=path,
                canvas_width=280,
                canvas_height=280,
                content_hash=hashed,
                preprocessing_version=PREPROCESSING_VERSION,
                model_version=version,
                probabilities=[lot.random() for _ in range(10)],
                predicted_label=number % 10 if lot.random() < 0.9 else None,
                top_label=number % 10,
                confidence=lot.random(),
                margin=lot.random(),
                confirmed_label=confirmed,
                confirmed_at=now if confirmed is not None else None,
                status=status,
                status_reason="two people differ" if status == "quarantined" else "",
                reviewed_label=number % 10 if decided and status == "approved" else None,
                reviewed_at=now if decided else None,
                reviewed_by=rosa if decided else None,
                suspicion=lot.random(),
                review_priority=lot.random(),
            )
            drawings.append(drawing)
            if confirmed is not None:
                events.append(LabelEvent(drawing=drawing, actor="contributor", action="confirmed", label=confirmed))
            if decided:
                events.append(LabelEvent(drawing=drawing, actor="reviewer", user=rosa, action=status, look="blind"))
        Drawing.objects.bulk_create(drawings)
        LabelEvent.objects.bulk_create(events)
    return {"said": f"{count:,} drawings, {LabelEvent.objects.count():,} events"}


def digest(folder: Path, count: int) -> dict[str, str]:
    """Hash everything that is stored, without what an installation numbers for itself."""
    from training.exchange.records import read_records
    from training.exchange.selection import Selection

    whole, total = hashlib.sha256(), 0
    for record in read_records(Selection(statuses=()).drawings()):
        line = {**record.line, "writer": 0, "split": ""}
        line["contributor"] = {**record.line["contributor"], "key": ""}
        whole.update(json.dumps(line, sort_keys=True).encode())
        total += 1
    return {"digest": whole.hexdigest(), "said": f"{total:,} drawings, {whole.hexdigest()[:16]}"}


def export(folder: Path, count: int) -> dict[str, str]:
    from training.exchange.exporting import export_drawings
    from training.exchange.records import read_records
    from training.exchange.selection import Selection

    manifest = export_drawings(folder, (os.environ["BENCH_FORMAT"],), read_records(Selection(statuses=()).drawings()))
    size = sum(facts["bytes"] for facts in manifest["files"].values())
    return {"said": f"{manifest['drawings']:,} drawings, {size / 1e6:.0f} MB"}


def empty(folder: Path, count: int) -> dict[str, str]:
    from django.contrib.auth.models import User
    from django.db import connection

    with connection.cursor() as cursor:
        for table in ("recognizer_labelevent", "recognizer_drawing", "recognizer_contributor"):
            cursor.execute(f"DELETE FROM {table}")
    User.objects.all().delete()
    return {"said": "nothing is left"}


def bring(folder: Path, count: int) -> dict[str, str]:
    from training.exchange.importing import import_drawings

    outcome = import_drawings(folder)
    return {"said": f"{outcome.added:,} added, {outcome.refused} refused"}


if __name__ == "__main__":
    main()
