"""Every setting of the site, read from the environment. Nonsense stops the start with a sentence."""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import environ
import structlog
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()


def env_switch(name: str, default: bool) -> bool:
    """Read on/off; unlike a truthy cast, a typing error is an error and not "off"."""
    words = {
        "1": True,
        "true": True,
        "on": True,
        "yes": True,
        "0": False,
        "false": False,
        "off": False,
        "no": False,
    }
    raw = os.environ.get(name, "").strip().lower()
    if not raw:
        return default
    if raw not in words:
        raise ImproperlyConfigured(f"{name} must be on or off, not {raw!r}.")
    return words[raw]


def env_choice(name: str, default: str, choices: tuple[str, ...]) -> str:
    value = os.environ.get(name, "").strip() or default
    if value not in choices:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(choices)}, not {value!r}.")
    return value


def env_count(name: str, default: int, least: int = 0) -> int:
    raw = os.environ.get(name, "").strip()
    if not raw:
        return default
    if not raw.isascii() or not raw.isdigit() or int(raw) < least:
        raise ImproperlyConfigured(f"{name} must be a whole number, {least} or more, not {raw!r}.")
    return int(raw)


def env_names(name: str, default: list[str]) -> list[str]:
    given = [word.strip() for word in os.environ.get(name, "").split(",")]
    return [word for word in given if word] or default


# Where this installation keeps what is its own: SQLite, the secret, the embedded broker
VAR_DIR = Path(os.environ.get("DIGITRE_VAR_DIR") or BASE_DIR / "var")
VAR_DIR.mkdir(parents=True, exist_ok=True)

DEBUG = env_switch("DEBUG", False)
DIGITRE_INSECURE_HTTP = env_switch("DIGITRE_INSECURE_HTTP", False)


def read_secret_key() -> str:
    kept = VAR_DIR / "secret_key"  # made by `make run`
    key = os.environ.get("SECRET_KEY") or (kept.read_text().strip() if kept.exists() else "")
    if not key and not DEBUG:
        raise ImproperlyConfigured(
            "SECRET_KEY is not set and DEBUG is off. "
            "Set SECRET_KEY to a long random text, or start with `make run`, which makes one."
        )
    return key or "insecure-and-only-for-debug"


SECRET_KEY = read_secret_key()
ALLOWED_HOSTS = env_names("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
NUM_PROXIES = env_count("NUM_PROXIES", 0)
CSRF_TRUSTED_ORIGINS = env_names("CSRF_TRUSTED_ORIGINS", [])

# Digitre's own
DIGITRE_AUTO_APPROVE = env_choice("DIGITRE_AUTO_APPROVE", "agreement", ("agreement", "all", "none"))
DIGITRE_THROTTLES = env_switch("DIGITRE_THROTTLES", True)
DIGITRE_RETENTION_DAYS = env_count("DIGITRE_RETENTION_DAYS", 30, least=1)  # unconfirmed drawings are purged after
DIGITRE_METRICS_TOKEN = os.environ.get("DIGITRE_METRICS_TOKEN", "")  # lets a scraper read /metrics; staff may always


def read_data_dir() -> Path | None:
    raw = os.environ.get("DIGITRE_DATA_DIR", "").strip()
    if raw and not Path(raw).is_dir():
        raise ImproperlyConfigured(f"DIGITRE_DATA_DIR must be a folder of data sets, and {raw!r} is not a folder.")
    return Path(raw) if raw else None


DIGITRE_DATA_DIR = read_data_dir()

INSTALLED_APPS = [
    "digitre_site.apps.DigitreAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "digitre_site.apps.DigitreStaticConfig",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "csp",
    "axes",
    "django_structlog",
    "recognizer",
    "training",
]

MIDDLEWARE = [
    "digitre_site.page_middleware.LanguageMiddleware",
    "digitre_site.middleware.BodyCapMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "digitre_site.page_middleware.PolicyMiddleware",
    "digitre_site.middleware.DatabaseDownMiddleware",
    "digitre_site.page_middleware.PageSessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "digitre_site.middleware.SameSiteMiddleware",
    "digitre_site.page_middleware.PageAuthenticationMiddleware",
    "digitre_site.page_middleware.PageMessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "digitre_site.page_middleware.RequestLogMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "digitre_site.urls"
WSGI_APPLICATION = "digitre_site.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# Database: PostgreSQL by DATABASE_URL, else a SQLite file that stands writers side by side
# Django's SQLite defaults lost 355 of 640 transactions of 16 writers to "database is locked"; these lost none.
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,  # seconds a writer waits for another
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
}


# A host that is gone is noticed within half a minute by whatever waits for it. digitre_site.database_limits does more for
# web and worker; migrations and commands may take as long as they need.
POSTGRES_OPTIONS = {
    "connect_timeout": 3,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # ms until sent bytes must be acknowledged
}


def read_database() -> dict[str, Any]:
    address = os.environ.get("DATABASE_URL", "").strip() or f"sqlite:///{VAR_DIR / 'db.sqlite3'}"
    if not address.startswith(("postgresql://", "postgres://", "sqlite://")):
        raise ImproperlyConfigured("DATABASE_URL must start with postgresql:// or sqlite://.")
    try:
        database: dict[str, Any] = env.db_url_config(address)
    except (environ.ImproperlyConfigured, ValueError) as error:
        raise ImproperlyConfigured(f"DATABASE_URL is not a database address: {error}") from error
    database["CONN_MAX_AGE"] = (
        60  # seconds; closing SQLite's last connection writes its log into the file, 4 ms a request
    )
    if database["ENGINE"] == "django.db.backends.sqlite3":
        # tests use a file too: SQLite's shared memory locks whole tables and has no WAL
        return database | {"OPTIONS": SQLITE_OPTIONS, "TEST": {"NAME": str(VAR_DIR / "test.sqlite3")}}
    options = POSTGRES_OPTIONS | database.get("OPTIONS", {})
    return database | {"ENGINE": "digitre_site.postgresql", "CONN_HEALTH_CHECKS": True, "OPTIONS": options}


DATABASES = {"default": read_database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Redis: broker and shared counters. Without REDIS_URL the broker is a folder and counters are per process.
REDIS_URL = os.environ.get("REDIS_URL", "").strip()
if REDIS_URL and not REDIS_URL.startswith(("redis://", "rediss://", "unix://")):
    raise ImproperlyConfigured("REDIS_URL must start with redis://, rediss:// or unix://.")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# Accounts: only reviewers and operators have one
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "admin:login"
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "digitre_site.client_address.client_address"  # its own way finds none behind a proxy
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address"]  # its logs mask these
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "admin/locked_out.html"

# Wire security
SECURE_HTTPS = not DEBUG and not DIGITRE_INSECURE_HTTP
SECURE_SSL_REDIRECT = SECURE_HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]  # probes speak plain HTTP to the container
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HTTPS
SECURE_HSTS_PRELOAD = SECURE_HTTPS
if NUM_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_HTTPS
SESSION_COOKIE_HTTPONLY = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "font-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
REQUEST_BODY_MAX_BYTES = 256 * 1024
LONGER_BODIES = {
    "/api/v1/guesses/batch/": 2 * 1024 * 1024
}  # bytes: 64 drawings of 32 KB; a picture in a data URL has 4 to 12
DATA_UPLOAD_MAX_MEMORY_SIZE = REQUEST_BODY_MAX_BYTES
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000  # a bulk action on a page of 100 drawings sends about 110

# REST
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_PARSER_CLASSES": ["recognizer.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "recognizer.api.negotiation.ShortNegotiation",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "recognizer.api.errors.exception_handler",
    "NUM_PROXIES": NUM_PROXIES,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Digitre",
    "DESCRIPTION": "Reads handwritten digits, asks whether it was right, and learns from the answers.",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": False},  # its links would stand inside buttons
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {"StatusEnum": "recognizer.models.Drawing.Status"},
}

