from datetime import timedelta

import pytest
from axes.models import AccessAttempt, AccessLog
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from digitre_site import celery, sign_in_records

pytestmark = pytest.mark.django_db
LOGIN = "/admin/login/"


def try_to_sign_in(client: Client, password: str, name: str = "rosa") -> int:
    return client.post(LOGIN, {"username": name, "password": password, "next": "/admin/"}).status_code


def test_right_password_signs_in(reviewer: User, client: Client) -> None:
    assert try_to_sign_in(client, "rosa-secret") == 302


def test_too_many_wrong_passwords_shut_the_door_also_to_the_right_one(reviewer: User, client: Client) -> None:
    answers = [try_to_sign_in(client, "wrong") for _ in range(settings.AXES_FAILURE_LIMIT)]
    assert set(answers[:-1]) == {200}
    assert answers[-1] == 429
    assert try_to_sign_in(client, "rosa-secret") == 429


def test_shut_door_says_so_in_a_sentence(reviewer: User, client: Client) -> None:
    for _ in range(settings.AXES_FAILURE_LIMIT):
        response = client.post(LOGIN, {"username": "rosa", "password": "wrong"})
    assert "quarter of an hour" in response.content.decode()
    assert "default-src 'none'" in response["Content-Security-Policy"]


def test_one_name_shut_out_does_not_shut_out_another(reviewer: User, other_reviewer: User, client: Client) -> None:
    for _ in range(settings.AXES_FAILURE_LIMIT):
        try_to_sign_in(client, "wrong")
    assert try_to_sign_in(client, "omar-secret", "omar") == 302


def test_pretended_address_does_not_reset_the_count(reviewer: User) -> None:
    for number in range(settings.AXES_FAILURE_LIMIT):
        client = Client(headers={"X-Forwarded-For": f"10.0.0.{number}"})
        client.post(LOGIN, {"username": "rosa", "password": "wrong"})
    assert try_to_sign_in(Client(headers={"X-Forwarded-For": "10.9.9.9"}), "rosa-secret") == 429


def test_who_is_no_staff_does_not_get_in(db: None, django_user_model: type[User], client: Client) -> None:
    django_user_model.objects.create_user("visitor", password="visitor-secret")
    assert try_to_sign_in(client, "visitor-secret", "visitor") == 200


def test_records_of_sign_ins_are_kept_for_a_month(reviewer: User, client: Client) -> None:
    client.post(LOGIN, {"username": "rosa", "password": "wrong"})
    try_to_sign_in(client, "rosa-secret")
    try_to_sign_in(client, "wrong", "nobody")
    for records in (AccessLog, AccessAttempt):
        assert records.objects.exists()
    sign_in_records.forget_old()
    assert AccessLog.objects.count() == AccessAttempt.objects.count() == Session.objects.count() == 1
    for records in (AccessLog, AccessAttempt):
        records.objects.update(attempt_time=timezone.now() - timedelta(days=31))
    Session.objects.update(expire_date=timezone.now() - timedelta(days=1))
    celery.forget_sign_ins()
    assert AccessLog.objects.count() == AccessAttempt.objects.count() == Session.objects.count() == 0
