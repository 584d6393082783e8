"""What a mail server's refusal says of an address: hard (it is dead) or soft. Pure.

Hard needs proof: whoever is taken for dead hears of no outage any more. Doubt is soft; three of those in
a week suppress, too. Status codes are those of RFC 3463 and of its registry at IANA.
"""

from __future__ import annotations

import re

from notifications.channels.email.mail_answers.wording import (
    AFTER_DATA,
    ALIVE,
    AT_RECIPIENT,
    CARRIER,
    CARRIER_WORDS,
    DEAD,
    DEAD_DOMAIN,
    NO_ROOM,
)

HARD, SOFT = "hard", "soft"

# Enhanced codes without their class: no such mailbox or system, bad syntax, moved away, null MX; unable to
# route. 2.1 (not accepting) is not here: servers give it to whoever is sent mail too fast.
BAD_ADDRESS = frozenset({"1.1", "1.2", "1.3", "1.6", "1.10", "1.351", "4.4", "4.310"})
# Codes that say "something of this kind" and leave it to the words.
_UNSPECIFIC = frozenset({"0.0", "1.0", "2.0", "3.0", "4.0", "5.0", "6.0", "7.0"})

CODE = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?!\.?\d)")
_REPLY = re.compile(r"(?<![\d.#-])([245])\d\d(?=[ \t-]|$)")

# Names of machines and mailboxes: words in them say nothing. Links may name a list of blocked senders.
_NAMES = re.compile(
    r"<[^<>\s]{0,320}>|(?<![\w/])[^\s<>@/]{1,64}@[^\s<>@]{1,255}|(?<![\w./-])(?:[a-z0-9_-]{1,63}\.){1,9}[a-z]{2,24}\b(?!\()"
)
_LINKS = re.compile(r"https?://\S{1,500}")
LONGEST = 4_000  # characters of an answer that are looked at


def judge(status: str, answer: str, *, around: str = "", formal: bool = False) -> tuple[str, str]:
    """(hard or soft, a sentence why). `status`: a Status field or empty; `answer`: what the server said;
    `around`: what else the report says of it, which may cast doubt; `formal`: it is one of RFC 3464.

    The more specific of the two decides: the answer's code before the field, a code that names something
    before one that does not. Words prove it where they were said to the address: in a formal report of a final
    refusal, or where it says so. Where words and codes contradict one another it is soft.
    """
    answer = " ".join(answer[:LONGEST].split())
    around = around[:LONGEST]
    said = " ".join(_NAMES.sub(" ", CODE.sub(" ", answer)).split())
    if alive := ALIVE.search(said) or NO_ROOM.search(_NAMES.sub(" ", around)):
        return SOFT, f"“{alive[0].strip().lower()}”: the address may live"
    codes = [match.groups() for match in CODE.finditer(answer)]
    field = CODE.search(status)
    classes = {code[0] for code in codes} | {match[1] for match in _REPLY.finditer(answer)}
    if "5" not in classes and ("4" in classes or (field is not None and field[1] == "4")):
        return SOFT, "a temporary failure"
    if filtered := CARRIER.search(answer):
        return SOFT, f"“{filtered[0].strip()}”: filters say so of people who live"
    for found in (codes, [field.groups()] if field is not None else []):
        specific = [f"{subject}.{detail}" for _, subject, detail in found]
        specific = [code for code in specific if code not in _UNSPECIFIC]
        if not specific:
            continue
        if doubt := next((code for code in specific if code not in BAD_ADDRESS), ""):
            return SOFT, f"code 5.{doubt} does not say that the address is dead"
        return HARD, f"code 5.{specific[0]}: the address does not exist"
    return _by_words(
        _LINKS.sub(" ", said),
        f"{answer} {around}",
        final=formal and field is not None and field[1] == "5" and "5" in classes,
    )


def _by_words(said: str, whole: str, *, final: bool) -> tuple[str, str]:
    """`final`: a formal report says that the answer refused the address for good."""
    if gone := DEAD_DOMAIN.search(said):
        return HARD, f"the answer says that there is no such place: “{gone[0].strip()}”"
    if dead := DEAD.search(said):
        doubted = AFTER_DATA.search(whole) or CARRIER_WORDS.search(whole)
        if doubted or not (final or AT_RECIPIENT.search(whole)):
            return SOFT, f"“{dead[0].strip()}”, but filters say so, too, of people who live"
        return HARD, f"the answer says that the address is dead: “{dead[0].strip()}”"
    return SOFT, "a refusal that does not say that the address is dead"
