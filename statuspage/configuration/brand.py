"""The operator's own logo, colours, texts and links: a YAML file, checked before anything is shown with it.

Without one every page, mail and picture is as it comes. Read once, when a process starts; `settings.BRAND`.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from django.core.exceptions import ImproperlyConfigured
from msgspec import Meta

from incidents.validation import RefusedError, checked, name, read

STYLES = Path(__file__).resolve().parents[1] / "static" / "statuspage" / "site.css"
LARGEST = 64 * 1024  # bytes of a logo: every first visit loads it
TEXT, SHAPE = 4.5, 3.0  # WCAG 2.2, success criteria 1.4.3 and 1.4.11
# What writes on the accent, as `--on-accent` of the styles.
ON_ACCENT = {"light": "#ffffff", "dark": "#10131a"}
_TINT = re.compile(r"--(?:page|surface|[a-z]+-tint): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")
_ADDRESS = re.compile(
    r"(https?://[^\s<>\"']+|mailto:[^\s<>\"'@]+@[^\s<>\"']+|/[^\s<>\"'/\\]?[^\s<>\"'\\]*)"
)

Colour = Annotated[
    str,
    checked(
        "a colour such as #1f5fbf",
        lambda value: isinstance(value, str) and bool(re.fullmatch(r"#[0-9A-Fa-f]{6}", value)),
    ),
]
Address = Annotated[
    str,
    checked(
        "an address that begins with https://, http://, mailto: or /",
        lambda value: isinstance(value, str) and bool(_ADDRESS.fullmatch(value)),
    ),
]
File = Annotated[str, Meta(description="the name of a PNG or SVG file beside this one")]
Line = Annotated[str, name(200)]


class BrandError(RefusedError):
    """A file that cannot be shown: one line with field, value and remedy."""


@dataclass(frozen=True, slots=True)
class Pair:
    light: Colour
    dark: Colour


@dataclass(frozen=True, slots=True)
class Words:
    """One text by language; English where there is none."""

    en: Line
    de: Line | None = None
    fr: Line | None = None
    es: Line | None = None
    ja: Line | None = None
    ar: Line | None = None

    def said(self, language: str) -> tuple[str, str]:
        """(text, the language it is in)."""
        here: str | None = getattr(self, language, None)
        return (here, language) if here else (self.en, "en")


@dataclass(frozen=True, slots=True)
class Link:
    text: Words
    url: Address


@dataclass(frozen=True, slots=True)
class _Logo:
    light: File
    dark: File | None = None
    picture: File | None = None


@dataclass(frozen=True, slots=True)
class _Written:
    logo: _Logo | None = None
    accent: Pair | None = None
    stripe: Pair | None = None
    footer: Words | None = None
    support: Link | None = None
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture as it is served: its URL path, bytes, type, and its size in pixels or units of the drawing."""

    path: str
    body: bytes
    content_type: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Brand:
    """What the operator has set; `picture` is the PNG of mails and shared pictures, which show no SVG."""

    light: Logo | None = None
    dark: Logo | None = None
    picture: Logo | None = None
    accent: Pair | None = None
    stripe: Pair | None = None
    footer: Words | None = None
    support: Link | None = None
    links: tuple[Link, ...] = ()

    @property
    def logos(self) -> tuple[Logo, ...]:
        """Those that are served."""
        found = (self.light, self.dark, self.picture)
        return tuple(dict.fromkeys(one for one in found if one is not None))

    @property
    def ways(self) -> tuple[Link, ...]:
        """What the foot of a page links to: support first."""
        return (self.support, *self.links) if self.support else self.links

    def help_url(self, base_url: str) -> str:
        """Where support is, as an address that works in a mail, too; "" where nobody said."""
        url = self.support.url if self.support else ""
        return base_url + url if url.startswith("/") else url


def load(path: str) -> Brand:
    """The brand in the file at `path`; the product's own look for "". Raises ImproperlyConfigured."""
    try:
        return _read(Path(path)) if path else Brand()
    except BrandError as error:
        raise ImproperlyConfigured(f"BRAND={path}: {error}.") from error


