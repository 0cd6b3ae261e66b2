from django.urls import path

from training.api import provenance_views, views

app_name = "training"
urlpatterns = [
    path("progress/", views.progress_page, name="progress"),
    path("api/v1/progress/", views.ProgressView.as_view(), name="progress-api"),
    path("api/v1/progress/drawings/", provenance_views.ProvenanceView.as_view(), name="lessons"),
]
