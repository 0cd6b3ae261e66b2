"""Pages that are the same for everybody are rendered once, and whatever they depend on parts them."""

import pytest
from django.test import Client
from pytest_django import Settings

from recognizer.models import Campaign

pytestmark = pytest.mark.django_db
PAGES = ["/", "/rounds/", "/drawings/", "/about/", "/privacy/"]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_rendered_for_the_first_who_asks(client: Client, path: str) -> None:
    first, second = client.get(path), Client().get(path)
    assert first.templates
    assert not second.templates
    assert second.content == first.content
    assert second.headers["Content-Type"] == first.headers["Content-Type"]
    assert second.headers["Content-Language"] == "en"


@pytest.mark.parametrize("path", PAGES)
def test_each_language_and_address_has_its_own(client: Client, settings: Settings, path: str) -> None:
    settings.ALLOWED_HOSTS = ["here.example", "there.example"]
    german = client.get(path, headers={"Accept-Language": "de", "Host": "here.example"})
    assert b'<html lang="de"' in german.content
    for host in settings.ALLOWED_HOSTS:
        page = client.get(path, headers={"Host": host})
        assert b'<html lang="en"' in page.content
        assert f'content="http://{host}{path}"'.encode() in page.content


def test_where_the_next_person_begins_is_said_to_those_whom_it_concerns(client: Client, settings: Settings) -> None:
    settings.DIGITRE_IDLE_SECONDS = 90
    alone = client.get("/").content
    campaign = Campaign(name="a class", consent_text="Your drawings are kept.")
    campaign.save()
    visitor = Client()
    visitor.post(f"/j/{campaign.code}/", {"version": campaign.consent_version})
    member = visitor.get("/").content
    assert f"/j/{campaign.code}/".encode() in member
    assert f"/j/{campaign.code}/".encode() not in alone
    settings.DIGITRE_IDLE_SECONDS = 0
    assert client.get("/").content != alone


def test_whoever_works_on_the_templates_sees_each_change(client: Client, settings: Settings) -> None:
    settings.DEBUG = True
    assert client.get("/about/").templates
    assert client.get("/about/").templates