def _read(file: Path) -> Brand:
    import yaml  # most have no brand

    try:
        value = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BrandError(f"the file cannot be read ({error}); name a YAML file") from error
    except yaml.YAMLError as error:
        raise BrandError(f"no YAML: {' '.join(str(error).split())}") from error
    written = read(_spelled_out(value or {}), _Written, BrandError, at="", noun="brand")
    if written.accent:
        check_accent(written.accent)
    if written.stripe:
        for theme in ("light", "dark"):
            grounds = {"the header": surfaces(theme)[1]}
            _contrast(f"stripe.{theme}", getattr(written.stripe, theme), grounds, SHAPE, theme)
    light = dark = picture = None
    if logo := written.logo:
        light = _logo("light", logo.light, file.parent)
        dark = _logo("dark", logo.dark, file.parent) if logo.dark else light
        picture = _logo("picture", logo.picture, file.parent) if logo.picture else light
        if picture.content_type != "image/png":
            if logo.picture:
                raise BrandError(f"logo.picture: {logo.picture} is no PNG; mails show no other")
            picture = None
    return Brand(
        light, dark, picture, written.accent, written.stripe, written.footer,
        written.support, written.links,
    )  # fmt: skip


def surfaces(theme: str) -> list[str]:
    """The grounds that text stands on, `light` or `dark`, from the styles: page, surface, the states' tints."""
    return [found[theme == "dark"] for found in _grounds()]


def contrast(one: str, other: str) -> float:
    """The ratio of two colours (#rrggbb), from 1 to 21, as WCAG 2.2 defines it."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@lru_cache(maxsize=1)
def _grounds() -> list[tuple[str, str]]:
    return _TINT.findall(STYLES.read_text(encoding="utf-8"))


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def check_accent(accent: Pair) -> None:
    """Raises BrandError where letters in this colour, or on it, could not be read."""
    for theme in ("light", "dark"):
        grounds = {f"the ground {one}": one for one in surfaces(theme)}
        grounds["the letters of a button"] = ON_ACCENT[theme]
        _contrast(f"accent.{theme}", getattr(accent, theme), grounds, TEXT, theme)


def _contrast(field: str, colour: str, grounds: dict[str, str], least: float, theme: str) -> None:
    """Raises BrandError where `colour` stands out less than `least` from a ground, with one that does not."""

    def weakest(colour: str) -> tuple[float, str]:
        return min((contrast(colour, ground), named) for named, ground in grounds.items())

    ratio, named = weakest(colour)
    if ratio >= least:
        return
    # The same hue, step by step nearer to black or white.
    goal = "#000000" if theme == "light" else "#ffffff"
    steps = (_mixed(colour, goal, step / 50) for step in range(1, 51))
    remedy = next(one for one in steps if weakest(one)[0] >= least)
    raise BrandError(
        f"{field}: {colour} has {ratio:.2f}:1 against {named}, and {least}:1 is needed;"
        f" {remedy} would do"
    )


def _mixed(colour: str, goal: str, part: float) -> str:
    pairs = [(int(colour[at : at + 2], 16), int(goal[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(one + (other - one) * part):02x}" for one, other in pairs)


def _spelled_out(value: Any) -> Any:
    """A text alone stands for the English one."""
    if isinstance(value, list):
        return [_spelled_out(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: {"en": inner} if key in ("text", "footer") and isinstance(inner, str)
        else _spelled_out(inner)
        for key, inner in value.items()
    }  # fmt: skip


def _logo(which: str, file: str, folder: Path) -> Logo:
    at = f"logo.{which}: {file}"
    try:
        body = (folder / file).read_bytes()
    except OSError as error:
        raise BrandError(
            f"{at} cannot be read ({error.strerror}); put it beside the file"
        ) from None
    if len(body) > LARGEST:
        raise BrandError(f"{at} has {len(body)} bytes; use at most {LARGEST}")
    if body.startswith(b"\x89PNG"):
        width, height = _size_of_png(body, at)
        return Logo(f"/brand/{which}.png", body, "image/png", width, height)
    if b"<svg" in body:
        width, height = _size_of_svg(body, at)
        return Logo(f"/brand/{which}.svg", body, "image/svg+xml; charset=utf-8", width, height)
    raise BrandError(f"{at} is neither PNG nor SVG; save it as one of them")


def _size_of_png(body: bytes, at: str) -> tuple[int, int]:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(body), formats=["PNG"]) as image:
            image.load()
            return image.size
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise BrandError(f"{at} is damaged ({error}); save it again") from None


def _size_of_svg(body: bytes, at: str) -> tuple[int, int]:
    text = body.decode("utf-8", "replace")
    if found := re.search(r"<script|<foreignObject|\son\w+\s*=|javascript:|<!ENTITY", text, re.I):
        raise BrandError(f"{at} contains {found[0].strip()}; save it as a plain drawing")
    number = r"(\d+(?:\.\d+)?)"
    box = re.search(rf"viewBox=[\"']\s*\S+[\s,]+\S+[\s,]+{number}[\s,]+{number}", text)
    if not box or not (float(box[1]) and float(box[2])):
        raise BrandError(f"{at} has no viewBox; without one nobody knows its shape")
    return round(float(box[1])), round(float(box[2]))
