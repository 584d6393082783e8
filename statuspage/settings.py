"""Every switch of the product, read once from the environment (README lists them); parts are in `configuration`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from statuspage.configuration import environment as env
from statuspage.configuration.sending import *  # noqa: F403 - each of them is a setting
from statuspage.configuration.sending import MAIL_PROVIDER
from statuspage.configuration.sign_in import *  # noqa: F403
from statuspage.configuration.site import *  # noqa: F403
from statuspage.configuration.site import BASE_URL, HTTPS

# These show no screen, and one of them tells nobody. What only others need costs them a third of a second at the
# start, and memory for ever.
PUBLISHER = sys.argv[1:2] == ["publisher"]
SCREENS = not PUBLISHER and sys.argv[1:2] != ["worker"]
if SCREENS:
    import django_stubs_ext

    django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
STATE = Path(env.text("STATE", str(BASE_DIR / ".local"))).absolute()
PUBLISHED_DIR = Path(env.text("PUBLISHED_DIR", str(STATE / "published"))).absolute()

DEBUG = env.flag("DEBUG")
# Only a local run may go without a key; the check statuspage.E001 refuses it anywhere else.
INSECURE_KEY = "local-runs-only-this-key-is-public-and-protects-nothing-0123456789"
SECRET_KEY = env.secret("SECRET_KEY", INSECURE_KEY)
# Keys of before, separated by blanks: what they have signed and sealed still opens.
SECRET_KEY_FALLBACKS = env.secret("SECRET_KEY_FALLBACKS").split()
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", ("localhost", "127.0.0.1", "[::1]"))

_OF_SCREENS = [
    "django.contrib.admin.apps.SimpleAdminConfig",  # urls.py finds what it shows
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "django_linear_migrations",
    "django_htmx",
]
INSTALLED_APPS = [
    *(_OF_SCREENS if SCREENS else []),
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.postgres",
    "statuspage",
    *([] if PUBLISHER else ["notifications"]),
    "incidents",
    *(["anymail"] if MAIL_PROVIDER else []),
]

MIDDLEWARE = [
    "statuspage.middleware.TrustedProxies",
    "django.middleware.security.SecurityMiddleware",
    "statuspage.middleware.ContentSecurityPolicy",
    "statuspage.sign_in.realms.Realms",
    "statuspage.middleware.LanguageOfAddress",
    "statuspage.error_pages.AddressesWithNul",
    "statuspage.error_pages.RefusedMethods",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "statuspage.middleware.BoundedBodies",
    "statuspage.acting.Acting",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "statuspage.sign_in.sessions.SessionEnds",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "statuspage.urls"
WSGI_APPLICATION = "statuspage.wsgi.application"

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
                "statuspage.desk.context.sending",
                "statuspage.desk.context.undo",
                "statuspage.desk.context.allowed",
            ],
        },
    },
]

# What the audit trail names a command by. libpq reads it; a worker and the web process have names of their own.
os.environ.setdefault("PGAPPNAME", " ".join([Path(sys.argv[0]).name, *sys.argv[1:2]])[:63])
# Signing in at the database costs more than most of what is asked there, and a new backend knows no table and no
# prepared statement: the first mail of an incident would wait for both.
KEPT_OPEN = {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}
DATABASES = {"default": env.postgres("DATABASE_URL") | KEPT_OPEN}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env.redis("REDIS_URL", "redis://127.0.0.1:1/0")
CACHES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    # Counts requests (`request_rate_limits`): a dead Redis must not close the door, so it is asked once, briefly.
    "rate-limits": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "rate-limit",
        "OPTIONS": {
            "protocol": 2,  # without a greeting, which would be a round trip of its own
            "driver_info": None,
            "retry": None,
            "socket_connect_timeout": 0.1,
            "socket_timeout": 0.1,
        },
    },
}
# Who looks at an incident now (`presence`): the desk waits for it as briefly.
CACHES["presence"] = CACHES["rate-limits"] | {"KEY_PREFIX": "presence"}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

LANGUAGE_CODE = "en"
USE_I18N = True
# The public pages exist in all of these; English has no prefix in its addresses, the others have theirs.
_WANTED = env.words("LANGUAGES", ("en", "de", "fr", "es", "ja", "ar"))
LANGUAGES = [
    (code, name)
    for code, name in (
        ("en", "English"),
        ("de", "Deutsch"),
        ("fr", "Français"),
        ("es", "Español"),
        ("ja", "日本語"),
        ("ar", "العربية"),
    )
    if code == LANGUAGE_CODE or code in _WANTED
]
LOCALE_PATHS = [BASE_DIR / "statuspage" / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT", str(BASE_DIR / "collected"))).absolute()

# An alert rule may tick a whole catalogue; how long a form is in bytes is bounded besides.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
# No cookie ever reaches a public page: operators' cookies stay below the desk.
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = "/admin/"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SECURE_SSL_REDIRECT = env.flag("SSL_REDIRECT", default=HTTPS)
SECURE_HSTS_SECONDS = env.integer("HSTS_SECONDS", 365 * 24 * 3600 if HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = env.flag("HSTS_SUBDOMAINS", default=HTTPS)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.flag("BEHIND_PROXY") else None
# Whose X-Forwarded-For and X-Forwarded-Proto are believed: private addresses, as of an edge beside us.
TRUSTED_PROXIES = env.networks(
    "TRUSTED_PROXIES",
    ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "fc00::/7", "::1/128"),
)
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_TRUSTED_ORIGINS = [BASE_URL]
CSRF_FAILURE_VIEW = "statuspage.desk.form.recovery.csrf_failed"


# Rows are the truth and a task only says *look*, hence: acknowledge early, fetch one at a time, keep
# no results. Late acknowledgement kills the worker of Celery 5.7 when the broker goes away.
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_ACKS_LATE = False
CELERY_WORKER_DISABLE_PREFETCH = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
# Celery would sign in at the database anew for each task; see celery.keep_the_connection.
CELERY_DB_REUSE_MAX = sys.maxsize
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# Without socket_timeout, publishing to a frozen broker blocks for ever.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 5,
    "socket_connect_timeout": 3,
    "socket_keepalive": True,
    "health_check_interval": 10,
    # A worker's wait for the next task ends at once when there is one, and else only after so many seconds.
    "polling_interval": 10,
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "statuspage.configuration.log_redaction.RedactingFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s: %(message)s",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL", "INFO").upper()},
}


# What /-/metrics asks for as a bearer token; without it there are no metrics: they say how many are told.
METRICS_TOKEN = env.secret("METRICS_TOKEN")

# Hosts of the services that browsers are told through: a browser's subscription leads to one of these, or nowhere.
PUSH_SERVICES = env.words(
    "PUSH_SERVICES",
    (
        "fcm.googleapis.com",
        "updates.push.services.mozilla.com",
        "*.push.apple.com",
        "*.notify.windows.com",
    ),
)

# Networks of our own that webhooks and chat rooms may lead into, without TLS and on any port. Else
# they lead to public addresses only.
OUTBOUND_ALLOW = env.networks("OUTBOUND_ALLOW")
