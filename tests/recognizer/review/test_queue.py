import itertools
import threading
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from recognizer.models import CLAIM_TIMEOUT, Contributor, Drawing, LabelEvent, Look
from recognizer.review import queue, reviewer_figures
from recognizer.review.priority import record_of, review_priority, suspicion_of
from recognizer.review.queue import CHECK_EVERY, KNOWN_EVERY, ORDERS, Taken, Wanted
from tests.support.accounts import MakeUser
from tests.support.drawings import make_drawing, make_drawings
from tests.support.known import known

pytestmark = pytest.mark.django_db


def ids(drawings: Iterable[Drawing]) -> list[Any]:
    return [drawing.pk for drawing in drawings]


# what goes first


def test_disagreement_goes_before_any_agreement(db: None) -> None:
    sure_of_another = make_drawing(seed=1, drawn=7, predicted=1, confirmed=7, confidence=0.99)
    unsure_of_the_same = make_drawing(seed=2, predicted=7, confirmed=7, confidence=0.3)
    assert ids(Drawing.objects.waiting()) == [sure_of_another.pk, unsure_of_the_same.pk]


def test_among_disagreements_the_least_certain_goes_first(db: None) -> None:
    sure = make_drawing(seed=1, predicted=1, confirmed=7, confidence=0.99)
    unsure = make_drawing(seed=2, predicted=1, confirmed=7, confidence=0.4)
    assert ids(Drawing.objects.waiting()) == [unsure.pk, sure.pk]


def test_refusal_of_what_a_person_calls_no_digit_is_no_disagreement(db: None) -> None:
    make_drawing(seed=1, predicted=None, confirmed=10, confidence=0.5)
    assert Drawing.objects.get().review_priority < 2


def test_rare_label_goes_before_a_common_one(reviewer: User) -> None:
    for seed in range(12):
        make_drawing(seed=seed, confirmed=7).approve(7, reviewer)
    cache.clear()  # the counts are kept for some minutes
    rare, common = make_drawing(seed=50, predicted=4, confirmed=4), make_drawing(seed=51, predicted=7, confirmed=7)
    assert review_priority(rare, 4) > review_priority(common, 7)


def test_contributor_who_is_often_contradicted_is_more_suspect(db: None) -> None:
    honest, troll = Contributor.join(), Contributor.join()
    for seed in range(10):
        make_drawing(seed=seed, contributor=honest, predicted=7, confirmed=7)
        make_drawing(seed=seed + 100, contributor=troll, predicted=7, confirmed=1)
    one, other = (make_drawing(seed=200 + n, contributor=who, confirmed=None) for n, who in enumerate((honest, troll)))
    assert suspicion_of(other, 7) > suspicion_of(one, 7)
    assert 0 <= suspicion_of(one, 7) <= suspicion_of(one, 1) <= 1


# claims


def test_two_reviewers_get_different_drawings(reviewer: User, other_reviewer: User) -> None:
    make_drawings(6)
    first, second = (queue.claim(user, 3) for user in (reviewer, other_reviewer))
    assert len(first) == len(second) == 3
    assert not set(ids(first)) & set(ids(second))


def test_claim_times_out(reviewer: User, other_reviewer: User) -> None:
    drawing = make_drawing()
    queue.claim(reviewer, 1)
    assert queue.claim(other_reviewer, 1) == []
    Drawing.objects.filter(pk=drawing.pk).update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert ids(queue.claim(other_reviewer, 1)) == [drawing.pk]


def test_claim_lasts_as_long_as_it_is_renewed(reviewer: User, other_reviewer: User) -> None:
    drawing = make_drawing()
    queue.claim(reviewer, 1)
    Drawing.objects.update(claimed_until=timezone.now() + timedelta(seconds=1))
    queue.renew(reviewer, [drawing.pk])
    assert known(Drawing.objects.get().claimed_until) > timezone.now() + CLAIM_TIMEOUT / 2


def test_released_drawing_is_handed_out_at_once(reviewer: User, other_reviewer: User) -> None:
    make_drawing()
    held = queue.claim(reviewer, 1)
    queue.release(other_reviewer, ids(held))  # not theirs to give back
    assert queue.claim(other_reviewer, 1) == []
    queue.release(reviewer, ids(held))
    assert ids(queue.claim(other_reviewer, 1)) == ids(held)


def test_reviewer_gets_back_what_they_held_when_the_page_is_loaded_anew(reviewer: User) -> None:
    make_drawings(3)
    assert set(ids(queue.claim(reviewer, 3))) == set(ids(queue.claim(reviewer, 3)))


