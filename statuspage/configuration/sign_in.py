"""Settings: sign-in of our own people (statuspage/sign_in)."""

from __future__ import annotations

from statuspage.configuration import environment as env
from statuspage.configuration.site import BASE_URL, HTTPS

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
