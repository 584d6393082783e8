"""Who may do what: five roles, and the one function that decides for desk, admin, API and commands.

A role is a group of the same name, made and kept up to date by `migrate` from the table below. What an act
needs are Django's own permissions, so that groups of one's own can be made of them, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser, Group, Permission, User

REPORTER, OPERATOR, APPROVER = "reporter", "operator", "approver"
CUSTOMER_MANAGER, AUDITOR = "customer manager", "auditor"
ROLES = {
    REPORTER: "prepares incidents and updates; somebody else sends them",
    OPERATOR: "declares, updates, recovers, hands in impacted lists",
    APPROVER: "confirms and withdraws public posts, publishes reviews, merges, retracts, sets the policy",
    CUSTOMER_MANAGER: "keeps tenants, rules and addresses; lifts suppressions; erases",
    AUDITOR: "reads everything, changes nothing",
}

VIEW = "incidents.view_incident"
DRAFT = "incidents.draft_incident"
DECLARE = "incidents.add_incident"
UPDATE = "incidents.change_incident"
LIST = "notifications.replace_list"
CONFIRM = "incidents.confirm_post"
OVERRIDE = "incidents.override_policy"
WITHDRAW = "incidents.withdraw_post"
RETRACT = "incidents.retract_incident"
MERGE = "incidents.merge_incident"
REVIEW = "incidents.publish_review"
ADOPT = "incidents.adopt_policy"
STOP = "notifications.stop_sending"
LOOK = "notifications.view_delivery"
RETRY = "notifications.retry_delivery"
LIFT = "notifications.lift_suppression"
ERASE = "notifications.erase_endpoint"
KEEP_TENANT = "notifications.add_tenant"
AUDIT = "incidents.view_audit"
TRAIL = "incidents.view_auditevent"  # who did what, people and sign-ins included
REPORT = "incidents.report_alert"


@dataclass(frozen=True, slots=True)
class Act:
    """A row of the table: `verb` and `subject` in words, the permissions it needs, the roles that have them."""

    subject: str
    verb: str
    permissions: tuple[str, ...]
    roles: frozenset[str]

    @property
    def scope(self) -> str:
        """Its name as a scope of an API token."""
        return f"{self.subject}:{self.verb}".replace(" ", "-")


def _models(verb: str, app: str, *models: str) -> tuple[str, ...]:
    return tuple(f"{app}.{verb}_{model}" for model in models)


def _act(subject: str, verb: str, permissions: str | tuple[str, ...], *roles: str) -> Act:
    needed = (permissions,) if isinstance(permissions, str) else permissions
    return Act(subject, verb, needed, frozenset(roles))


def _kept(subject: str, app: str, *models: str) -> Iterator[Act]:
    """Rows that the customer manager keeps in the admin."""
    yield _act(subject, "view", _models("view", app, *models), CUSTOMER_MANAGER, AUDITOR)
    for verb in ("add", "change", "delete"):
        yield _act(subject, verb, _models(verb, app, *models), CUSTOMER_MANAGER)


_EVERYBODY = tuple(ROLES)
_AT_THE_DESK = (REPORTER, OPERATOR, APPROVER)
_CATALOGUE = ("service", "region", "geography", "servicecategory")
# What the admin shows of the incidents and of the sending, besides the desk.
_RECORDS = ("decision", "communication")
_SENDING = ("fanout", "attempt", "bounce", "operatoract", "deliverystatistics")

TABLE: tuple[Act, ...] = (
    _act("incident", "view", (VIEW, *_models("view", "incidents", *_RECORDS)), *_AT_THE_DESK, AUDITOR),
    _act("incident", "draft", DRAFT, *_AT_THE_DESK),
    _act("incident", "declare", DECLARE, OPERATOR),
    _act("incident", "update", UPDATE, OPERATOR),
    _act("incident", "merge", MERGE, APPROVER),
    _act("incident", "retract", RETRACT, APPROVER),
    _act("alert", "report", REPORT, OPERATOR),
    _act("impacted list", "replace", LIST, OPERATOR),
    _act("public post", "confirm", CONFIRM, APPROVER),
    _act("public post", "override", OVERRIDE, APPROVER),
    _act("public post", "withdraw", WITHDRAW, APPROVER),
    _act("review", "publish", REVIEW, APPROVER),
    _act("policy", "adopt", ADOPT, APPROVER),
    _act("sending", "stop", STOP, OPERATOR, APPROVER),
    _act(
        "delivery",
        "view",
        (LOOK, *_models("view", "notifications", *_SENDING)),
        OPERATOR,
        APPROVER,
        CUSTOMER_MANAGER,
        AUDITOR,
    ),
    _act("delivery", "retry", RETRY, OPERATOR),
    *_kept("tenant", "notifications", "tenant", "customersubscription", "footprint"),
    *_kept("rule", "notifications", "alertrule", "actiongroup"),
    *_kept("endpoint", "notifications", "endpoint", "publictopic"),
    *_kept("person", "notifications", "person", "membership", "tenantprovider", "claimeddomain"),
    _act("endpoint", "lift suppression", LIFT, CUSTOMER_MANAGER),
    _act("endpoint", "erase", ERASE, CUSTOMER_MANAGER),
    _act("catalogue", "view", _models("view", "incidents", *_CATALOGUE), *_EVERYBODY),
    _act("catalogue", "change", _models("change", "incidents", *_CATALOGUE), APPROVER),
    _act("audit", "view", AUDIT, OPERATOR, APPROVER, AUDITOR),
    _act("audit trail", "view", TRAIL, AUDITOR),
    # Given to no role: whoever gives out rights is a superuser.
    _act("token", "view", "incidents.view_apitoken", AUDITOR),
    _act("token", "revoke", "incidents.change_apitoken"),
    _act("user", "view", _models("view", "auth", "user", "group"), AUDITOR),
    _act("user", "change", tuple(f"auth.{v}_{m}" for m in ("user", "group") for v in ("add", "change", "delete"))),
)  # fmt: skip
SCOPES = {act.scope: act for act in TABLE}


def may(user: User | AnonymousUser, *permissions: str, any_of: bool = False) -> bool:
    """Whether somebody is active staff and has these permissions (or `any_of` them).

    Whoever may change something may look at it, as everywhere in Django.
    """
    enough = any if any_of else all
    return (
        user.is_active and user.is_staff and enough(_has(user, permission) for permission in permissions)
    )  # fmt: skip


def _has(user: User | AnonymousUser, permission: str) -> bool:
    app, _, codename = permission.partition(".")
    verb, _, model = codename.partition("_")
    return user.has_perm(permission) or (verb == "view" and user.has_perm(f"{app}.change_{model}"))


def in_scope(scopes: Iterable[str] | None, *permissions: str) -> bool:
    """Whether a token with these scopes reaches acts that need these permissions; None: all its user may."""
    if scopes is None:
        return True
    reached = {each for scope in scopes if scope in SCOPES for each in SCOPES[scope].permissions}
    return reached.issuperset(permissions)


def named(*permissions: str) -> str:
    """The acts that need these permissions, by the names that scopes have."""
    return ", ".join(act.scope for act in TABLE if set(act.permissions) & set(permissions))


def permissions_of(role: str) -> set[str]:
    return {each for act in TABLE if role in act.roles for each in act.permissions}


def keep_groups() -> None:
    """Make the five groups, and give each exactly what the table says. Whatever else there is stays."""
    known = {
        f"{app}.{codename}": pk
        for pk, app, codename in Permission.objects.values_list(
            "pk", "content_type__app_label", "codename"
        )
    }
    for role in ROLES:
        group, _ = Group.objects.get_or_create(name=role)
        wanted = {known[each] for each in permissions_of(role) if each in known}
        group.permissions.set(wanted)


def users_who_may(*permissions: str) -> list[User]:
    """Active staff with all of these permissions."""
    staff = User.objects.filter(is_active=True, is_staff=True)
    return [user for user in staff.order_by("username") if may(user, *permissions)]


def as_markdown() -> str:
    """The table as the documentation prints it."""
    head = ["| On | may | " + " | ".join(ROLES) + " |", "|---|---|" + ":-:|" * len(ROLES)]
    rows = [
        f"| {act.subject} | {act.verb} | "
        + " | ".join("yes" if role in act.roles else "" for role in ROLES)
        + " |"
        for act in TABLE
    ]
    return "\n".join([*head, *rows])
