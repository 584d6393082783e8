"""What people of a tenant do with its addresses and action groups themselves.

An address of the mail is confirmed by a code sent there, one of the web by a test message that it takes: whoever
knows it may post there, so its secret is the proof. Before that nothing goes there and nobody learns who has it.
"""

from __future__ import annotations

import hmac
import secrets
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils.crypto import salted_hmac
from django.utils.translation import override

from incidents.services.errors import EntryError
from incidents.services.statements import checked_text
from incidents.texts import as_typed
from notifications.channels import endpoints
from notifications.channels.email import notice
from notifications.channels.email.smtp import send_alone
from notifications.channels.registry import CHANNELS
from notifications.channels.test_messages import send_test_message
from notifications.channels.wording import known_language
from notifications.customers.records import check_manners
from notifications.models import ActionGroup, Endpoint, EndpointProposal, Tenant
from notifications.vocabulary.addresses import AddressError
from notifications.vocabulary.delivery_states import Channel

CODE_WITHIN = timedelta(minutes=30)
MOST_TRIES, DIGITS = 5, 8
# One address gets at most so many codes in this time, whoever asks; so does a tenant propose.
MOST_CODES, MOST_PROPOSALS, CODES_WITHIN = 5, 20, timedelta(hours=1)
KEPT = timedelta(days=1)
MOST_GROUPS, MOST_IN_GROUP = 200, 50


class ConfirmationError(ValueError):
    """The address is not confirmed: a wrong, old or used code, or a test message that was not taken."""


def propose(
    *, tenant: Tenant, channel: str, address: str, format: str, name: str, now: datetime
) -> EndpointProposal:
    """Note an address and, for mail, send it a code. Raises EntryError, TransportError."""
    if channel not in list(Channel):
        raise EntryError("channel", f"{channel[:20]!r} is not known; choose one of the list.")
    try:
        checked = endpoints.check(channel, address, format)
    except AddressError as error:
        raise EntryError("address", str(error)) from error
    called = checked_text("name", name, 100, lines=False)
    EndpointProposal.objects.filter(requested_at__lt=now - KEPT).delete()
    recent = EndpointProposal.objects.filter(requested_at__gt=now - CODES_WITHIN)
    same = recent.filter(channel=Channel.MAIL, address__iexact=checked.address)
    if recent.filter(tenant=tenant).count() >= MOST_PROPOSALS or (
        channel == Channel.MAIL and same.count() >= MOST_CODES
    ):
        raise EntryError("address", "was asked for too often; try again in an hour.")
    new_secret = CHANNELS[Channel(channel)].new_secret
    proposal = EndpointProposal(
        tenant=tenant,
        channel=channel,
        address=checked.address,
        format=format,
        name=called,
        secret=new_secret() if new_secret else "",
        requested_at=now,
    )
    code = ""
    if channel == Channel.MAIL:
        code = "".join(secrets.choice("0123456789") for _ in range(DIGITS))
        proposal.digest = _digest(proposal.key, code)
    proposal.save()
    if code:
        _mail(proposal, code)
    return proposal


def _mail(proposal: EndpointProposal, code: str) -> None:
    tenant = proposal.tenant
    with override(known_language(tenant.language)):
        message = notice.address_code(proposal.address, f"{code[:4]} {code[4:]}", tenant)
    send_alone(message)


def confirm(*, tenant: Tenant, key: uuid.UUID, code: str, now: datetime) -> tuple[Endpoint, str]:
    """The endpoint that a proposal becomes, and the answer to its test message where one was sent.

    Raises ConfirmationError, EndpointProposal.DoesNotExist, EntryError for what somebody else uses.
    """
    proposals = EndpointProposal.objects.filter(tenant=tenant, key=key)
    if not proposals.filter(tries__lt=MOST_TRIES).update(tries=F("tries") + 1):
        if proposals.exists():
            raise ConfirmationError("was tried too often; add the address again.")
        raise EndpointProposal.DoesNotExist
    proposal = proposals.get()
    if now - proposal.requested_at >= CODE_WITHIN:
        raise ConfirmationError("is older than half an hour; add the address again.")
    answer = ""
    if proposal.channel == Channel.MAIL:
        given = _digest(key, as_typed.digits(code))
        if not hmac.compare_digest(proposal.digest, given):
            raise ConfirmationError("does not work; it may be mistyped.")
    else:
        taken, answer = send_test_message(_unsaved(proposal), now=now)
        if not taken:
            raise ConfirmationError(f"The test message was not taken: {answer}.")
    return _made(proposal, now), answer


