import os

from django.core.wsgi import get_wsgi_application

from digitre_site import tracing

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digitre_site.settings")
tracing.set_up("digitre-web")

application = get_wsgi_application()

from digitre_site import (  # noqa: E402
    celery,  # noqa: F401  "Train now" wakes the worker through its app
    database_limits,
)

database_limits.limit(database_limits.WEB)