def test_skipped_drawings_are_not_handed_out_again(reviewer: User) -> None:
    make_drawings(2)
    first, second = ids(Drawing.objects.waiting())
    assert ids(queue.claim(reviewer, 2, without=[first])) == [second]


@pytest.mark.django_db(transaction=True)
def test_many_reviewers_at_once_never_share_a_drawing(make_user: MakeUser) -> None:
    make_drawings(24)
    users = [make_user(f"reviewer{number}", "Reviewer") for number in range(4)]
    claimed: dict[int, list[Any]] = {user.pk: [] for user in users}

    def work(user: User) -> None:
        try:
            for _ in range(6):
                claimed[user.pk] += ids(queue.claim(user, 1, without=claimed[user.pk]))
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(user,)) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    handed_out = list(itertools.chain(*claimed.values()))
    assert len(handed_out) == len(set(handed_out)) == 24


# decisions


def test_decision_is_recorded_and_the_claim_ends(reviewer: User) -> None:
    make_drawing(confirmed=7)
    (drawing,) = queue.claim(reviewer, 1)
    queue.decide(reviewer, drawing.pk, 1)
    drawing = Drawing.objects.get()
    assert (drawing.status, drawing.label, drawing.claimed_by) == ("approved", 1, None)


def test_same_decision_again_adds_nothing(reviewer: User) -> None:
    drawing = make_drawing(confirmed=7)
    for _ in range(3):
        queue.decide(reviewer, drawing.pk, None, reason="not readable")
    assert LabelEvent.objects.filter(action="rejected").count() == 1


def test_decision_on_what_another_holds_is_refused(reviewer: User, other_reviewer: User) -> None:
    make_drawing()
    (drawing,) = queue.claim(reviewer, 1)
    with pytest.raises(Taken, match="has it now"):
        queue.decide(other_reviewer, drawing.pk, 7)


def test_late_decision_does_not_overrule_a_quicker_reviewer(reviewer: User, other_reviewer: User) -> None:
    make_drawing()
    (drawing,) = queue.claim(reviewer, 1)
    Drawing.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    queue.decide(other_reviewer, drawing.pk, 7)
    Drawing.objects.update(check_due="")
    with pytest.raises(Taken, match="has decided"):
        queue.decide(reviewer, drawing.pk, 1)
    assert Drawing.objects.get().label == 7


def test_late_decision_counts_where_nobody_else_decided(reviewer: User) -> None:
    make_drawing()
    (drawing,) = queue.claim(reviewer, 1)
    Drawing.objects.update(claimed_until=timezone.now() - timedelta(hours=9))
    queue.decide(reviewer, drawing.pk, 7)
    assert Drawing.objects.get().status == "approved"


def test_undone_drawing_is_held_by_who_undid_it(reviewer: User, other_reviewer: User) -> None:
    drawing = make_drawing()
    queue.decide(reviewer, drawing.pk, 7)
    queue.undo(reviewer, drawing.pk)
    assert queue.claim(other_reviewer, 1) == []
    assert Drawing.objects.get().status == "waiting"


# checks


def due(look: str, count: int = 1, **columns: object) -> list[Drawing]:
    made = [make_drawing(seed=500 + number, confirmed=7) for number in range(count)]
    for drawing in made:
        drawing.approve_by_rule("they agree")
    Drawing.objects.filter(pk__in=ids(made)).update(check_due=look, **columns)
    return made


def test_every_tenth_drawing_is_a_check_of_the_rule(reviewer: User) -> None:
    make_drawings(CHECK_EVERY)
    (audit,) = due(Look.AUDIT)
    assert audit.pk in ids(queue.claim(reviewer, 1, served=CHECK_EVERY - 1))
    queue.release(reviewer, [audit.pk])
    assert audit.pk not in ids(queue.claim(reviewer, 1, served=CHECK_EVERY))


def test_second_opinions_are_asked_for_in_blind_mode_and_of_another(reviewer: User, other_reviewer: User) -> None:
    (drawing,) = due(Look.SECOND, reviewed_by=reviewer, reviewed_at=timezone.now(), reviewed_label=7)
    assert queue.claim(reviewer, 1, blind=True) == []
    assert queue.claim(other_reviewer, 1, blind=False) == []
    assert ids(queue.claim(other_reviewer, 1, blind=True)) == [drawing.pk]


def test_quarantined_drawings_come_when_nothing_else_waits(reviewer: User) -> None:
    set_aside = make_drawing(seed=1)
    set_aside.quarantine("others call it a 1")
    waiting = make_drawing(seed=2)
    assert ids(queue.claim(reviewer, 2)) == [waiting.pk, set_aside.pk]