# Static files: hashed names once `collectstatic` has run, the source folder before
STATIC_URL = "static/"
STATIC_ROOT = Path(os.environ.get("DIGITRE_STATIC_ROOT") or VAR_DIR / "static")
STATICFILES_DIRS = [BASE_DIR / "static"]
IS_COLLECTED = not DEBUG and (STATIC_ROOT / "staticfiles.json").exists()
with suppress(OSError):  # whitenoise warns of a missing folder; worker and beat serve none and may not write there
    STATIC_ROOT.mkdir(parents=True, exist_ok=True)
WHITENOISE_USE_FINDERS = not IS_COLLECTED and "collectstatic" not in sys.argv
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},  # nothing is stored in files
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if WHITENOISE_USE_FINDERS
        else "digitre_site.static_storage.ModuleManifestStorage"
    },
}

# Languages: the browser's, or the one chosen in the page's footer. The admin stays English.
LANGUAGE_CODE = "en"
LANGUAGES = [  # each in its own words
    ("en", "English"),
    ("de", "Deutsch"),
    ("fr", "Français"),
    ("es", "Español"),
    ("it", "Italiano"),
    ("pl", "Polski"),
    ("tr", "Türkçe"),
    ("ar", "العربية"),
]
LOCALE_PATHS = [BASE_DIR / "digitre_site" / "locale"]
LANGUAGE_COOKIE_AGE = 31_536_000  # seconds: a year
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = SECURE_HTTPS
TIME_ZONE = "UTC"
FORMAT_MODULE_PATH = "digitre_site.formats"
USE_TZ = True

# Logs: one line an event, with the request's id; never a picture or an address
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
DJANGO_STRUCTLOG_USER_ID_FIELD = ""  # it would read the session's row in each request, also in those that need none
DJANGO_STRUCTLOG_CELERY_ENABLED = True
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processor": structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
            "foreign_pre_chain": [
                structlog.contextvars.merge_contextvars,
                structlog.stdlib.add_log_level,
                structlog.processors.TimeStamper(fmt="iso"),
                structlog.processors.format_exc_info,
            ],
        },
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {"django_structlog": {"level": "WARNING"}, "axes": {"level": "WARNING"}},
}
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.filter_by_level,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.stdlib.add_log_level,
        structlog.processors.format_exc_info,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
