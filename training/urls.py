from django.urls import path

from training.api import provenance_views, views, wall_views

app_name = "training"
urlpatterns = [
    path("progress/", views.progress_page, name="progress"),
    path("api/v1/progress/", views.ProgressView.as_view(), name="progress-api"),
    path("wall/<str:code>/", wall_views.wall_page, name="wall"),
    path("api/v1/walls/<str:code>/", wall_views.WallView.as_view(), name="wall-api"),
    path("api/v1/progress/drawings/", provenance_views.ProvenanceView.as_view(), name="lessons"),
]
