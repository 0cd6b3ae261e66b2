"""Check the settings, bring the database up to date and make the first account: one process, one Django start.

Speaks to people on stderr; on stdout it prints one JSON object for the launcher.
"""

import json
import os
import secrets
import sys

from django.core.exceptions import ImproperlyConfigured


def first_admin() -> str | None:
    """Make the account ``admin`` when no account may review yet. Returns its password, which is kept nowhere else."""
    from django.contrib.auth import get_user_model

    users = get_user_model().objects
    if users.filter(is_superuser=True).exists() or users.filter(username="admin").exists():
        return None
    password = secrets.token_urlsafe(9)
    users.create_superuser("admin", password=password)
    return password


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digitre_site.settings")
    try:
        import django

        django.setup()
    except ImproperlyConfigured as error:
        print(error, file=sys.stderr)
        return 2

    from django.core.management import call_command
    from django.db import OperationalError

    try:
        call_command("migrate", interactive=False, verbosity=1, stdout=sys.stderr)
    except OperationalError as error:
        print(f"The database does not answer: {str(error).strip()}", file=sys.stderr)
        return 2
    print(json.dumps({"password": first_admin()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
