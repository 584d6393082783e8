"""Settings: mail, what is sent to whom and how often, and for how long that is kept."""

from __future__ import annotations

import django

from statuspage.configuration import environment as env
from statuspage.configuration.site import BASE_URL, BRAND

# Where mails send their readers for help: an address of the web, or mailto:.
HELP_URL = env.text("HELP_URL", BRAND.help_url(BASE_URL) or f"{BASE_URL}/subscribe/")
# What the affected are told of an incident that a monitor opened, instead of a text from its facts; see
# incidents/texts/placeholders.py.
AUTOMATED_TEXT = env.text("AUTOMATED_TEXT")
# Who is reminded of what is due; empty: every operator with an address.
OPERATORS_MAIL = env.words("OPERATORS_MAIL")
# Mails are kept as files there instead of being sent (the demo shows them at /demo/mailbox/).
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
