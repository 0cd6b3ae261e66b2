from django.contrib import admin


class DigitreAdminSite(admin.AdminSite):
    site_header = "Digitre"
    site_title = "Digitre"
    index_title = "Review and versions"
