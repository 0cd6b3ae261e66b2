"""`make bench`, or `python -m bench`."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digitre_site.settings")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
django.setup()

from bench import accuracy, speed  # noqa: E402 (Django's settings first)

accuracy.main()
speed.main()
