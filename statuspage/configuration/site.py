"""Settings: who we are, in the words of the operator of this installation."""

from __future__ import annotations

from statuspage.configuration import brand
from statuspage.configuration import environment as env

SITE_NAME = env.text("SITE_NAME", "Cloud Status")
BASE_URL = env.web_address("BASE_URL", "http://127.0.0.1:8000")
HTTPS = BASE_URL.startswith("https://")
SECURITY_CONTACT = env.text("SECURITY_CONTACT", "mailto:security@example.com")
DEFAULT_FROM_EMAIL = env.text("MAIL_FROM", "Cloud Status <status@example.com>")

# A YAML file with the operator's logo, colours, texts and links (docs/branding.md).
BRAND = brand.load(env.text("BRAND"))
