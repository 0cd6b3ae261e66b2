from django.urls import path

from recognizer import install_views, views

app_name = "pages"
urlpatterns = [
    path("", views.draw, name="draw"),
    path("words/<slug:page>.<slug:language>.json", views.words, name="words"),
    path("manifest.<slug:language>.webmanifest", install_views.manifest, name="manifest"),
    path("service-worker.js", install_views.service_worker, name="service-worker"),
    path("away/", install_views.away, name="away"),
    path("rounds/", views.rounds, name="rounds"),
    path("j/", views.find_campaign, name="find-campaign"),
    path("j/<str:code>/", views.join, name="join"),
    path("kiosk/", views.kiosk, name="kiosk"),
    path("drawings/", views.drawings, name="drawings"),
    path("model/", views.model, name="model"),
    path("about/", views.about, name="about"),
    path("privacy/", views.privacy, name="privacy"),
]
