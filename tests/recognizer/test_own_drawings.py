"""What a contributor may ask of their drawings."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from recognizer.models import Contributor, Drawing, LabelEvent


@pytest.fixture
def drawing(visitor: APIClient, seven: dict[str, Any]) -> Drawing:
    return Drawing.objects.get(pk=visitor.post("/api/v1/drawings/", seven).json()["id"])


def fate(visitor: APIClient, drawing: Drawing) -> str:
    return str(visitor.get(f"/api/v1/drawings/{drawing.pk}/").json()["fate"])


def test_a_fate_is_a_sentence_for_each_status(
    visitor: APIClient, drawing: Drawing, django_user_model: type[User]
) -> None:
    reviewer = django_user_model.objects.create_user("reviewer")
    Contributor.objects.update(is_exam=False)  # PostgreSQL numbers people on across tests, and every fifth is examined
    drawing.refresh_from_db()
    assert fate(visitor, drawing).startswith("You have not said what it is")
    visitor.put(f"/api/v1/drawings/{drawing.pk}/feedback/", {"label": 1})
    assert fate(visitor, drawing) == "Waiting for a reviewer."
    drawing.refresh_from_db()
    drawing.approve(1, reviewer)
    assert fate(visitor, drawing) == "Accepted for training."
    drawing.reject("a doodle", reviewer)
    assert fate(visitor, drawing) == "Set aside by a reviewer: a doodle."


def test_an_exam_contributor_is_told_so(visitor: APIClient, drawing: Drawing, django_user_model: type[User]) -> None:
    drawing.contributor.is_exam = True
    drawing.contributor.save()
    drawing.approve(7, django_user_model.objects.create_user("reviewer"))
    assert "exam question" in fate(visitor, drawing)


def test_each_version_that_ever_answered_says_what_it_says_now(visitor: APIClient, drawing: Drawing) -> None:
    answers = visitor.get(f"/api/v1/drawings/{drawing.pk}/").json()["answers"]
    assert [answer["version"] for answer in answers] == [1]
    assert answers[0]["digit"] in {*range(10), None}


def test_the_export_is_a_file_with_all_of_ones_own_and_nobody_elses(
    visitor: APIClient, client: Client, drawing: Drawing
) -> None:
    response = visitor.get("/api/v1/drawings/export/")
    exported = json.loads(response.getvalue())
    assert "attachment" in response["Content-Disposition"]
    assert [entry["id"] for entry in exported] == [str(drawing.pk)]
    assert json.loads(client.get("/api/v1/drawings/export/").getvalue()) == []


def test_a_label_can_be_taken_back_and_the_history_keeps_both(visitor: APIClient, drawing: Drawing) -> None:
    url = f"/api/v1/drawings/{drawing.pk}/feedback/"
    visitor.put(url, {"label": 1})
    assert visitor.delete(url).status_code == 204
    assert visitor.delete(url).status_code == 204  # again: nothing more happens

    drawing.refresh_from_db()
    assert (drawing.confirmed_label, drawing.status) == (None, "unconfirmed")
    events = [(event.action, event.label, event.previous_label) for event in LabelEvent.objects.filter(drawing=drawing)]
    assert events == [("confirmed", 1, None), ("withdrawn", None, 1)]


def test_a_reviewed_label_cannot_be_taken_back(
    visitor: APIClient, drawing: Drawing, django_user_model: type[User]
) -> None:
    drawing.approve(1, django_user_model.objects.create_user("reviewer"))
    assert visitor.delete(f"/api/v1/drawings/{drawing.pk}/feedback/").status_code == 409


def test_somebody_elses_label_cannot_be_taken_back(client: Client, drawing: Drawing) -> None:
    assert client.delete(f"/api/v1/drawings/{drawing.pk}/feedback/").status_code == 404