def _unsaved(proposal: EndpointProposal) -> Endpoint:
    return Endpoint(
        channel=proposal.channel,
        address=proposal.address,
        format=proposal.format,
        secret=proposal.secret,
        tenant=proposal.tenant,
        language=proposal.tenant.language,
    )


@transaction.atomic
def _made(proposal: EndpointProposal, now: datetime) -> Endpoint:
    """New or known; what was shown with the proposal holds. It has just taken a message: no suppression stays."""
    found = endpoints.find(proposal.channel, proposal.address)
    tenant = proposal.tenant
    if found is None:
        found, _ = endpoints.create(
            channel=proposal.channel,
            address=proposal.address,
            tenant=tenant,
            now=now,
            language=tenant.language,
            time_zone=tenant.time_zone,
            format=proposal.format,
            name=proposal.name,
            secret=proposal.secret,
        )
    elif found.tenant_id not in (None, tenant.pk) or (
        found.tenant_id is None and found.channel != Channel.MAIL
    ):
        raise EntryError("address", "is in use already; use another one.")
    elif proposal.secret:
        endpoints.replace_secret(found, proposal.secret, now=now)
    found.tenant, found.confirmed_at, found.format = tenant, now, proposal.format
    if found.suppressed_at:
        found.suppressed_at, found.suppressed_because, found.lifted_at = None, "", now
    found.left_alerts_at = None
    found.name = proposal.name or found.name
    found.save()
    proposal.delete()
    return found


def set_manners(*, endpoint: Endpoint, language: str, time_zone: str, follows_on: bool) -> None:
    """In which language and zone it is written to, and whether it hears of an incident to its end, also when all of
    its tenant's is well again. Raises EntryError."""
    check_manners(language, time_zone)
    endpoint.language, endpoint.time_zone, endpoint.follows_on = language, time_zone, follows_on
    endpoint.save(update_fields=["language", "time_zone", "follows_on"])


@transaction.atomic
def stop(*, endpoint: Endpoint, now: datetime) -> None:
    """No alert goes there any more; it leaves every group of its tenant. Confirmed again, it may come back."""
    for group in ActionGroup.objects.filter(tenant=endpoint.tenant, endpoints=endpoint):
        group.endpoints.remove(endpoint)
    endpoint.left_alerts_at = now
    endpoint.save(update_fields=["left_alerts_at"])


@transaction.atomic
def save_group(
    *, tenant: Tenant, name: str, endpoint_ids: Sequence[int], group_id: int | None = None
) -> ActionGroup:
    """Make or change a group. Raises EntryError, ActionGroup.DoesNotExist."""
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
    others = tenant.action_groups.all()
    group = ActionGroup(tenant=tenant)
    if group_id is not None:
        group, others = others.get(pk=group_id), others.exclude(pk=group_id)
    group.name = checked_text("name", name, 200, lines=False)
    if not group.name:
        raise EntryError("name", "is empty; name the group.")
    if others.filter(name=group.name).exists():
        raise EntryError("name", "is another group's already; choose another one.")
    if others.count() >= MOST_GROUPS or len(set(endpoint_ids)) > MOST_IN_GROUP:
        raise EntryError(
            "endpoints", f"are too many; {MOST_GROUPS} groups may have {MOST_IN_GROUP} each."
        )
    # Those of the tenant, and what the operator has put into this very group.
    mine = set(tenant.endpoints.filter(pk__in=endpoint_ids).values_list("pk", flat=True))
    if group.pk:
        mine |= set(group.endpoints.filter(pk__in=endpoint_ids).values_list("pk", flat=True))
    if strange := set(endpoint_ids) - mine:
        raise EntryError("endpoints", f"{min(strange)} is none of yours; choose from the list.")
    group.save()
    group.endpoints.set(mine)
    return group


def _digest(key: uuid.UUID, code: str) -> str:
    return salted_hmac(f"notifications.endpoint.{key.hex}", code, algorithm="sha256").hexdigest()
