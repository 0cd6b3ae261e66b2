from django.contrib.admin.apps import AdminConfig
from django.contrib.staticfiles.apps import StaticFilesConfig


class DigitreAdminConfig(AdminConfig):
    default_site = "digitre_site.admin.DigitreAdminSite"


class DigitreStaticConfig(StaticFilesConfig):
    """Leave out what no page of ours asks for: collecting them cost 2 of 5 s a start. Types are for the type checker."""

    ignore_patterns = [*StaticFilesConfig.ignore_patterns, "redoc", "rest_framework", "*.d.ts"]
