from django.contrib.admin.apps import AdminConfig


class DigitreAdminConfig(AdminConfig):
    default_site = "digitre_site.admin.DigitreAdminSite"
