from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from incidents.models import Decision, Incident, Review
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Declaration, Statement
from incidents.services.retraction import retract
from incidents.services.visibility import review_delivered
from statuspage.desk.review.form import review_as_draft, same
from statuspage.desk.review.lines import (
    LinesError,
    repair_lines,
    repairs_of,
    timeline_lines,
    timeline_of,
)
from tests.conftest import NOW, declaration, hit
from tests.desk.conftest import Answer, Form, sent_by, text_of
from tests.desk.test_updates_at_the_desk import own, said

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

WRITTEN: Form = {
    "kind": "preliminary",
    "text_1": "Between **09:00** and 09:40 requests failed.\n\n- reads\n- writes",
    "text_2": "A certificate expired.",
    "timeline": "2026-01-10 09:40 All well again.\n\n2026-01-10 09:00 First errors.",
    "repairs": "Alert on stale certificates | Platform team | in progress | 2026-03\nPlain one",
    "video": "https://video.example.com/1",
    "survey": "https://survey.example.com/1",
}


def over(operator: User, declared: Declaration, *, ago: timedelta = timedelta(0)) -> Incident:
    """Declared and mitigated, some time ago."""
    now = datetime.now(UTC) - ago
    incident = declare(declaration=declared, now=now, actor=operator)
    post_update(incident_id=incident.pk, now=now, stage="mitigated", actor=operator)
    incident.refresh_from_db()
    return incident


def broad(**more: object) -> Declaration:
    return declaration(
        hit("storage", "west-europe", extent="region"), hit("key-vault", "west-europe"), **more
    )


def unknown(**more: object) -> Declaration:
    return declaration(
        hit("storage", "west-europe"), hit("key-vault", "west-europe"), audience="unknown", **more
    )


@pytest.fixture
def public(operator: User) -> Incident:
    return over(operator, broad())


def review_form(desk: Client, incident: Incident) -> Form:
    url = own(incident, "review/")
    return sent_by(desk.get(url), url)


def preview_of(desk: Client, incident: Incident, form: Form) -> Form:
    """The form on the preview, ready to be sent."""
    url = own(incident, "review/")
    page = desk.post(url, form | {"step": "preview"})
    assert page.status_code == 200, text_of(page)
    return sent_by(page, url)


def publish(desk: Client, incident: Incident, **written: Any) -> Answer:
    form = review_form(desk, incident) | written
    return desk.post(
        own(incident, "review/"), preview_of(desk, incident, form) | {"step": "publish"}
    )


def test_the_usual_headings_are_there_to_be_filled(desk: Client, public: Incident) -> None:
    form = review_form(desk, public)

    assert form["heading_1"] == ["What happened?"]
    assert form["heading_4"] == [
        "How are we making incidents like this less likely or less impactful?"
    ]
    assert form["text_1"] == [""]
    assert (form["heading_6"], form["kind"]) == ([""], ["preliminary"])


def test_a_public_review_is_published_from_its_preview(
    desk: Client, public: Incident, operator: User
) -> None:
    done = publish(desk, public, **WRITTEN)

    assert done.headers["Location"] == own(public)
    review = Review.objects.get()
    assert (review.version, review.kind, review.for_public) == (1, "preliminary", True)
    assert (review.actor, review.video) == (operator, "https://video.example.com/1")
    assert [(s.kind, s.heading) for s in review.sections.order_by("position")] == [
        ("impact", "What happened?"),
        ("root-cause", "What went wrong and why?"),
    ]
    assert [row.text for row in review.timeline.order_by("position")] == [
        "First errors.",
        "All well again.",
    ]
    assert [
        (item.text, item.owner, item.state, item.due)
        for item in review.repair_items.order_by("position")
    ] == [
        ("Alert on stale certificates", "Platform team", "in-progress", "2026-03"),
        ("Plain one", "", "planned", ""),
    ]
    assert said(public).kind == "review"
    assert "Version 1 of the review (Preliminary) is published, for everybody." in text_of(
        desk.get(own(public))
    )


