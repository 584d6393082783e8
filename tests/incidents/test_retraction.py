from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User

from incidents.models import Communication, Decision, Impact, Incident, Revision
from incidents.services.decisions.operator_decisions import confirm
from incidents.services.errors import EntryError
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Declaration, Override, Statement
from incidents.services.retraction import retract
from incidents.services.visibility import publish_due, withdraw
from tests.conftest import declaration, hit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

FACTS = (
    "We reported an impact on Key Vault in West Europe since 09:00 UTC on 1 March 2026. That was a"
    " false positive: our services were not impaired. Nothing needs to be done."
)


def broad(**more: object) -> Declaration:
    return declaration(
        hit("storage", "west-europe", extent="region"), hit("key-vault", "west-europe"), **more
    )


@pytest.fixture
def targeted(now: datetime, operator: User) -> Incident:
    return declare(declaration=declaration(), now=now, actor=operator)


@pytest.fixture
def public(now: datetime, operator: User) -> Incident:
    return declare(declaration=broad(), now=now, actor=operator)


@pytest.fixture
def later(now: datetime) -> datetime:
    return now + timedelta(hours=1)


def test_a_targeted_incident_is_taken_back_without_a_public_word(
    targeted: Incident, later: datetime, operator: User
) -> None:
    said = retract(incident_id=targeted.pk, now=later, actor=operator, reason="A broken probe.")

    assert (said.kind, said.stage, said.number) == ("retraction", "resolved", 2)
    assert (said.public_text, said.targeted_text) == ("", FACTS)
    assert not Communication.objects.public().exists()
    targeted.refresh_from_db()
    assert targeted.false_positive
    assert (targeted.stage, targeted.closed_at, targeted.mitigated_at) == ("resolved", later, later)
    assert not Impact.objects.open().exists()
    assert targeted.occurrences.get().ended_at == later


def test_a_public_incident_is_taken_back_where_it_was_posted(
    public: Incident, later: datetime, operator: User
) -> None:
    before = Revision.objects.get().number

    said = retract(incident_id=public.pk, now=later, actor=operator, reason="A broken probe.")

    assert said.public_at == later
    assert said.public_text == said.targeted_text
    assert "Storage and Key Vault in West Europe" in said.public_text
    assert Incident.objects.public().get() == public
    assert Revision.objects.get().number > before


def test_an_operators_words_are_used_and_the_public_ones_kept_to_themselves(
    targeted: Incident, later: datetime, operator: User
) -> None:
    said = retract(
        incident_id=targeted.pk,
        now=later,
        actor=operator,
        public_text="For everybody.",
        targeted_text="For you.",
        reason="A broken probe.",
    )

    assert (said.public_text, said.targeted_text) == ("For everybody.", "For you.")
    assert said.public_at is None


def test_the_decision_keeps_reason_actor_and_the_fact(
    public: Incident, later: datetime, operator: User
) -> None:
    said = retract(incident_id=public.pk, now=later, actor=operator, reason="A broken probe.")

    decision = Decision.objects.latest("id")
    assert said.decision == decision
    assert (decision.rule, decision.review, decision.public) == ("false-positive", "none", True)
    assert (decision.reason, decision.actor) == ("A broken probe.", operator)
    assert decision.facts["false_positive"] is True


def test_a_post_that_waited_for_a_person_never_goes_out(
    now: datetime, later: datetime, operator: User
) -> None:
    waiting = declare(declaration=broad(), now=now, actor=None)
    assert waiting.public_due_at is not None

    retract(incident_id=waiting.pk, now=later, actor=operator, reason="A broken probe.")

    assert publish_due(now=later + timedelta(days=1)) == []
    assert not Incident.objects.public().exists()
    decision = waiting.decisions.latest("id")
    assert (decision.public, decision.override_public) == (False, False)


def test_what_was_posted_by_override_is_taken_back_publicly(
    now: datetime, later: datetime, operator: User
) -> None:
    incident = declare(
        declaration=declaration(),
        now=now,
        actor=operator,
        override=Override(public=True, reason="The press knows."),
    )

    said = retract(incident_id=incident.pk, now=later, actor=operator, reason="A broken probe.")

    assert said.public_at == later
    assert incident.decisions.latest("id").reason == "A broken probe."


def test_a_withdrawn_entry_stays_withdrawn(
    public: Incident, later: datetime, operator: User
) -> None:
    withdraw(incident_id=public.pk, reason="Posted by mistake.", now=later, actor=operator)

    said = retract(incident_id=public.pk, now=later, actor=operator, reason="A broken probe.")

    assert (said.public_text, said.public_at) == ("", None)
    assert not Incident.objects.public().exists()


