"""What a web process does once, before it is asked for anything."""

import gc
import logging

import numpy as np
from django.db import DatabaseError, connections
from django.urls import get_resolver

from recognizer import serving
from recognizer.api import throttles
from recognizer.errors import NoChampion
from recognizer.inference.prediction import IMAGE_SHAPE

logger = logging.getLogger(__name__)


def warm_up() -> None:
    """Import the views, load the champion and read one blank. Without database or model the first request tries again.

    What is there by then stays for good, so the garbage collector need not look through it again: 0.13 s, in which no thread
    of the process goes on, and as often as every tenth drawing of 4,096 points has made that many objects.
    """
    _ = get_resolver().url_patterns
    throttles.counter.start()
    try:
        serving.current_classifier().model.predict(np.zeros((1, *IMAGE_SHAPE), "float32"))
    except (DatabaseError, NoChampion) as error:
        logger.warning("not warm yet: %s", error)
    finally:
        connections.close_all()  # it belongs to this thread, and requests have threads of their own
    gc.collect()
    gc.freeze()
