"""Which language somebody is answered in: the browser's, or the one chosen by hand; and what stays English for everybody."""

from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation
from django.utils.formats import date_format
from rest_framework.test import APIClient

from recognizer import words
from recognizer.labels import NOT_A_DIGIT
from recognizer.models import Drawing, ModelVersion
from recognizer.own_drawings import fate
from recognizer.sentences import Sentence
from tests.support import pictures
from tests.support.drawings import make_drawing

pytestmark = pytest.mark.django_db
PATH = {"strokes": pictures.SEVEN, "canvas": {"width": 280, "height": 280}}
OTHERS = [code for code, _ in settings.LANGUAGES if code != "en"]


def page(client: Client, language: str, path: str = "/about/") -> Any:
    return client.get(path, headers={"accept-language": language})


# pages


@pytest.mark.parametrize(
    ("asked", "given"), [("de-AT,de;q=0.9,en;q=0.8", "de"), ("ja, fr;q=0.5", "fr"), ("ja", "en"), ("", "en")]
)
def test_a_page_is_in_the_language_that_the_browser_likes_best(client: Client, asked: str, given: str) -> None:
    response = page(client, asked)
    assert f'<html lang="{given}"' in response.content.decode()
    assert response["Content-Language"] == given


@pytest.mark.parametrize("language", OTHERS)
def test_a_page_says_nothing_in_english(client: Client, language: str) -> None:
    text = page(client, language).content.decode()
    assert "A reader that learns" not in text
    assert "Skip to the page" not in text


def test_caches_are_told_what_a_page_depends_on(client: Client) -> None:
    assert {"Accept-Language", "Cookie"} <= {name.strip() for name in page(client, "de")["Vary"].split(",")}


def test_arabic_runs_from_right_to_left_and_german_does_not(client: Client) -> None:
    assert '<html lang="ar" dir="rtl">' in page(client, "ar").content.decode()
    assert '<html lang="de">' in page(client, "de").content.decode()


def test_an_address_without_a_page_says_so_in_the_language_too(client: Client) -> None:
    response = page(client, "de", "/nothing-here/")
    assert response.status_code == 404
    assert "Unter dieser Adresse gibt es nichts." in response.content.decode()


# chosen by hand


def test_a_language_that_is_chosen_is_stronger_than_the_browsers(client: Client) -> None:
    chosen = client.post("/language/", {"language": "fr", "next": "/about/"})
    assert (chosen.status_code, chosen["Location"]) == (302, "/about/")
    assert page(client, "de")["Content-Language"] == "fr"


def test_every_language_can_be_chosen_on_every_page_in_its_own_words(client: Client) -> None:
    text = page(client, "de").content.decode()
    for code, name in settings.LANGUAGES:
        assert f'value="{code}" lang="{code}"' in text
        assert f">{name}</button>" in text
    assert text.count('aria-current="true"') == 1


def test_nobody_is_sent_to_another_site(client: Client) -> None:
    assert client.post("/language/", {"language": "fr", "next": "https://example.org/"})["Location"] == "/"


def test_no_page_of_another_site_chooses(client: Client) -> None:
    response = client.post("/language/", {"language": "fr"}, headers={"origin": "https://example.org"})
    assert response.status_code == 403
    assert settings.LANGUAGE_COOKIE_NAME not in client.cookies


# the API


@pytest.mark.parametrize(
    ("language", "message"), [("en", "I read a 7. Very sure."), ("de", "Ich lese eine 7. Sehr sicher.")]
)
def test_an_answer_s_message_follows_the_header_and_its_words_do_not(
    visitor: APIClient,
    language: str,
    message: str,
) -> None:
    response = visitor.post("/api/v1/guesses/", PATH, headers={"accept-language": language})
    answer = response.json()
    assert (answer["message"], answer["kind"], answer["certainty"]) == (message, "digit", "very sure")
    assert response["Content-Language"] == language
    assert "Accept-Language" in response["Vary"]


