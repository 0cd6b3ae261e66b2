"""Who signed in, or tried to, from where: kept for as long as somebody may have to look, and no longer."""

from datetime import timedelta

from axes.models import AccessAttempt, AccessLog
from django.core.management import call_command
from django.utils import timezone

KEPT = timedelta(days=30)  # after a break-in is noticed, one asks about weeks


def forget_old() -> None:
    """Delete records of sign-ins, of failed ones, and sessions that are over."""
    moment = timezone.now() - KEPT
    for records in (AccessAttempt, AccessLog):
        records.objects.filter(attempt_time__lt=moment).delete()
    call_command("clearsessions")
