from django.contrib import admin
from django.urls import path

from training.admin import exports
from training.api import export_views, provenance_views, views

app_name = "training"
urlpatterns = [
    path("progress/", views.progress_page, name="progress"),
    path("api/v1/progress/", views.ProgressView.as_view(), name="progress-api"),
    path("api/v1/progress/drawings/", provenance_views.ProvenanceView.as_view(), name="lessons"),
    path("api/v1/exports/<str:name>/", export_views.DrawingsFileView.as_view(), name="exports"),
    path("admin/drawings/export/", admin.site.admin_view(exports.page), name="admin-export"),
    path("admin/drawings/export/<int:file_id>/", admin.site.admin_view(exports.prepared), name="admin-export-file"),
]