def test_an_error_s_detail_follows_the_header_and_its_code_does_not(visitor: APIClient) -> None:
    body = {"strokes": [[[1e9, 5]]], "canvas": {"width": 280, "height": 280}}
    response = visitor.post("/api/v1/guesses/", body, headers={"accept-language": "de"})
    assert response.json() == {"code": "invalid_strokes", "detail": "Ein Strich verlässt die Zeichenfläche."}


def test_a_call_is_told_its_language_by_its_header_alone(visitor: APIClient) -> None:
    visitor.cookies[settings.LANGUAGE_COOKIE_NAME] = "fr"
    assert visitor.get("/api/v1/nowhere/", headers={"accept-language": "de"})["Content-Language"] == "de"


def test_the_words_of_2017_stay_as_they_were(visitor: APIClient) -> None:
    body = [{"digit": pictures.data_url(pictures.canvas_png())}]
    plain = visitor.post("/_get_digit", body)
    assert visitor.post("/_get_digit", body, headers={"accept-language": "de"}).content == plain.content
    assert (
        visitor.post("/_get_digit", [], headers={"accept-language": "de"}).content
        == visitor.post("/_get_digit", []).content
    )


# what stays English


def test_the_admin_is_english_whatever_the_browser_says(client: Client) -> None:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "de"
    text = page(client, "de", "/admin/login/").content.decode()
    assert '<html lang="en' in text
    assert "Password" in text


def test_the_schema_is_english_too(client: Client) -> None:
    path = "/api/schema/?format=json"
    assert page(client, "de", path).content == page(client, "en", path).content


def test_a_language_ends_with_its_request(client: Client) -> None:
    page(client, "de")
    assert translation.get_language() == "en"


# numbers, dates and stored texts


@pytest.mark.parametrize(
    ("language", "said"), [("en", "98.74 %"), ("de", "98,74\N{NO-BREAK SPACE}%"), ("ar", "98.74%")]
)
def test_a_share_is_written_as_the_language_does(language: str, said: str) -> None:
    with translation.override(language):
        assert words.share("98.74 %") == said


def test_a_date_is_written_as_the_language_does(client: Client, model: object) -> None:
    made = ModelVersion.objects.get().created_at
    text = page(client, "de", "/model/").content.decode()
    with translation.override("de"):
        assert f"<dd>{date_format(made, 'DATE_FORMAT')}</dd>" in text
    assert date_format(made, "DATE_FORMAT") not in text


def test_a_counted_sentence_takes_the_form_of_its_number() -> None:
    def said(count: int) -> str:
        return words.said(Sentence.counted("in {count} second", "in {count} seconds", count))

    with translation.override("ar"):
        assert [said(count) for count in (1, 2, 3, 11)] == ["بعد ثانية", "بعد ثانيتين", "بعد 3 ثوانٍ", "بعد 11 ثانية"]
    assert [said(count) for count in (1, 2)] == ["in 1 second", "in 2 seconds"]


def test_a_recorded_reason_is_said_in_the_language_and_a_reviewer_s_own_words_stay() -> None:
    drawing = make_drawing(confirmed=NOT_A_DIGIT)
    drawing.status, drawing.status_reason = Drawing.Status.REJECTED, "offensive"
    with translation.override("de"):
        assert fate(drawing) == "Beim Nachprüfen beiseitegelegt: anstößig."
        drawing.status_reason = "looks like my cat"
        assert fate(drawing) == "Beim Nachprüfen beiseitegelegt: looks like my cat."


# what scripts say


def test_words_that_come_later_are_in_the_language_of_their_address(client: Client) -> None:
    response = page(client, "fr", "/words/answers.de.json")
    assert response.json()["was_right"] == "War das richtig?"
    assert response["Content-Language"] == "de"
    assert "immutable" in response["Cache-Control"]


@pytest.mark.parametrize("path", ["/words/answers.xx.json", "/words/nothing.de.json"])
def test_there_are_no_words_of_what_there_is_not(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404
