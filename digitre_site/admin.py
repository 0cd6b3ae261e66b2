"""The admin site: Django's own, with the dashboard as its first page."""

from django.contrib import admin
from django.http import HttpRequest
from django.template.response import TemplateResponse


class DigitreAdminSite(admin.AdminSite):
    site_header = "Digitre"
    site_title = "Digitre"
    index_title = "The desk"
    enable_nav_sidebar = False  # the header leads to what is used daily, the first page to everything

    def index(self, request: HttpRequest, extra_context: dict | None = None) -> TemplateResponse:
        from training.admin.dashboard import dashboard  # the admin site is made before the models are loaded

        return super().index(request, (extra_context or {}) | dashboard(request.user))
