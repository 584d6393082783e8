"""The operator's own logo, colours, texts and links are on page, mail and picture; what cannot be read is refused."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.template.loader import render_to_string
from django.utils.translation import override
from hypothesis import given, settings, strategies
from PIL import Image
from pytest_django.fixtures import Settings

from statuspage.configuration import brand
from statuspage.public.render.files import assets, share_images
from statuspage.public.render.layout import Layout, render
from tests.public.sites import NOON

DOCS = Path(__file__).resolve().parents[2] / "docs" / "branding.md"
EXAMPLE = re.findall(r"```yaml\n(.*?)```", DOCS.read_text(), re.DOTALL)[0]
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 40"><path d="M0 0h120v40H0z"/></svg>'
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("logo.svg", "logo-dark.svg"):
        (tmp_path / name).write_text(SVG)
    Image.new("RGBA", (240, 80), "#e0218a").save(tmp_path / "logo.png")
    return tmp_path


def loaded(folder: Path, text: str) -> brand.Brand:
    file = folder / "brand.yaml"
    file.write_text(text)
    return brand.load(str(file))


def page() -> str:
    return render("base.html", Layout(NOON, 1), "/status/", {}).decode()


def mail() -> str:
    return render_to_string("emails/base.html", {"site": "Cloud Status"})


def test_without_one_everything_is_as_it_comes(settings: Settings) -> None:
    assert settings.BRAND == brand.load("") == brand.Brand()
    assert assets.branded(settings.BRAND) == b""
    assert '<span class="pulse"' in page()
    assert "td.mark" not in mail()


def test_the_example_of_the_manual_is_on_page_mail_and_picture(
    settings: Settings, folder: Path
) -> None:
    plain = share_images.of_states()
    settings.BRAND = loaded(folder, EXAMPLE)
    shown = page()
    assert re.search(r'<img class="light"\s+src="/brand/light.svg"\s+alt="Cloud Status"', shown)
    assert re.search(r'src="/brand/dark.svg".*?width="120"\s+height="40"', shown, re.DOTALL)
    assert '<a href="https://example.com/support"><span>Contact support</span></a>' in shown
    assert "Example Cloud, a service of Example Corp." in shown
    served = assets.pages()
    styles = served[assets.url("statuspage/site.css")].body
    assert b"--accent:light-dark(#5a2ca0,#c7a6ff)" in styles
    assert served["/brand/light.svg"].body == SVG.encode()
    written = mail()
    assert "http://127.0.0.1:8000/brand/picture.png" in written
    assert "#5a2ca0" in written
    assert "Imprint" in written
    drawn = share_images.of_states()
    assert all(drawn[path] != plain[path] for path in plain)
    with Image.open(io.BytesIO(drawn["/status/share/good.png"].body)) as image:
        assert image.convert("RGB").getpixel((600, 625)) == pytest.approx((0xE0, 0x21, 0x8A), abs=8)


def test_a_text_is_in_the_readers_language_or_marked_as_english(
    settings: Settings, folder: Path
) -> None:
    settings.BRAND = loaded(folder, EXAMPLE)
    with override("de"):
        assert "<span>Impressum</span>" in page()
    with override("ja"):
        assert '<span lang="en" dir="ltr">Imprint</span>' in page()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("accent: {light: '#ff6600', dark: '#c7a6ff'}", "accent.light: #ff6600 has .*4.5:1 is needed; #.{6} would do"),
        ("accent: {light: '#5a2ca0', dark: '#5a2ca0'}", "accent.dark: #5a2ca0 has "),
        ("accent: {light: red, dark: '#c7a6ff'}", 'accent.light: "red" is not a colour such as #1f5fbf'),
        ("stripe: {light: '#ffe0f0', dark: '#ff7ac1'}", "stripe.light: #ffe0f0 has .*3.0:1 is needed"),
        ("logo: {light: none.svg}", "logo.light: none.svg cannot be read"),
        ("logo: {light: logo.svg, picture: logo.svg}", "logo.picture: logo.svg is no PNG"),
        ("logo: {light: brand.yaml}", "logo.light: brand.yaml is neither PNG nor SVG"),
        ("support: {text: Help, url: 'javascript:alert(1)'}", "support.url: .* is not an address that begins with"),
        ("support: {text: Help}", "support.url: missing; give an address"),
        ("links: [{text: {de: Impressum}, url: /x}]", r"links\[0\].text.en: missing; give a name"),
        ("colour: {}", "colour: unknown key .* known are logo, accent"),
        ("- 1", "brand: a list is not an object; give logo"),
        ("logo: [", "no YAML: "),
    ],
)  # fmt: skip
def test_what_cannot_be_shown_is_refused_with_field_value_and_remedy(
    folder: Path, text: str, line: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=rf"BRAND=.*brand\.yaml: {line}"):
        loaded(folder, text)


@pytest.mark.parametrize("poison", ["<script>", " onload = 'x'", "<foreignObject/>"])
def test_a_drawing_that_acts_is_refused(folder: Path, poison: str) -> None:
    (folder / "logo.svg").write_text(SVG.replace("<path", f"{poison}<path"))
    with pytest.raises(ImproperlyConfigured, match=r"logo\.light: logo\.svg contains"):
        loaded(folder, "logo: {light: logo.svg}")


@settings(max_examples=30)
@given(strategies.integers(0, 0xFFFFFF), strategies.sampled_from(["light", "dark"]))
def test_a_colour_is_legible_or_refused_with_one_that_is(number: int, theme: str) -> None:
    colour = f"#{number:06x}"
    pair = {"light": "#5a2ca0", "dark": "#c7a6ff"}
    try:
        brand.check_accent(brand.Pair(**pair | {theme: colour}))
    except brand.BrandError as error:
        colour = re.findall(r"#[0-9a-f]{6} would do", str(error))[0][:7]
        brand.check_accent(brand.Pair(**pair | {theme: colour}))
    assert min(brand.contrast(colour, ground) for ground in brand.surfaces(theme)) >= brand.TEXT
