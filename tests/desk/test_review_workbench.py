"""A review at the desk: its time line proposed from what is recorded, as Markdown and back, and what is new in it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.models import Incident
from incidents.services.incident import declare, post_update, recover
from incidents.services.inputs import Statement
from statuspage.desk.review.lines import LinesError
from statuspage.desk.review.markdown_file import of_markdown, to_markdown
from tests.conftest import declaration, hit
from tests.desk.conftest import sent_by, text_of
from tests.notifications.cast import rule, tenant

LINE = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs")), max_size=20)
HOSTILE = st.sampled_from(
    [
        "## Timeline",
        "\\## x",
        "<!-- timeline -->",
        "\\\\<!-- repairs -->",
        "---",
        "### a",
        "",
        "- b | c | ",
    ]
)
TEXT = st.lists(LINE | HOSTILE, max_size=6).map(lambda lines: "\n".join(lines).strip("\n"))
HEADING = LINE.filter(bool)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(HEADING, TEXT), max_size=4), TEXT, TEXT)
def test_as_markdown_and_back_nothing_is_another(
    sections: list[tuple[str, str]], timeline: str, repairs: str
) -> None:
    fields = {"kind": "final", "video": "https://example.com/v", "survey": ""}
    for number, (heading, text) in enumerate(sections, start=1):
        fields |= {f"heading_{number}": heading, f"text_{number}": text}
    fields |= {name: text for name, text in (("timeline", timeline), ("repairs", repairs)) if text.strip()}  # fmt: skip
    read = of_markdown(to_markdown(fields))
    assert read == fields
    assert to_markdown(read) == to_markdown(fields)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Hello", "Line 1 stands before the first heading; begin with ##"),
        ("---\nkind: final\n", "no further line ends that"),
        ("---\ntitle: x\n---\n", "Line 2 is none of kind, video, survey"),
        ("x" * 500_001, "shorten it to 500,000"),
    ],
)
def test_what_cannot_be_read_names_its_line(text: str, says: str) -> None:
    with pytest.raises(LinesError, match=says):
        of_markdown(text)


@pytest.fixture
def over(catalogue: None, operator: User) -> Incident:
    """Two cells, an update for the affected alone, recovered one after the other."""
    now = datetime.now(UTC)
    cells = hit("storage", "west-europe"), hit("key-vault", "west-europe")
    incident = declare(
        declaration=declaration(
            *cells,
            started_at=now - timedelta(hours=3),
            detected_at=now - timedelta(hours=2, minutes=50),
            statement=Statement("Some requests fail.", "Yours fail."),
        ),
        now=now - timedelta(hours=2),
        actor=operator,
    )
    post_update(
        incident_id=incident.pk,
        statement=Statement("", "A secret cable was cut."),
        now=now - timedelta(hours=1),
        actor=operator,
    )
    recover(
        incident_id=incident.pk,
        regions=[hit("storage", "west-europe").region],
        at=now - timedelta(minutes=10),
        now=now,
        actor=operator,
    )
    return incident


@pytest.mark.django_db
def test_the_time_line_is_proposed_and_what_was_typed_stays(desk: Client, over: Incident) -> None:
    page = f"/admin/desk/{over.tracking_id}/review/"
    form = sent_by(desk.get(page), page)
    typed = f"{datetime.now(UTC) - timedelta(minutes=90):%Y-%m-%d %H:%M} We called the vendor."
    form |= {"timeline": typed, "text_1": "A cable.", "step": "propose"}
    fields = sent_by(desk.post(page, form), page)
    lines = fields["timeline"][0].split("\n")
    assert lines == sorted(lines)
    assert typed in lines
    said = [line[17:] for line in lines]
    assert said[:2] == ["Impact began.", "Detected."]
    assert said[-1].startswith("Storage in West Europe and Key Vault") or any(
        "Storage in West Europe and Key Vault in West Europe recovered." in each for each in said
    )
    assert "secret" not in fields["timeline"][0], "what was told to some is not proposed for all"
    assert fields["text_1"] == ["A cable."]
    again = sent_by(desk.post(page, fields | {"step": "propose"}), page)
    assert again["timeline"] == fields["timeline"], "proposed twice it is there once"
    assert desk.post(page, fields | {"step": "preview"}).status_code == 200


@pytest.mark.django_db
def test_windows_and_figures_are_filled_in_from_what_is_recorded(
    desk: Client, over: Incident
) -> None:
    page = f"/admin/desk/{over.tracking_id}/review/"
    form = sent_by(desk.get(page), page) | {"text_1": "A cable was cut.", "step": "figures"}
    fields = sent_by(desk.post(page, form), page)
    typed, window, *figures = [line for line in fields["text_1"][0].split("\n") if line]
    assert typed == "A cable was cut."
    assert "(2 h 50 min): " in window
    assert "Storage in West Europe" in window
    assert figures == [
        "- Detected: 10 min after impact began.",
        "- Mitigated: 2 h 50 min after impact began.",
    ]
    again = sent_by(desk.post(page, fields | {"step": "figures"}), page)
    assert again["text_1"] == fields["text_1"], "filled in twice it is there once"


@pytest.mark.django_db
def test_its_preview_shows_each_mail_as_it_will_look(desk: Client, over: Incident) -> None:
    rule(tenant("contoso", ("key-vault", "west-europe")), "ops@example.com")
    page = f"/admin/desk/{over.tracking_id}/review/"
    preview = desk.post(page, sent_by(desk.get(page), page) | {"text_1": "A **cable** was cut."})
    assert "frame-src 'self'" in preview.headers["Content-Security-Policy"]
    (sealed,) = re.findall(r'name="sealed" value="([^"]+)"', preview.content.decode())
    mail = desk.post("/admin/desk/preview/mail/", {"sealed": sealed}).content.decode()
    assert "<strong>cable</strong>" in mail


@pytest.mark.django_db
def test_out_and_in_again_at_the_desk(desk: Client, over: Incident) -> None:
    page = f"/admin/desk/{over.tracking_id}/review/"
    form = sent_by(desk.get(page), page)
    form |= {"text_1": "A cable.\n\n## Not a heading", "repairs": "Two cables | Net | planned | "}
    file = desk.post(page, form | {"step": "export"})
    assert file["Content-Type"] == "text/markdown; charset=utf-8"
    assert file["Content-Disposition"] == f'attachment; filename="review-{over.tracking_id}.md"'
    text = file.content.decode()
    back = sent_by(desk.post(page, {"step": "import", "markdown": text}), page)
    assert back["text_1"] == ["A cable.\n\n## Not a heading"]
    assert back["repairs"] == ["Two cables | Net | planned | "]
    bad = desk.post(page, form | {"step": "import", "markdown": "Hello"})
    assert bad.status_code == 422
    assert "Line 1 stands before the first heading" in text_of(bad)
    assert "A cable." in bad.content.decode(), "what was typed stays"


@pytest.mark.django_db
def test_the_page_beside_the_form(desk: Client, over: Incident) -> None:
    here = f"/admin/desk/{over.tracking_id}/review/"
    typed = {"heading_1": "Why?", "text_1": "A **cable** <script>x</script>."}
    html = desk.post(f"{here}live/", typed).content.decode()
    assert "<strong>cable</strong>" in html
    assert "<script>" not in html


@pytest.mark.django_db
def test_a_final_version_shows_what_is_new(desk: Client, over: Incident) -> None:
    page = f"/admin/desk/{over.tracking_id}/review/"
    form = sent_by(desk.get(page), page) | {"text_1": "A cable was cut."}
    preview = sent_by(desk.post(page, form), page)
    assert desk.post(page, preview | {"step": "publish"}).status_code == 302
    form = sent_by(desk.get(page), page) | {
        "text_1": "Two cables were cut.",
        "repairs": "A second path | Network | planned | 2026-03",
    }
    html = desk.post(page, form).content.decode()
    assert "New against the version before" in html
    for new in (
        "<ins>Two</ins>",
        "<ins>cables</ins>",
        "<del>A</del>",
        "<ins>were</ins> cut.",
        "<ins>A second path",
    ):
        assert new in html
