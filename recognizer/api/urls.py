from django.urls import path

from recognizer.api import (
    batch_views,
    explanation_views,
    export_views,
    key_views,
    review_views,
    session_views,
    views,
)

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
    path("key/", key_views.KeyView.as_view(), name="key"),
    path("collection/", key_views.CollectionView.as_view(), name="collection"),
    path("review/next/", review_views.NextView.as_view(), name="review-next"),
    path("review/renew/", review_views.RenewView.as_view(), name="review-renew"),
    path("review/release/", review_views.ReleaseView.as_view(), name="review-release"),
    path("review/<uuid:drawing_id>/decision/", review_views.DecisionView.as_view(), name="review-decision"),
    path("session/next/", session_views.NextPersonView.as_view(), name="next-person"),
    path("model/", views.ModelView.as_view(), name="model"),
]
