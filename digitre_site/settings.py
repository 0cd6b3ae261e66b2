"""Every setting of the site, read from the environment. Nonsense stops the start with a sentence."""

import os
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

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


def env_secret(name: str) -> str:
    """Read a secret, or the file that NAME_FILE names: in a container's or systemd's hands it is in no environment."""
    path = os.environ.get(f"{name}_FILE", "").strip()
    if not path:
        return os.environ.get(name, "").strip()
    if os.environ.get(name, "").strip():
        raise ImproperlyConfigured(f"Set {name} or {name}_FILE, not both.")
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError) as error:
        raise ImproperlyConfigured(f"{name}_FILE: {path} cannot be read: {error}.") from error


# Where this installation keeps what is its own: SQLite, the secret, the embedded broker
VAR_DIR = Path(os.environ.get("DIGITRE_VAR_DIR") or BASE_DIR / "var")
VAR_DIR.mkdir(parents=True, exist_ok=True)

DEBUG = env_switch("DEBUG", False)
DIGITRE_INSECURE_HTTP = env_switch("DIGITRE_INSECURE_HTTP", False)


SECRET_KEY_LENGTH = 32


def read_secret_key() -> str:
    kept = VAR_DIR / "secret_key"  # made by `make run`
    key = env_secret("SECRET_KEY") or (kept.read_text().strip() if kept.exists() else "")
    if not key and not DEBUG:
        raise ImproperlyConfigured(
            "SECRET_KEY is not set and DEBUG is off. "
            "Set SECRET_KEY to a long random text, or start with `make run`, which makes one."
        )
    if not DEBUG and len(key) < SECRET_KEY_LENGTH:
        raise ImproperlyConfigured(
            f"SECRET_KEY is too easily guessed: it must have {SECRET_KEY_LENGTH} characters or more, at random. "
            "Who guesses it can sign in as anybody. python3 -c 'import secrets; print(secrets.token_urlsafe(48))' makes one."
        )
    return key or "insecure-and-only-for-debug"


