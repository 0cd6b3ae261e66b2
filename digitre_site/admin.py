"""The admin site: Django's own, with the dashboard as its first page."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import AbstractUser
from django.http import HttpRequest
from django.template.response import TemplateResponse


class DigitreAdminSite(admin.AdminSite):
    site_header = "Digitre"
    site_title = "Digitre"
    index_title = "The desk"
    enable_nav_sidebar = False  # the header leads to what is used daily, the first page to everything

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        from training.admin.dashboard import dashboard  # the admin site is made before the models are loaded

        assert isinstance(request.user, AbstractUser)  # nobody else gets past `admin_view`
        return super().index(request, (extra_context or {}) | dashboard(request.user))