def test_a_preview_shows_it_rendered_and_for_whom_and_stores_nothing(
    desk: Client, public: Incident
) -> None:
    form = review_form(desk, public) | WRITTEN

    page = desk.post(own(public, "review/"), form)

    words = text_of(page)
    assert "FOR EVERYBODY" in words
    assert "stays for 5 years" in words
    assert "<strong>09:00</strong>" in page.content.decode()
    assert "10 Jan 2026 09:00" in words
    assert not Review.objects.exists()
    assert said(public).kind == "update"


def test_from_the_preview_back_to_the_form_nothing_is_lost(desk: Client, public: Incident) -> None:
    form = review_form(desk, public) | WRITTEN | {"heading_6": "Thanks", "text_6": "To all."}
    url = own(public, "review/")

    again = sent_by(desk.post(url, preview_of(desk, public, form) | {"step": "edit"}), url)

    for name, value in (WRITTEN | {"heading_6": "Thanks", "text_6": "To all."}).items():
        assert again[name] == [value]
    assert again["text_7"] == [""]


def test_a_targeted_review_says_that_the_public_entry_goes(desk: Client, operator: User) -> None:
    incident = over(operator, unknown())
    assert incident.withdraw_after_review

    words = text_of(desk.get(own(incident, "review/")))
    assert "FOR THE AFFECTED CUSTOMERS ONLY" in words
    assert "Once its Final version is delivered the public entry goes" in words
    assert "It is not known yet who is affected." in words

    publish(desk, incident, **WRITTEN)
    review = Review.objects.get()
    assert not review.for_public
    assert said(incident).public_text == ""
    review_delivered(incident_id=incident.pk, told=1, planned=1, now=datetime.now(UTC))
    assert Incident.objects.gone().get() == incident


def test_the_review_of_a_targeted_incident_never_speaks_of_a_public_entry(
    desk: Client, operator: User
) -> None:
    words = text_of(desk.get(own(over(operator, declaration()), "review/")))

    assert "FOR THE AFFECTED CUSTOMERS ONLY" in words
    assert "The incident has never been public." in words
    assert "goes" not in words.split("never been public.")[1]


