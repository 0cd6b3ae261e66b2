"""`make bench`: accuracy on the exams, then what calls cost; `accuracy` or `load [SECONDS [REQUESTS]]` does one alone."""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digitre_site.settings")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
wanted, options = sys.argv[1:2] or ["accuracy", "load"], sys.argv[2:]
django.setup()

if "accuracy" in wanted:
    from bench import accuracy

    accuracy.main()
if "load" in wanted:
    from bench import benchmarks

    benchmarks.main(*map(float, options))
