"""The calls, one method each."""

import base64
import json
import time
import uuid
from collections.abc import Iterator, Sequence
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from types import TracebackType
from typing import Any, Literal, Self, cast
from urllib.parse import urlencode, urlsplit

from digitre_client.errors import ApiError, Conflict, Unreachable
from digitre_client.shapes import Answer, Decided, KeyFacts, Label, ToReview

Strokes = Sequence[Sequence[Sequence[float]]]  # strokes of points [x, y] or [x, y, t_ms]
Canvas = tuple[float, float]  # width and height, in the units of the strokes
TRIES = 3
PAUSE_SECONDS = 0.5  # before the second try; twice as long before the third
LONGEST_PAUSE_SECONDS = 60.0  # that a site may ask for
AWAY = {429, 502, 503, 504}


class Client:
    """One site, in the name of a key or of nobody. Not for several threads at once: each makes its own."""

    def __init__(self, site: str, key: str | None = None, *, timeout: float = 30.0) -> None:
        """
        Args:
            site: its address, such as "https://digitre.example.org".
            key: `dgt_...`, from the admin; guesses need none.
            timeout: seconds to wait for an answer to begin.

        Raises:
            ValueError: the address is none.
        """
        parts = urlsplit(site)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"A site's address begins with https://, not {site!r}.")
        self._base, self._key = f"{parts.path.rstrip('/')}/api/v1/", key
        connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._connection = connect(parts.hostname, parts.port, timeout=timeout)
        self._held: dict[str, ToReview] = {}
        self._skipped: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    # drawings

    def guess(
        self, png: bytes | None = None, *, strokes: Strokes | None = None, canvas: Canvas | None = None
    ) -> Answer:
        """Have a drawing read; nothing is kept. A picture (PNG), or the pen's path on a canvas of width and height."""
        return Answer.of(self._json("POST", "guesses/", _drawing(png, strokes, canvas)))

    def draw(self, png: bytes | None = None, *, strokes: Strokes | None = None, canvas: Canvas | None = None) -> Answer:
        """Have a drawing read and kept, as the key's own contributor. A call that is tried again is kept once. Scope: draw."""
        once = {"Idempotency-Key": str(uuid.uuid4())}
        return Answer.of(self._json("POST", "drawings/", _drawing(png, strokes, canvas), headers=once))

    def label(self, drawing_id: str, label: Label) -> None:
        """Say what one's own drawing is. Scope: draw."""
        self._json("PUT", f"drawings/{drawing_id}/feedback/", {"label": label})

    def forget(self, drawing_id: str) -> None:
        """Delete one's own drawing. Scope: draw."""
        self._json("DELETE", f"drawings/{drawing_id}/")

    # review

    def next(self, count: int = 1, *, blind: bool = False) -> list[ToReview]:
        """Be handed the next drawings, besides those in hand and those skipped. Scope: review."""
        without = [*self._held, *self._skipped]
        body = {"count": count, "blind": blind, "without": without[-500:]}
        drawings = [ToReview.of(drawing) for drawing in self._json("POST", "review/next/", body)["drawings"]]
        self._held |= {drawing.id: drawing for drawing in drawings}
        return drawings

    def review(self, *, blind: bool = False) -> Iterator[ToReview]:
        """Yield one drawing after another until none is left; what the loop leaves undecided is given back."""
        try:
            while drawings := self.next(blind=blind):
                yield drawings[0]
                if drawings[0].id in self._held:
                    self.skip(drawings[0])
        finally:
            if self._held:
                self.release(list(self._held.values()))

    def approve(self, drawing: ToReview, label: Label, reason: str = "") -> Decided:
        """Decide what a drawing is; None: not a digit. Scope: review.

        Raises:
            Conflict: another reviewer holds it, or was quicker.
        """
        return self._decide(drawing, {"action": "approve", "label": label, "reason": reason})

    def reject(self, drawing: ToReview, reason: str = "") -> Decided:
        """Decide that nobody shall learn from a drawing. Scope: review.

        Raises:
            Conflict: another reviewer holds it, or was quicker.
        """
        return self._decide(drawing, {"action": "reject", "reason": reason})

    def undo(self, drawing: ToReview) -> Decided:
        """Take back one's last word on a drawing, which is in one's hand again. Scope: review."""
        decided = Decided.of(self._json("DELETE", f"review/{drawing.id}/decision/"))
        self._held[drawing.id] = drawing
        return decided

    def skip(self, drawing: ToReview) -> None:
        """Give a drawing back, and be handed others."""
        self._skipped.append(drawing.id)
        self.release([drawing])

    def release(self, drawings: Sequence[ToReview]) -> None:
        """Give drawings back undecided."""
        self._json("POST", "review/release/", {"ids": [drawing.id for drawing in drawings]})
        for drawing in drawings:
            self._held.pop(drawing.id, None)

    def renew(self) -> None:
        """Keep what is in hand for five more minutes."""
        self._json("POST", "review/renew/", {"ids": list(self._held)})

    def _decide(self, drawing: ToReview, said: dict[str, Any]) -> Decided:
        try:
            body = self._json("PUT", f"review/{drawing.id}/decision/", said | {"blind": drawing.blind})
        finally:
            self._held.pop(drawing.id, None)  # decided, or another's
        return Decided.of(body)

    # what there is

    def key(self) -> KeyFacts:
        """What one's key is for."""
        return KeyFacts.of(self._json("GET", "key/"))

    def collection(self) -> dict[str, int]:
        """How many drawings there are, by status. Scope: read."""
        return cast(dict[str, int], self._json("GET", "collection/")["by_status"])

    def runs(self) -> Iterator[dict[str, Any]]:
        """Yield the runs, the newest first. Scope: read."""
        page = "runs/"
        while page:
            found = self._json("GET", page)
            yield from found["results"]
            page = f"runs/?{urlsplit(found['next']).query}" if found["next"] else ""

    def run(self, run_id: int) -> dict[str, Any]:
        """One run with its decision and reports. Scope: read."""
        run: dict[str, Any] = self._json("GET", f"runs/{run_id}/")
        return run

    def export(
        self,
        *,
        status: str = "approved",
        label: int | Literal["none"] | str | None = None,
        version: int | None = None,
        purpose: Literal["learning", "exam"] | None = None,
        since: str | None = None,
        until: str | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Yield drawings one by one as they come; the connection is busy meanwhile. Scope: export.

        Raises:
            Unreachable: the stream broke off; what came before is not all.
        """
        filters = {
            "status": status,
            "label": label,
            "version": version,
            "purpose": purpose,
            "since": since,
            "until": until,
        }
        query = urlencode({name: value for name, value in filters.items() if value is not None})
        response = self._call("GET", f"export/?{query}", None, {})
        try:
            while line := response.readline():
                yield json.loads(line)
        except (OSError, HTTPException, ValueError) as error:
            raise Unreachable("The export broke off; what came before is not all.") from error
        finally:
            self.close()  # a stream that was left in the middle cannot be followed by another call

    # the wire

    def _json(self, method: str, path: str, body: object = None, *, headers: dict[str, str] | None = None) -> Any:
        """Make a call and return what it answers; None where it answers nothing."""
        response = self._call(method, path, body, headers or {})
        text = response.read()
        return json.loads(text) if text else None

    def _call(self, method: str, path: str, body: object, headers: dict[str, str]) -> HTTPResponse:
        """Make a call, three times at most: each does the same when it comes twice, so a lost answer does no harm.

        Raises:
            ApiError: the site will not.
            Unreachable: there was no answer.
        """
        for number in range(1, TRIES + 1):
            try:
                response = self._send(method, path, body, headers)
            except (OSError, HTTPException) as error:
                self.close()
                if number == TRIES:
                    raise Unreachable(str(error) or error.__class__.__name__) from error
                time.sleep(PAUSE_SECONDS * number)
                continue
            if response.status < 400:
                return response
            if response.status not in AWAY or number == TRIES:
                raise _error(response)
            asked = response.headers.get("Retry-After", "")
            response.read()
            time.sleep(min(float(asked) if asked.isdigit() else PAUSE_SECONDS * number, LONGEST_PAUSE_SECONDS))
        raise AssertionError("the last try returns or raises")

    def _send(self, method: str, path: str, body: object, headers: dict[str, str]) -> HTTPResponse:
        sent = {"Accept": "*/*", "User-Agent": "digitre-client", **headers}
        if self._key is not None:
            sent["Authorization"] = f"Bearer {self._key}"
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            sent["Content-Type"] = "application/json"
        self._connection.request(method, self._base + path, data, sent)
        return self._connection.getresponse()


def _drawing(png: bytes | None, strokes: Strokes | None, canvas: Canvas | None) -> dict[str, Any]:
    """Write a drawing as the API takes it.

    Raises:
        ValueError: neither a picture nor a path with its canvas.
    """
    body: dict[str, Any] = {}
    if png is not None:
        body["image"] = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    if strokes is not None and canvas is not None:
        body |= {"strokes": strokes, "canvas": {"width": canvas[0], "height": canvas[1]}}
    if not body:
        raise ValueError("A drawing is a picture, or strokes with their canvas.")
    return body


def _error(response: HTTPResponse) -> ApiError:
    """Read an answer of 400 or more; one that is not the site's own (a proxy's page) has no code."""
    kind = Conflict if response.status == 409 else ApiError
    try:
        said = json.loads(response.read())
        return kind(response.status, said["code"], said["detail"])
    except (ValueError, KeyError, TypeError):
        return kind(response.status, "http_error", response.reason)
