"""What a browser keeps of the site so that it opens without a network: the paper, the round of ten, and what they are made of.

Never an answer of the API, nothing of the admin's, nobody's drawings: pages are the same for everybody, and these hold no more.
"""

import hashlib
import json
from functools import lru_cache

from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.urls import reverse

WORKER = "worker/service_worker.js"
FILES = (
    "css/base.css",
    "css/draw.css",
    "css/kiosk.css",
    "css/pages.css",
    "css/rounds.css",
    "css/tokens.css",
    "icons/digitre.svg",
    "js/alert.js",
    "js/answer_words.js",
    "js/api_client.js",
    "js/canonical_picture.js",
    "js/colour_scheme.js",
    "js/drawing_pad.js",
    "js/explanation.js",
    "js/held_store.js",
    "js/idle.js",
    "js/ink.js",
    "js/kept_sheet.js",
    "js/keyboard_pen.js",
    "js/keys.js",
    "js/labels.js",
    "js/late_view.js",
    "js/live_guess.js",
    "js/marks_canvas.js",
    "js/next_person.js",
    "js/offline.js",
    "js/outbox.js",
    "js/pages/draw.js",
    "js/pages/kiosk.js",
    "js/pages/rounds.js",
    "js/palms.js",
    "js/parts.js",
    "js/phases.js",
    "js/picture_reader.js",
    "js/reading_session.js",
    "js/result_view.js",
    "js/round_of_ten.js",
    "js/sharing.js",
    "js/sheet_history.js",
    "js/site.js",
    "js/souvenir.js",
    "js/stroke_figure.js",
    "js/thanks.js",
    "js/theme.js",
    "js/waiting.js",
    "js/words.js",
)
PAGES = ("pages:draw", "pages:rounds")  # whoever comes keeps these; the kiosk is kept by the device that shows it


@lru_cache(maxsize=1)  # the files of a process never change
def release() -> str:
    """Return what changes with any of the files: a browser that keeps an older release fetches them anew."""
    digest = hashlib.sha256()
    for name in (WORKER, *FILES):
        path = finders.find(name)
        digest.update(static(name).encode())
        if path:  # where only collected files are left, their names change with what is in them
            with open(path, "rb") as file:
                digest.update(file.read())
    return digest.hexdigest()[:12]


def worker_script() -> str:
    """Return the service worker's script: what this release is made of, and the file that knows what to do with it."""
    kept = {
        "release": release(),
        "files": [static(name) for name in FILES],
        "pages": [reverse(name) for name in PAGES],
        "kiosk": reverse("pages:kiosk"),
        "away": reverse("pages:away"),
        "words": reverse("pages:draw") + "words/",
    }
    return f"self.kept = {json.dumps(kept)};\nimportScripts({json.dumps(static(WORKER))});\n"
