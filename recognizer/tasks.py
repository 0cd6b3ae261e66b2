from celery import shared_task

from recognizer import services


@shared_task(name="recognizer.purge", ignore_result=True)
def purge() -> None:
    services.purge_unconfirmed()
    services.forget_senders()
