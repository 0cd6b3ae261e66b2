"""A path comes back as it was kept, whoever wrote the column."""

import json

import pytest
from django.core.management import call_command
from django.db import connection

from recognizer.models import Drawing
from tests.support.drawings import make_drawing

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "strokes",
    [None, [[[0, 1.5]]], [[[0.1, 0.30000000000000004, 1e300], [0.0, 5e-324, 2**53]], [[-7.25, 1e-7, 12]]]],
)
def test_every_number_comes_back_to_the_last_bit(strokes: list[list[list[float]]] | None) -> None:
    drawing = make_drawing()
    drawing.strokes = strokes
    drawing.save(update_fields=["strokes"])
    back = Drawing.objects.get(pk=drawing.pk).strokes
    assert json.dumps(back) == json.dumps(strokes)
    assert Drawing.objects.filter(strokes__isnull=strokes is None).count() == 1


def test_what_the_standard_library_wrote_is_read() -> None:
    drawing, path = make_drawing(), [[[10.0, 20.5, 0], [30, 1e-05, 16.7]]]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE recognizer_drawing SET strokes = %s", [json.dumps(path)])
    assert Drawing.objects.get(pk=drawing.pk).strokes == path


def test_a_number_beyond_the_compiled_encoder_is_kept_as_before() -> None:
    drawing = make_drawing()
    drawing.strokes = [[[1, 2, 2**70]]]
    drawing.save(update_fields=["strokes"])
    assert Drawing.objects.get(pk=drawing.pk).strokes == [[[1, 2, 2**70]]]


def test_to_migrations_it_is_the_column_that_it_was() -> None:
    call_command("makemigrations", "recognizer", check=True, dry_run=True, verbosity=0)
