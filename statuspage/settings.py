"""Every switch of the product, read once from the environment (README lists them)."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import django
import django_stubs_ext

from statuspage.configuration import brand
from statuspage.configuration import environment as env

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
STATE = Path(env.text("STATE", str(BASE_DIR / ".local"))).absolute()
PUBLISHED_DIR = Path(env.text("PUBLISHED_DIR", str(STATE / "published"))).absolute()

# Who we are, in the words of the operator of this installation.
SITE_NAME = env.text("SITE_NAME", "Cloud Status")
BASE_URL = env.web_address("BASE_URL", "http://127.0.0.1:8000")
SECURITY_CONTACT = env.text("SECURITY_CONTACT", "mailto:security@example.com")
DEFAULT_FROM_EMAIL = env.text("MAIL_FROM", "Cloud Status <status@example.com>")

# A YAML file with the operator's logo, colours, texts and links (docs/branding.md).
BRAND = brand.load(env.text("BRAND"))

DEBUG = env.flag("DEBUG")
# Only a local run may go without a key; the check statuspage.E001 refuses it anywhere else.
INSECURE_KEY = "local-runs-only-this-key-is-public-and-protects-nothing-0123456789"
SECRET_KEY = env.secret("SECRET_KEY", INSECURE_KEY)
# Keys of before, separated by blanks: what they have signed and sealed still opens.
SECRET_KEY_FALLBACKS = env.secret("SECRET_KEY_FALLBACKS").split()
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", ("localhost", "127.0.0.1", "[::1]"))
HTTPS = BASE_URL.startswith("https://")

INSTALLED_APPS = [
    "django.contrib.admin.apps.SimpleAdminConfig",  # urls.py finds what it shows: no other process needs it
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "django_linear_migrations",
    "django_htmx",
    "statuspage",
    "notifications",
    "incidents",
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
# Signing in at the database costs more than most of what is asked there, hence kept for a while.
KEPT_OPEN = {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
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

# ---- Sign-in of our own people (statuspage/sign_in) ----
LOGIN_URL = "account_login"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["statuspage.sign_in.hashing.BoundedHasher"]
# A session ends so many minutes after its last use, and so many hours after it began, whatever is done.
SESSION_COOKIE_AGE = env.integer("SESSION_IDLE_MINUTES", 120, least=1, most=1440) * 60
SESSION_HOURS = env.integer("SESSION_HOURS", 12, least=1, most=168)
# 1: whoever signs in by a password must have a second factor. Off on this machine alone.
SECOND_FACTOR = env.flag("SECOND_FACTOR", default=not env.is_local(BASE_URL))
# The one account that needs none: kept in a safe for the day when nothing else works (docs/sign-in.md).
BREAK_GLASS = env.text("BREAK_GLASS")
ACCOUNT_ADAPTER = "statuspage.sign_in.adapters.AccountAdapter"
ACCOUNT_FORMS = {"login": "statuspage.sign_in.forms.NameAndPasswordForm"}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*"]
ACCOUNT_UNIQUE_EMAIL = False  # nobody signs in by one
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_SESSION_REMEMBER = True  # as long as SESSION_COOKIE_AGE says
ACCOUNT_PREVENT_ENUMERATION = True
# This session goes on; all others end with the old password.
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
# The library's own limits are kept in each process; ours in `sign_in.limits` are counted in Redis.
ACCOUNT_RATE_LIMITS = {"login_failed": "30/m/ip"}
MFA_ADAPTER = "statuspage.sign_in.adapters.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_FORMS = {
    "add_webauthn": "statuspage.sign_in.forms.AddPasskeyForm",
    "authenticate_webauthn": "statuspage.sign_in.forms.AuthenticatePasskeyForm",
    "login_webauthn": "statuspage.sign_in.forms.LoginPasskeyForm",
    "reauthenticate_webauthn": "statuspage.sign_in.forms.ReauthenticatePasskeyForm",
}
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS
SOCIALACCOUNT_ADAPTER = "statuspage.sign_in.adapters.ProviderAdapter"
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_AUTO_SIGNUP = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False  # the same mail address is not the same person
SOCIALACCOUNT_REQUESTS_TIMEOUT = 5
# OpenID Connect: the provider's address, our id and secret there, and which of its groups is which of ours
# (`cloud-ops=operator,cloud-leads=approver`). Whoever is in none of them does not come in.
OIDC_URL = env.text("OIDC_URL")
OIDC_GROUPS_CLAIM = env.text("OIDC_GROUPS_CLAIM", "groups")
OIDC_GROUPS = env.pairs("OIDC_GROUPS")
if OIDC_URL:
    SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {
            "OAUTH_PKCE_ENABLED": True,
            "APPS": [
                {
                    "provider_id": "sso",
                    "name": env.text("OIDC_NAME", "single sign-on"),
                    "client_id": env.text("OIDC_CLIENT_ID"),
                    "secret": env.secret("OIDC_CLIENT_SECRET"),
                    "settings": {"server_url": OIDC_URL, "uid_field": "sub"},
                }
            ],
        }
    }
# The kill switch, erasing, withdrawing and the policy ask who it is once more; one answer does for so many
# minutes, and 0 asks nobody.
ASK_AGAIN = env.integer("ASK_AGAIN_MINUTES", 5, most=60)
ACCOUNT_REAUTHENTICATION_TIMEOUT = (ASK_AGAIN or 5) * 60
# What needs two people: post (whatever turns public), review, withdrawal, policy.
FOUR_EYES = env.several("FOUR_EYES", ("post", "review", "withdrawal", "policy"))
# Realms beside the desk, as `sign_in.realms.Realm(path, urlconf, home)`.
REALMS: tuple[object, ...] = ()
# ---- end of sign-in ----

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

# ---- Mail ----
# Where mails send their readers for help: an address of the web, or mailto:.
HELP_URL = env.text("HELP_URL", BRAND.help_url(BASE_URL) or f"{BASE_URL}/subscribe/")
# MAIL_FOLDER: keep mails as files there instead of sending them (the demo shows them at /demo/mailbox/).
# What the affected are told of an incident that a monitor opened, instead of a text from its facts; see
# incidents/texts/placeholders.py.
AUTOMATED_TEXT = env.text("AUTOMATED_TEXT")
# Who is reminded of what is due; empty: every operator with an address.
OPERATORS_MAIL = env.words("OPERATORS_MAIL")
MAIL_FOLDER = env.text("MAIL_FOLDER")
# A provider's API instead of SMTP, and the name of the setting that holds its key.
PROVIDERS = {
    "brevo": "BREVO_API_KEY",
    "postmark": "POSTMARK_SERVER_TOKEN",
    "sendgrid": "SENDGRID_API_KEY",
    "sparkpost": "SPARKPOST_API_KEY",
}
MAIL_PROVIDER = env.choice("MAIL_PROVIDER", PROVIDERS)
# `name:password` that the provider's tracking webhook signs in with; without it there is no webhook.
MAIL_PROVIDER_WEBHOOK = env.secret("MAIL_PROVIDER_WEBHOOK")
if MAIL_PROVIDER:
    INSTALLED_APPS.append("anymail")
    ANYMAIL = {
        PROVIDERS[MAIL_PROVIDER]: env.secret("MAIL_PROVIDER_KEY"),
        "WEBHOOK_SECRET": MAIL_PROVIDER_WEBHOOK,
        "REQUESTS_TIMEOUT": (5, 15),
        # What this provider lacks (metadata, say) is no reason not to send.
        "IGNORE_UNSUPPORTED_FEATURES": True,
    }
MAIL_BACKEND = (
    "notifications.channels.email.mailbox.FolderBackend"
    if MAIL_FOLDER
    else f"anymail.backends.{MAIL_PROVIDER}.EmailBackend"
    if MAIL_PROVIDER
    else "django.core.mail.backends.smtp.EmailBackend"
)
# Reports about undeliverable mails come back to `local+…@domain` of this address; empty: to MAIL_FROM.
RETURN_PATH = env.mail_address("RETURN_PATH")
# No storms: so many messages an hour to one address (what is beyond comes as a digest), and so many seconds
# between updates of one incident to it. 0: no limit. First notices and ends are never held back.
HOURLY_LIMIT = env.integer("HOURLY_LIMIT", 20)
UPDATE_INTERVAL = env.integer("UPDATE_INTERVAL", 300, most=3600)
# From so many receivers on the desk asks for the number before an update or a review goes out.
CONFIRM_RECEIVERS = env.integer("CONFIRM_RECEIVERS", 10_000)
# So long what the desk sends waits for whoever sent it to take it back; 0: it goes out at once.
UNDO_SECONDS = env.integer("UNDO_SECONDS", 30, most=600)
# So many visitors who report the same service and region within so many minutes make a draft at the desk;
# 0: the public page does not ask them.
VISITOR_REPORTS = env.integer("VISITOR_REPORTS", 10)
VISITOR_REPORT_MINUTES = env.integer("VISITOR_REPORT_MINUTES", 15, least=1, most=60)
# Whom a drill may reach: addresses, or `@domain` and `https://host/…` beginnings.
DRILL_RECEIVERS = env.words("DRILL_RECEIVERS")
# Refusals on so many of so many days suppress an address, however often it refuses within one of them; an
# unknown mailbox does at once.
BOUNCE_SOFT_LIMIT = env.integer("BOUNCE_SOFT_LIMIT", 3, least=1)
BOUNCE_WINDOW_DAYS = env.integer("BOUNCE_WINDOW_DAYS", 7, least=1, most=365)
_MAIL = {
    "host": env.text("EMAIL_HOST", "localhost"),
    "port": env.integer("EMAIL_PORT", 25, least=1, most=65535),
    "username": env.text("EMAIL_USER"),
    "password": env.secret("EMAIL_PASSWORD"),
    # STARTTLS, except on the port that speaks TLS from the first byte.
    "use_tls": env.flag("EMAIL_TLS") and env.text("EMAIL_PORT") != "465",
    "use_ssl": env.flag("EMAIL_TLS") and env.text("EMAIL_PORT") == "465",
    # A relay that says nothing for so long is treated as away; the mail waits in its row.
    "timeout": 15,
}
if django.VERSION >= (6, 1):
    MAILERS = {
        "default": {
            "BACKEND": MAIL_BACKEND,
            "OPTIONS": {} if MAIL_FOLDER or MAIL_PROVIDER else _MAIL,
        },
    }
else:
    EMAIL_BACKEND = MAIL_BACKEND
    EMAIL_HOST = _MAIL["host"]
    EMAIL_PORT = _MAIL["port"]
    EMAIL_HOST_USER = _MAIL["username"]
    EMAIL_HOST_PASSWORD = _MAIL["password"]
    EMAIL_USE_TLS = _MAIL["use_tls"]
    EMAIL_USE_SSL = _MAIL["use_ssl"]
    EMAIL_TIMEOUT = _MAIL["timeout"]
# Deliveries of incidents that are over are deleted after so many days, their counts are not; 0: never.
DELIVERY_RETENTION_DAYS = env.retention("DELIVERY_RETENTION_DAYS", 400, least=30)
# The desk and /-/ready give the alarm when what is due has waited for so long.
STALL_MINUTES = env.integer("STALL_MINUTES", 5, least=1, most=1440)
# ---- end of Mail ----

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
