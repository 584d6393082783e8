"""Facts → sentences: which function writes of what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from django.utils.translation import override

from incidents.wording import changes, situations
from incidents.wording.facts import WordingFacts
from incidents.wording.phrases import joined

WRITTEN_IN = "en"  # what is stored; other languages are written from the facts beside it

WRITERS: Mapping[str, Callable[[WordingFacts], str]] = {
    "opening": situations.opening,
    "impact": situations.impact,
    "stage": situations.stage,
    "planned_end": situations.planned_end,
    "recovery": changes.recovery,
    "spread": changes.spread,
    "reopened": changes.reopened,
    "handover": situations.handover,
    "retraction": changes.retraction,
    "correction": changes.correction,
    "merged": changes.merged,
    "review": changes.review,
    "quoted": changes.quoted,
    "monitored": situations.monitored,
}


def written(facts: Iterable[WordingFacts], language: str = WRITTEN_IN) -> str:
    """What these facts say, in a language of the product; a quotation is a paragraph of its own."""
    paragraphs: list[str] = []
    may_go_on = False
    with override(language):
        for one in facts:
            if not (text := sentence(one)):
                continue
            if may_go_on and not one.quote:
                paragraphs[-1] = joined(paragraphs[-1], text)
            else:
                paragraphs.append(text)
            may_go_on = not one.quote
    return "\n\n".join(paragraphs)


def sentence(facts: WordingFacts) -> str:
    """In the active language."""
    return WRITERS[facts.about](facts)
