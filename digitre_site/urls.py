from django.contrib import admin
from django.urls import include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from django.views.i18n import set_language
from drf_spectacular.views import SpectacularSwaggerSplitView

from digitre_site import health
from digitre_site.schema_view import SchemaView
from recognizer.api.views import SeedView, page_not_found

handler500 = "digitre_site.error_pages.server_error"
urlpatterns = [
    path("api/v1/", include("recognizer.api.urls")),  # what is asked for most is found first
    path("", include("recognizer.urls")),
    path("", include("training.urls")),
    path("api/schema/", SchemaView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    path("_get_digit", csrf_exempt(SeedView.as_view()), name="seed"),
    path("language/", csrf_exempt(set_language), name="set_language"),  # SameSiteMiddleware guards it
    path("admin/", admin.site.urls),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    re_path(r"^api/", page_not_found),
]
