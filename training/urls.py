from django.urls import path

from training import views

app_name = "training"
urlpatterns = [
    path("progress/", views.progress_page, name="progress"),
    path("api/v1/progress/", views.ProgressView.as_view(), name="progress-api"),
]
