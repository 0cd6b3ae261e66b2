"""A page brings along what its scripts say."""

import json
import re

import pytest
from django.test import Client

from recognizer.page_words import PAGES
from tests.support.known import known

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("address", "page"),
    [
        ("/", "draw"),
        ("/kiosk/", "draw"),
        ("/rounds/", "rounds"),
        ("/kiosk/?rounds", "rounds"),
        ("/drawings/", "drawings"),
    ],
)
def test_a_page_has_the_words_of_its_scripts(client: Client, address: str, page: str) -> None:
    """A kiosk that lost them threw at the first thank-you, and at the fault it wanted to tell of."""
    html = client.get(address).content.decode()
    words = json.loads(known(re.search(r'id="words">(.+?)</script>', html))[1])
    assert set(words) == set(PAGES[page])
