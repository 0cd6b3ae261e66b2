from django.contrib import admin
from django.urls import path

from training.admin import exports
from training.api import export_views, key_export_views, provenance_views, run_views, views, wall_views

app_name = "training"
urlpatterns = [
    path("progress/", views.progress_page, name="progress"),
    path("api/v1/progress/", views.ProgressView.as_view(), name="progress-api"),
    path("api/v1/export/", key_export_views.ExportView.as_view(), name="export-api"),
    path("api/v1/runs/", run_views.RunsView.as_view(), name="runs-api"),
    path("api/v1/runs/<int:run_id>/", run_views.RunView.as_view(), name="run-api"),
    path("wall/<str:code>/", wall_views.wall_page, name="wall"),
    path("api/v1/walls/<str:code>/", wall_views.WallView.as_view(), name="wall-api"),
    path("api/v1/progress/drawings/", provenance_views.ProvenanceView.as_view(), name="lessons"),
    path("api/v1/exports/<str:name>/", export_views.DrawingsFileView.as_view(), name="exports"),
    path("admin/drawings/export/", admin.site.admin_view(exports.page), name="admin-export"),
    path("admin/drawings/export/<int:file_id>/", admin.site.admin_view(exports.prepared), name="admin-export-file"),
]
