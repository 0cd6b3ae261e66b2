import logging

from celery import shared_task

from recognizer import services
from recognizer.notices import announcing, outbox

logger = logging.getLogger(__name__)
DELIVERY_SECONDS = 180  # a pass takes 40 and its last try 30; what hangs longer hangs in the system's resolver
ONE_TRY = {"max_retries": 1, "interval_start": 0}  # retry=False would still try to connect for 6 s, and people wait


@shared_task(name="recognizer.purge", ignore_result=True)
def purge() -> None:
    services.purge_unconfirmed()
    services.forget_senders()
    outbox.forget_old()


@shared_task(name="recognizer.deliver", ignore_result=True, time_limit=DELIVERY_SECONDS)
def deliver() -> str:
    """Tell whoever wants to know what has happened since. Returns what was delivered."""
    announcing.announce_waiting()
    return str(outbox.deliver_due())


def wake_deliverer() -> None:
    """Have a worker look at the outbox now rather than at the next tick. Best effort: the rows are what counts."""
    try:
        deliver.apply_async(retry_policy=ONE_TRY, expires=60)
    except Exception:  # whatever the broker's client raises, the next tick takes the outbox out
        logger.warning("cannot reach the broker; the outbox is taken out with the next tick", exc_info=True)