SECRET_KEY = read_secret_key()
ALLOWED_HOSTS = env_names("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
NUM_PROXIES = env_count("NUM_PROXIES", 0)
CSRF_TRUSTED_ORIGINS = env_names("CSRF_TRUSTED_ORIGINS", [])
if os.environ.get("SCRIPT_NAME"):
    raise ImproperlyConfigured(
        "SCRIPT_NAME is set: Digitre serves a host of its own and not a folder of one. Give it a name such as digits.example.org."
    )
env_count("WEB_CONCURRENCY", 1, least=1)  # gunicorn reads it; started by `make run` or after `migrate`, it is said here

# Digitre's own
DIGITRE_AUTO_APPROVE = env_choice("DIGITRE_AUTO_APPROVE", "agreement", ("agreement", "all", "none"))
DIGITRE_THROTTLES = env_switch("DIGITRE_THROTTLES", True)
DIGITRE_LOG_FORMAT = env_choice("DIGITRE_LOG_FORMAT", "logfmt", ("logfmt", "json"))
DIGITRE_RETENTION_DAYS = env_count("DIGITRE_RETENTION_DAYS", 30, least=1)  # unconfirmed drawings are purged after
DIGITRE_IDLE_SECONDS = env_count("DIGITRE_IDLE_SECONDS", 0)  # without a touch, until the next person begins; 0 = never
DIGITRE_METRICS_TOKEN = env_secret("DIGITRE_METRICS_TOKEN")  # lets a scraper read /metrics; staff may always

# What an export says of itself: the operator's choice, in words or as an address; nobody else can make it
DIGITRE_DATA_LICENCE = os.environ.get("DIGITRE_DATA_LICENCE", "").strip()
DIGITRE_DATA_PUBLISHER = os.environ.get("DIGITRE_DATA_PUBLISHER", "").strip()
DIGITRE_DATA_URL = os.environ.get("DIGITRE_DATA_URL", "").strip()
if DIGITRE_DATA_URL and not DIGITRE_DATA_URL.startswith(("https://", "http://")):
    raise ImproperlyConfigured(
        f"DIGITRE_DATA_URL must be an address that starts with https://, not {DIGITRE_DATA_URL!r}."
    )


def read_frame_ancestors() -> list[str]:
    """Which sites may show the public pages in a frame of theirs: origins, as a policy names them."""
    given = os.environ.get("DIGITRE_FRAME_ANCESTORS", "").replace(",", " ").split()
    for origin in given:
        if not re.fullmatch(r"https?://(\*\.)?[\w.-]+(:\d+)?", origin, re.ASCII):
            raise ImproperlyConfigured(
                f"DIGITRE_FRAME_ANCESTORS must be origins such as https://lms.example.org, with spaces, not {origin!r}."
            )
    return given


DIGITRE_FRAME_ANCESTORS = read_frame_ancestors()
DIGITRE_PRIVATE_WEBHOOKS = env_switch("DIGITRE_PRIVATE_WEBHOOKS", False)  # also to private addresses, without TLS


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
    "digitre_site.middleware.RequestIdMiddleware",
    "digitre_site.request_metrics.RequestMetricsMiddleware",
    "digitre_site.middleware.ProbeMiddleware",
    "digitre_site.page_middleware.LanguageMiddleware",
    "digitre_site.middleware.BodyCapMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "digitre_site.page_middleware.PolicyMiddleware",
    "digitre_site.middleware.DatabaseDownMiddleware",
    "django.middleware.common.CommonMiddleware",
    "digitre_site.middleware.SameSiteMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "digitre_site.page_middleware.RequestLogMiddleware",
    "digitre_site.page_middleware.CallsPassMiddleware",  # what follows sees pages alone
    "digitre_site.page_limit.PageLimitMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "digitre_site.middleware.OriginMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "digitre_site.sign_in.SignInMiddleware",
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
                "recognizer.context_processors.next_person",
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


ENCODING_HINT = (
    "a password in it is written percent-encoded: %2F for /, %40 for @, %3A for :, %23 for #, %3F for ?, %25 for %."
)
IS_POOLED = env_switch("DIGITRE_TRANSACTION_POOL", False)  # PgBouncer in transaction mode stands between


def read_database() -> dict[str, Any]:
    address = env_secret("DATABASE_URL") or f"sqlite:///{VAR_DIR / 'db.sqlite3'}"
    if not address.startswith(("postgresql://", "postgres://", "sqlite://")):
        raise ImproperlyConfigured("DATABASE_URL must start with postgresql:// or sqlite://.")
    try:
        database: dict[str, Any] = env.db_url_config(address)
    except (environ.ImproperlyConfigured, ValueError) as error:
        reason = ENCODING_HINT if "@" in address else error  # the reason may quote the password
        raise ImproperlyConfigured(f"DATABASE_URL is not a database address: {reason}") from None
    if "@" in str(database.get("NAME", "")) and address.startswith("postgres"):
        raise ImproperlyConfigured(f"DATABASE_URL is not a database address: {ENCODING_HINT}")
    # closing SQLite's last connection writes its log into the file, 4 ms a request
    database["CONN_MAX_AGE"] = env_count("DIGITRE_CONNECTION_SECONDS", 60)
    if database["ENGINE"] == "django.db.backends.sqlite3":
        # tests use a file too: SQLite's shared memory locks whole tables and has no WAL
        return database | {"OPTIONS": SQLITE_OPTIONS, "TEST": {"NAME": str(VAR_DIR / "test.sqlite3")}}
    options = POSTGRES_OPTIONS | database.get("OPTIONS", {})
    return database | {
        "ENGINE": "digitre_site.postgresql",
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": IS_POOLED,  # they outlive a transaction
        "OPTIONS": options,
    }


DATABASES = {"default": read_database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Redis: broker and shared counters. Without REDIS_URL the broker is a folder and counters are per process.
REDIS_URL = env_secret("REDIS_URL")
if REDIS_URL and not REDIS_URL.startswith(("redis://", "rediss://", "unix://")):
    raise ImproperlyConfigured("REDIS_URL must start with redis://, rediss:// or unix://.")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}


# Mail: operators are told of what they asked to be told of. Without a server none is sent, and the log says so.
def read_mail() -> dict[str, Any]:
    address = os.environ.get("EMAIL_URL", "").strip()
    if not address:
        return {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
    if not address.startswith(("smtp://", "smtp+tls://", "smtp+ssl://", "consolemail://")):
        raise ImproperlyConfigured("EMAIL_URL must start with smtp://, smtp+tls:// or smtp+ssl://.")
    try:
        mail: dict[str, Any] = env.email_url_config(address)
    except (environ.ImproperlyConfigured, ValueError) as error:
        raise ImproperlyConfigured(f"EMAIL_URL is not the address of a mail server: {error}") from error
    return mail


DIGITRE_SENDS_MAIL = bool(os.environ.get("EMAIL_URL", "").strip())
globals().update({name: value for name, value in read_mail().items() if name.startswith("EMAIL_")})
EMAIL_TIMEOUT = 10  # seconds: the worker has other things to do
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "").strip() or "digitre@localhost"

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
LOGIN_REDIRECT_URL = "admin:index"  # where signing in leads if ?next= names another site
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
# For how much of the domain browsers are told to insist on TLS. More than this host binds an operator's other sites
DIGITRE_HSTS = env_choice("DIGITRE_HSTS", "host", ("off", "host", "subdomains", "preload"))
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_HTTPS and DIGITRE_HSTS != "off" else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = DIGITRE_HSTS in ("subdomains", "preload")
SECURE_HSTS_PRELOAD = DIGITRE_HSTS == "preload"
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]  # Django would have both of these always on
if DIGITRE_HSTS == "off":
    SILENCED_SYSTEM_CHECKS.append("security.W004")
if NUM_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_HTTPS
SESSION_COOKIE_HTTPONLY = True
# In another site's frame no cookie is sent that is not marked for it; the guard against calls from other sites looks at more
DIGITRE_COOKIE_SAMESITE: Literal["None", "Lax"] = "None" if DIGITRE_FRAME_ANCESTORS and SECURE_HTTPS else "Lax"
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
        "frame-ancestors": DIGITRE_FRAME_ANCESTORS or [NONE],
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
    "DEFAULT_RENDERER_CLASSES": ["recognizer.api.renderers.CompiledJSONRenderer"],
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
    "ENUM_NAME_OVERRIDES": {
        "StatusEnum": "recognizer.models.Drawing.Status",
        "RunStatusEnum": "training.models.TrainingRun.Status",
    },
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
DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = False  # digitre_site.page_middleware believes the proxy, and nobody else
LINE_RENDERER: structlog.typing.Processor = (
    structlog.processors.JSONRenderer(ensure_ascii=False)
    if DIGITRE_LOG_FORMAT == "json"
    else structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"])
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processor": LINE_RENDERER,
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