def test_no_review_and_no_withdrawal_are_owed_any_more(
    now: datetime, later: datetime, operator: User
) -> None:
    incident = declare(
        declaration=declaration(
            hit("storage", "west-europe"), hit("key-vault", "west-europe"), audience="unknown"
        ),
        now=now,
        actor=operator,
    )
    assert incident.withdraw_after_review
    assert incident.note
    Incident.objects.update(alarm="The review reached none of its 3 receivers.")

    retract(incident_id=incident.pk, now=later, actor=operator, reason="A broken probe.")

    incident.refresh_from_db()
    assert (incident.withdraw_after_review, incident.note, incident.alarm) == (False, "", "")


def test_a_resolved_incident_can_still_be_taken_back(
    targeted: Incident, now: datetime, later: datetime, operator: User
) -> None:
    post_update(incident_id=targeted.pk, now=now, stage="resolved", actor=operator)

    retract(incident_id=targeted.pk, now=later, actor=operator, reason="A broken probe.")

    targeted.refresh_from_db()
    assert (targeted.closed_at, targeted.mitigated_at) == (now, now)
    assert targeted.false_positive


def test_impact_announced_for_later_ends_where_it_would_have_begun(
    now: datetime, operator: User
) -> None:
    ahead = now + timedelta(days=2)
    advisory = declare(
        declaration=declaration(kind="health-advisory", level="warning", started_at=ahead),
        now=now,
        actor=operator,
    )

    retract(incident_id=advisory.pk, now=now, actor=operator, reason="Not needed after all.")

    advisory.refresh_from_db()
    assert (advisory.mitigated_at, advisory.closed_at) == (ahead, now)
    assert Impact.objects.get().ended_at == ahead


@pytest.mark.parametrize("reason", ["", " \n "])
def test_it_needs_a_reason(
    targeted: Incident, later: datetime, operator: User, reason: str
) -> None:
    with pytest.raises(EntryError, match="write how it turned out to be a false positive"):
        retract(incident_id=targeted.pk, now=later, actor=operator, reason=reason)
    assert Communication.objects.count() == 1


def test_a_broken_channel_contradicts_a_false_positive(
    now: datetime, later: datetime, operator: User
) -> None:
    incident = declare(
        declaration=declaration(targeted_channel_available=False), now=now, actor=operator
    )

    with pytest.raises(EntryError, match="contradicts a false positive") as refused:
        retract(incident_id=incident.pk, now=later, actor=operator, reason="A broken probe.")

    assert refused.value.field == "targeted_channel"
    incident.refresh_from_db()
    assert not incident.false_positive
    assert Impact.objects.open().exists()


def test_it_is_taken_back_once(targeted: Incident, later: datetime, operator: User) -> None:
    retract(incident_id=targeted.pk, now=later, actor=operator, reason="A broken probe.")

    with pytest.raises(EntryError, match="was retracted already"):
        retract(incident_id=targeted.pk, now=later, actor=operator, reason="Once more.")
    assert Communication.objects.count() == 2


def test_planned_maintenance_is_cancelled_instead(now: datetime, operator: User) -> None:
    ahead = now + timedelta(days=1)
    maintenance = declare(
        declaration=declaration(
            kind="planned-maintenance",
            level="informational",
            stage="planned",
            started_at=ahead,
            scheduled_for=ahead,
        ),
        now=now,
        actor=operator,
    )

    with pytest.raises(EntryError, match="which is cancelled, not retracted"):
        retract(incident_id=maintenance.pk, now=now, actor=operator, reason="Not needed.")


def test_the_title_and_the_targeted_words_stay_out_of_the_public_text(
    now: datetime, later: datetime, operator: User
) -> None:
    incident = declare(
        declaration=broad(
            internal_title="quorum lost", statement=Statement(targeted_text="Only for your eyes.")
        ),
        now=now,
        actor=None,
    )
    confirm(incident_id=incident.pk, now=now, actor=operator)

    said = retract(incident_id=incident.pk, now=later, actor=operator, reason="A broken probe.")

    for secret in ("quorum", "eyes", "probe"):
        assert secret not in said.public_text


def test_taking_it_up_again_ends_the_false_positive(
    targeted: Incident, later: datetime, operator: User
) -> None:
    retract(incident_id=targeted.pk, now=later, actor=operator, reason="A broken probe.")
    post_update(
        incident_id=targeted.pk,
        stage="investigating",
        statement=Statement(targeted_text="There is impact after all."),
        now=later + timedelta(minutes=5),
        actor=operator,
    )
    targeted.refresh_from_db()
    assert not targeted.false_positive
    assert targeted.mitigated_at is None
