"""What Digitre is compared with, as WSGI applications: the least that any server must do, and the 2017 design.

    gunicorn bench.contestants:floor      BENCH_DATABASE=postgresql://... or a file of SQLite's
    gunicorn bench.contestants:design_2017

The floor reads a picture as a browser's canvas sends it, centres it, asks the shipped network, and stores one row: no path, no
validation, no contributor, no limits, no retries. The 2017 design is TensorFlow's tutorial network behind Keras's `predict`, and
stores nothing.
"""

import base64
import io
import json
import os
import sqlite3
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import numpy as np
import psycopg2
from numpy.typing import NDArray
from PIL import Image

Environ = dict[str, Any]
Start = Callable[[str, list[tuple[str, str]]], Any]
TABLE = (
    "CREATE TABLE IF NOT EXISTS bench_floor"
    " (id {key}, image {bytes}, probabilities text, at timestamp DEFAULT CURRENT_TIMESTAMP)"
)


def alpha_of(environ: Environ) -> tuple[bytes, Image.Image]:
    body = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    png = base64.b64decode(body["image"].partition(",")[2])
    return png, Image.open(io.BytesIO(png)).getchannel("A")


def respond(start: Start, answer: dict[str, Any]) -> Iterable[bytes]:
    content = json.dumps(answer).encode()
    start("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(content)))])
    return [content]


def floor(environ: Environ, start: Start) -> Iterable[bytes]:
    png, alpha = alpha_of(environ)
    probabilities = read_by_litert(centred(alpha))
    pk = store(png, probabilities)
    return respond(start, {"id": pk, "digit": int(np.argmax(probabilities)), "probabilities": probabilities})


def centred(alpha: Image.Image) -> NDArray[np.float32]:
    box = alpha.crop(alpha.getbbox())
    scale = 20 / max(box.size)
    small = box.resize([max(1, round(side * scale)) for side in box.size], Image.Resampling.BOX)
    ink = np.asarray(small, "float32") / 255
    frame = np.zeros((1, 28, 28, 1), "float32")
    places = []
    for axis, side in enumerate(ink.shape):
        middle = (ink.sum(axis=1 - axis) @ np.arange(side)) / ink.sum()
        places.append(min(max(0, round(13.5 - float(middle))), 28 - side))
    top, left = places
    frame[0, top : top + ink.shape[0], left : left + ink.shape[1], 0] = ink
    return frame


@cache
def _interpreter() -> Any:
    from ai_edge_litert.interpreter import Interpreter

    from recognizer.baseline import shipped_baseline

    interpreter = Interpreter(model_content=shipped_baseline().model.tflite, num_threads=1)
    interpreter.allocate_tensors()
    runner = interpreter.get_signature_runner("serving_default")
    (sent,) = runner.get_input_details().values()
    return interpreter, sent["index"], runner.get_output_details()["logits"]["index"]


def read_by_litert(frame: NDArray[np.float32]) -> list[float]:
    interpreter, sent, answered = _interpreter()
    interpreter.set_tensor(sent, frame)
    interpreter.invoke()
    powers = np.exp(interpreter.get_tensor(answered)[0].astype("float64"))
    probabilities: list[float] = (powers / powers.sum()).tolist()
    return probabilities


@cache
def _database() -> Any:
    url = os.environ["BENCH_DATABASE"]
    if url.startswith("postgresql:"):
        connection: Any = psycopg2.connect(url)
        connection.autocommit = True
        connection.cursor().execute(TABLE.format(key="bigserial PRIMARY KEY", bytes="bytea"))
        return connection
    connection = sqlite3.connect(url, timeout=20, isolation_level=None, check_same_thread=False)
    connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;")
    connection.execute(TABLE.format(key="integer PRIMARY KEY", bytes="blob"))
    return connection


def store(png: bytes, probabilities: list[float]) -> int:
    place = "?" if isinstance(_database(), sqlite3.Connection) else "%s"
    cursor = _database().cursor()
    cursor.execute(
        f"INSERT INTO bench_floor (image, probabilities) VALUES ({place}, {place}) RETURNING id",
        (png, json.dumps(probabilities)),
    )
    return int(cursor.fetchone()[0])


@cache
def _network_of_2017() -> Any:
    from bench.design_2017 import network

    return network()  # what it learned changes nothing of what it costs


def design_2017(environ: Environ, start: Start) -> Iterable[bytes]:
    from bench.design_2017 import REFUSES_BELOW, prepare

    _, alpha = alpha_of(environ)
    probabilities = _network_of_2017().predict(prepare(np.asarray(alpha))[np.newaxis], verbose=0)[0]
    sure = bool(probabilities.max() >= REFUSES_BELOW)
    return respond(start, {"result": str(int(probabilities.argmax())) if sure else "Huh..."})