def test_error_rate_counts_what_blind_checks_contradict(reviewer: User) -> None:
    for drawing, label in zip(due(Look.AUDIT, 4), [7, 7, 7, 1], strict=True):
        queue.decide(reviewer, drawing.pk, label)
    rate = known(queue.error_rate())
    assert (rate.hits, rate.total) == (1, 4)
    assert rate.low < 0.25 < rate.high


def test_undone_checks_do_not_count(reviewer: User) -> None:
    (drawing,) = due(Look.AUDIT)
    queue.decide(reviewer, drawing.pk, 1)
    queue.undo(reviewer, drawing.pk)
    assert queue.error_rate() is None
    Drawing.objects.update(check_due=Look.AUDIT)
    queue.decide(reviewer, drawing.pk, 7)
    assert known(queue.error_rate()).hits == 0


def test_agreement_rate_counts_second_opinions(reviewer: User, other_reviewer: User) -> None:
    made = due(Look.SECOND, 3, reviewed_by=reviewer, reviewed_at=timezone.now(), reviewed_label=7)
    for drawing, label in zip(made, [7, 7, None], strict=True):
        queue.decide(other_reviewer, drawing.pk, label, blind=True)
    rate = known(queue.agreement_rate())
    assert (rate.hits, rate.total) == (2, 3)


def test_second_opinion_sent_again_changes_nothing(reviewer: User, other_reviewer: User) -> None:
    (drawing,) = due(Look.SECOND, reviewed_by=reviewer, reviewed_at=timezone.now(), reviewed_label=7)
    for _ in range(2):
        queue.decide(other_reviewer, drawing.pk, 1, blind=True)
    assert LabelEvent.objects.filter(action="seconded").count() == 1
    assert Drawing.objects.get().status == "waiting"


# windows, orders, filters


def test_two_windows_of_one_reviewer_get_different_drawings(reviewer: User) -> None:
    make_drawings(4)
    first, second = (ids(queue.claim(reviewer, 2, window=window)) for window in ("one", "other"))
    assert len(first) == len(second) == 2
    assert not set(first) & set(second)


def test_decision_on_what_another_window_holds_or_decided_is_refused(reviewer: User) -> None:
    make_drawing()
    (drawing,) = queue.claim(reviewer, 1, window="one")
    with pytest.raises(Taken, match="Another window"):
        queue.decide(reviewer, drawing.pk, 1, window="other")
    queue.decide(reviewer, drawing.pk, 7, window="one")
    with pytest.raises(Taken, match="elsewhere"):
        queue.decide(reviewer, drawing.pk, 1, window="other")
    assert Drawing.objects.get().label == 7


def test_default_order_is_by_suspicion_and_each_order_is_its_own(db: None) -> None:
    telling = make_drawing(seed=1, predicted=1, confirmed=7, confidence=0.6)
    suspicious = make_drawing(seed=2, predicted=1, confirmed=7, confidence=0.999)
    unsure = make_drawing(seed=3, predicted=7, confirmed=7, confidence=0.3)
    Drawing.objects.filter(pk=unsure.pk).update(rarity=0.9, suspicion=0.1)
    first = {order: ids(Wanted(order=order).narrow(Drawing.objects.all()))[0] for order in ORDERS}
    assert first == {
        "suspicious": suspicious.pk,
        "telling": telling.pk,
        "unsure": unsure.pk,
        "rare": unsure.pk,
        "oldest": telling.pk,
    }
    assert queue.DEFAULT_ORDER == "suspicious"


def test_filters_leave_what_was_asked_for(reviewer: User) -> None:
    wanted = make_drawing(seed=1, predicted=4, confirmed=9, prompted_label=9)
    make_drawing(seed=2, predicted=4, confirmed=4)
    for chosen in (
        {"contributor": wanted.contributor_id},
        {"label": 9},
        {"source": "round"},
        {"version": wanted.model_version_id, "label": 9},
    ):
        claimed = queue.claim(reviewer, 3, wanted=Wanted(**chosen))
        assert ids(claimed) == [wanted.pk]
        queue.release(reviewer, ids(claimed))
    assert queue.claim(reviewer, 3, wanted=Wanted(source="import")) == []


def test_what_a_reviewer_approved_is_not_held_against_its_contributor(reviewer: User) -> None:
    odd = Contributor.join()
    for seed in range(4):
        make_drawing(seed=seed, contributor=odd, predicted=1, confirmed=7).approve(7, reviewer)
    make_drawing(seed=9, contributor=odd, predicted=7, confirmed=7).approve(1, reviewer)
    assert record_of(odd.pk) == (1, 5)