def test_faults_name_the_line_and_keep_what_was_typed(desk: Client, public: Incident) -> None:
    url = own(public, "review/")
    written = WRITTEN | {
        "timeline": "2026-01-10 09:00 fine\n9:30 short\n2126-01-10 09:00 later\n2026-02-30 09:00 no day",
        "repairs": "Fine\n| nobody\nOne | team | doing\nTwo | team | done | March",
        "heading_2": "",
    }

    page = desk.post(url, review_form(desk, public) | written)

    assert page.status_code == 422
    words = text_of(page)
    for fault in (
        "Line 2: “9:30 short” does not begin with date and time; write 2026-01-10 09:00",
        "Line 3: 2126-01-10 09:00 UTC lies in the future",
        "Line 4: 2026-02-30 09:00 is no moment of the calendar",
        "Line 2 says nothing before the first |; write what will be done.",
        "Line 3 has the state “doing”; write done, in progress or planned.",
        "Line 4 has the month “March”; write it as in 2026-03.",
        "Heading 2 : There is a text below it; write a heading.",
    ):
        assert fault in words
    assert sent_by(page, url)["timeline"] == [written["timeline"]]
    assert sent_by(page, url)["repairs"] == [written["repairs"]]
    assert not Review.objects.exists()


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ({"text_1": "", "text_2": " "}, "All sections are empty; say at least what happened."),
        ({"video": "javascript:alert(1)"}, "is no web address; begin with https://."),
        ({"kind": "last"}, "Select a valid choice."),
        ({"text_1": "a\x07b"}, "It has the control character U+0007; remove it."),
        ({"timeline": "2026-01-10 09:00 a\x07b"}, "Line 1 has the control character U+0007"),
        ({"repairs": "\n".join(["x"] * 301)}, "has 301 lines; shorten it to 300."),
        ({"repairs": "\n".join(["|"] * 20)}, "12 more lines have faults."),
        ({"heading_1": "x" * 201}, "at most 200 characters"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(
    desk: Client, public: Incident, written: Form, fault: str
) -> None:
    page = desk.post(own(public, "review/"), review_form(desk, public) | WRITTEN | written)

    assert page.status_code == 422
    assert fault in text_of(page)
    assert not Review.objects.exists()


def test_a_review_waits_until_impact_has_ended(desk: Client, targeted: Incident) -> None:
    url = own(targeted, "review/")
    assert "Impact has not ended." in text_of(desk.get(url))
    assert 'href="' + url not in desk.get(own(targeted)).content.decode()

    one = {"kind": "final", "heading_1": "What happened?", "text_1": "It broke."}
    page = desk.post(url, one | {"seen": "9-999999999"})

    assert page.status_code == 422
    assert "Impact has not ended; mitigate the incident first." in text_of(page)
    assert sent_by(page, url)["text_1"] == ["It broke."]


def test_pressing_twice_publishes_once(desk: Client, public: Incident) -> None:
    url = own(public, "review/")
    form = preview_of(desk, public, review_form(desk, public) | WRITTEN) | {"step": "publish"}
    desk.post(url, form)

    again = desk.post(url, form, follow=True)

    assert "was published already; nothing was sent twice." in text_of(again)
    assert Review.objects.count() == 1
    assert said(public).number == 3


def test_the_same_words_are_no_further_version(desk: Client, public: Incident) -> None:
    publish(desk, public, **WRITTEN)

    page = desk.post(own(public, "review/"), review_form(desk, public) | {"kind": "preliminary"})

    assert page.status_code == 422
    assert "says exactly this and is published; change something first." in text_of(page)


def test_news_since_the_form_was_opened_comes_first(
    desk: Client, public: Incident, operator: User
) -> None:
    url = own(public, "review/")
    form = review_form(desk, public) | WRITTEN
    post_update(
        incident_id=public.pk,
        now=datetime.now(UTC),
        statement=Statement(public_text="It has spread."),
        actor=operator,
    )

    page = desk.post(url, form | {"step": "publish"})

    assert page.status_code == 409
    assert "It has spread." in text_of(page)
    assert not Review.objects.exists()
    assert sent_by(page, url)["text_2"] == ["A certificate expired."]
    assert desk.post(url, sent_by(page, url) | {"step": "publish"}).status_code == 302


def test_a_further_version_starts_from_the_latest(desk: Client, public: Incident) -> None:
    publish(desk, public, **WRITTEN, heading_6="Thanks", text_6="To all.")

    form = review_form(desk, public)

    assert form["kind"] == ["final"]
    assert form["text_2"] == ["A certificate expired."]
    assert (form["heading_3"], form["text_3"]) == (["Thanks"], ["To all."])
    assert form["heading_4"] == ["How did we respond?"]
    assert form["timeline"] == ["2026-01-10 09:00 First errors.\n2026-01-10 09:40 All well again."]
    assert form["repairs"] == [
        "Alert on stale certificates | Platform team | in progress | 2026-03\nPlain one |  | planned | "
    ]
    publish(desk, public)
    first, second = Review.objects.order_by("version")
    assert (second.version, second.kind) == (2, "final")
    assert not same(review_as_draft(first), review_as_draft(second))
    assert review_as_draft(first).repairs == review_as_draft(second).repairs


def test_lines_are_read_back_as_they_were() -> None:
    timeline = timeline_of("2026-01-10 09:00 UTC: one\n2026-01-10T9:05Z two | three", NOW)
    repairs = repairs_of("a | b | c | d | Done | 2026-03\n plain\t one ")

    assert timeline_of(timeline_lines(timeline), NOW) == timeline
    assert [text for _, text in timeline] == ["one", "two | three"]
    assert [(item.text, item.owner, item.state) for item in repairs] == [
        ("a | b | c", "d", "done"),
        ("plain  one", "", "planned"),
    ]
    assert repairs_of(repair_lines(repairs))[0] == repairs[0]
    with pytest.raises(LinesError, match="Line 1 says nothing behind 2026-01-10 09:00"):
        timeline_of("2026-01-10 09:00", NOW)


def test_reviews_that_are_due_are_shown_with_their_hour(desk: Client, public: Incident) -> None:
    assert public.mitigated_at is not None
    due = public.mitigated_at + timedelta(hours=72)
    words = text_of(desk.get(own(public)))

    assert f"Preliminary review due by {due.day} {due:%b %H:%M} (72 h after mitigation)" in words
    assert "(14 d after mitigation)" in words
    assert "overdue" not in words
    assert "Preliminary review due by" in text_of(desk.get("/admin/desk/"))

    publish(desk, public, **WRITTEN)
    words = text_of(desk.get(own(public)))
    assert "Preliminary review due by" not in words
    assert "Final review due by" in words

    publish(desk, public)
    assert "review due by" not in text_of(desk.get(own(public)))


def test_an_overdue_review_of_a_closed_incident_stays_in_sight(
    desk: Client, operator: User
) -> None:
    long_ago = timedelta(days=15)
    started = datetime.now(UTC) - long_ago
    late = over(operator, declaration(started_at=started), ago=long_ago)
    post_update(incident_id=late.pk, now=datetime.now(UTC), stage="resolved", actor=operator)

    words = text_of(desk.get("/admin/desk/"))

    due = words.split("Closed, and a review is due (1)")[1]
    assert "overdue: Final review due by" in due
    assert "Preliminary" not in due
    assert late.tracking_id in due
    publish(desk, late, **(WRITTEN | {"kind": "final"}))
    assert "a review is due" not in text_of(desk.get("/admin/desk/"))


def test_the_list_asks_as_often_for_many_that_owe_a_review(
    desk: Client, public: Incident, operator: User, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(26) as few:
        desk.get("/admin/desk/")
    for _ in range(4):
        over(operator, broad())
    with django_assert_max_num_queries(len(few)):
        desk.get("/admin/desk/")


def test_an_alarm_is_shown_loudly(desk: Client, public: Incident) -> None:
    Incident.objects.update(alarm="The review reached none of its 3 receivers.")

    page = desk.get(own(public)).content.decode()

    assert "The review reached none of its 3 receivers." in page.split('role="alert"')[1]
    assert "Alarm. The review reached none" in text_of(desk.get("/admin/desk/"))


def test_a_false_positive_is_taken_back_after_a_second_look(
    desk: Client, public: Incident, operator: User
) -> None:
    url = own(public, "retract/")
    asked = desk.get(url)
    assert "The public entry stays and says so" in text_of(asked)
    assert not Incident.objects.filter(false_positive=True).exists()
    assert "That was a false positive" in sent_by(asked, url)["public_text"][0]

    without = desk.post(url, sent_by(asked, url))
    assert without.status_code == 422
    assert "Write how it turned out to be a false positive." in text_of(without)

    done = desk.post(url, sent_by(asked, url) | {"reason": "A broken probe."})
    assert done.status_code == 302
    last = said(public)
    assert (last.kind, last.actor) == ("retraction", operator)
    assert last.public_at is not None
    assert Decision.objects.latest("id").reason == "A broken probe."
    words = text_of(desk.get(own(public)))
    assert "A false positive. It was retracted" in words
    assert "review due" not in words
    assert url not in desk.get(own(public)).content.decode()

    again = desk.post(url, sent_by(asked, url) | {"reason": "A broken probe."}, follow=True)
    assert "was retracted already." in text_of(again)
    assert said(public).number == last.number


def test_a_false_positive_of_a_broken_channel_is_refused_with_the_remedy(
    desk: Client, operator: User
) -> None:
    incident = over(operator, declaration(targeted_channel_available=False))
    url = own(incident, "retract/")

    page = desk.post(url, sent_by(desk.get(url), url) | {"reason": "A broken probe."})

    assert page.status_code == 422
    assert "contradicts a false positive; post an update that it works" in text_of(page)
    assert "A broken probe." in sent_by(page, url)["reason"]


def test_a_retraction_made_meanwhile_elsewhere_is_no_surprise(
    desk: Client, targeted: Incident, operator: User
) -> None:
    url = own(targeted, "retract/")
    form = sent_by(desk.get(url), url)
    post_update(
        incident_id=targeted.pk,
        now=datetime.now(UTC),
        statement=Statement(targeted_text="We look."),
        actor=operator,
    )
    assert desk.post(url, form | {"reason": "x"}).status_code == 409
    retract(incident_id=targeted.pk, now=datetime.now(UTC), actor=operator, reason="Done.")

    assert "It was retracted already. Nothing is left" in text_of(desk.get(url))
