from celery import shared_task

from recognizer import services


@shared_task(name="recognizer.purge", ignore_result=True)  # type: ignore[untyped-decorator]  # Celery has no types
def purge() -> None:
    services.purge_unconfirmed()