# a third reviewer


def disputed(reviewer: User, other_reviewer: User) -> Drawing:
    (drawing,) = due(Look.SECOND, reviewed_by=reviewer, reviewed_at=timezone.now(), reviewed_label=7)
    LabelEvent.objects.create(drawing=drawing, actor="reviewer", action="approved", user=reviewer, label=7)
    queue.decide(other_reviewer, drawing.pk, 1, blind=True)
    return Drawing.objects.get(pk=drawing.pk)


def test_where_two_reviewers_differ_a_third_one_is_told_why_and_decides(
    reviewer: User, other_reviewer: User, make_user: MakeUser
) -> None:
    drawing = disputed(reviewer, other_reviewer)
    assert (drawing.status, drawing.check_due) == ("waiting", Look.THIRD)
    assert drawing.status_reason == "two reviewers differ: one says 7 and the other says 1"
    for blind in (True, False):
        assert queue.claim(reviewer, 1, blind=blind) == queue.claim(other_reviewer, 1, blind=blind) == []
    third = make_user("thea", "Reviewer")
    assert ids(queue.claim(third, 1)) == [drawing.pk]
    queue.decide(third, drawing.pk, 1)
    drawing.refresh_from_db()
    assert (drawing.status, drawing.label, drawing.check_due) == ("approved", 1, "")


def test_who_differed_does_not_decide(reviewer: User, other_reviewer: User) -> None:
    drawing = disputed(reviewer, other_reviewer)
    with pytest.raises(Taken, match="third"):
        queue.decide(reviewer, drawing.pk, 1)


def test_taking_back_a_second_opinion_leaves_the_first(reviewer: User, other_reviewer: User) -> None:
    drawing = disputed(reviewer, other_reviewer)
    queue.undo(other_reviewer, drawing.pk)
    drawing.refresh_from_db()
    assert (drawing.status, drawing.reviewed_label, drawing.reviewed_by) == ("approved", 7, reviewer)


# drawings whose answer is known


def known_drawing(reviewer: User, other_reviewer: User) -> Drawing:
    (drawing,) = due(Look.SECOND, reviewed_by=reviewer, reviewed_at=timezone.now(), reviewed_label=7)
    queue.decide(other_reviewer, drawing.pk, 7, blind=True)
    return Drawing.objects.get(pk=drawing.pk)


def test_what_two_reviewers_call_the_same_tests_others(
    reviewer: User, other_reviewer: User, make_user: MakeUser
) -> None:
    drawing = known_drawing(reviewer, other_reviewer)
    assert drawing.is_known
    third = make_user("thea", "Reviewer")
    (claimed,) = queue.claim(third, 1, served=KNOWN_EVERY - 1)
    assert (claimed.pk, claimed.claimed_look) == (drawing.pk, Look.KNOWN)
    queue.decide(third, drawing.pk, 1)
    queue.decide(third, drawing.pk, 1)  # the answer was lost
    drawing.refresh_from_db()
    assert (drawing.status, drawing.label, drawing.reviewed_by) == ("approved", 7, reviewer)
    rate = reviewer_figures.error_rates()[third.pk]
    assert (rate.hits, rate.total) == (1, 1)
    assert rate.low < 0.25
    assert queue.claim(third, 1, served=KNOWN_EVERY - 1) == []  # nobody is asked the same twice


def test_taking_back_a_word_on_a_test_takes_back_the_word_alone(
    reviewer: User, other_reviewer: User, make_user: MakeUser
) -> None:
    drawing = known_drawing(reviewer, other_reviewer)
    third = make_user("thea", "Reviewer")
    queue.claim(third, 1, served=KNOWN_EVERY - 1)
    queue.decide(third, drawing.pk, 1)
    queue.undo(third, drawing.pk)
    drawing.refresh_from_db()
    assert (drawing.status, drawing.label, drawing.is_known) == ("approved", 7, True)
    assert reviewer_figures.error_rates() == {}
    queue.decide(third, drawing.pk, 7)
    assert reviewer_figures.error_rates()[third.pk].hits == 0


# notes


def test_note_decides_nothing_and_hides_no_decision_from_undo(reviewer: User) -> None:
    drawing = make_drawing()
    queue.decide(reviewer, drawing.pk, 1)
    queue.note(reviewer, drawing.pk, "a 7 with a long foot")
    queue.decide(reviewer, drawing.pk, 1)  # sent again
    assert drawing.events.filter(action="approved").count() == 1
    queue.undo(reviewer, drawing.pk)
    assert Drawing.objects.get().status == "waiting"
