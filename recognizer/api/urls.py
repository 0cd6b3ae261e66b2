from django.urls import path

from recognizer.api import batch_views, explanation_views, export_views, session_views, views

app_name = "api"
urlpatterns = [
    path("guesses/", views.GuessesView.as_view(), name="guesses"),
    path("guesses/batch/", batch_views.BatchView.as_view(), name="batch"),
    path("drawings/", views.DrawingsView.as_view(), name="drawings"),
    path("drawings/export/", export_views.ExportView.as_view(), name="export"),
    path("drawings/<uuid:drawing_id>/", views.DrawingDetailView.as_view(), name="drawing"),
    path("drawings/<uuid:drawing_id>/feedback/", views.FeedbackView.as_view(), name="feedback"),
    path("explanations/", explanation_views.ExplanationsView.as_view(), name="explanations"),
    path("rounds/", explanation_views.RoundsView.as_view(), name="rounds"),
    path("session/next/", session_views.NextPersonView.as_view(), name="next-person"),
    path("model/", views.ModelView.as_view(), name="model"),
]
