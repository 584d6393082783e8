"""How mail servers word it. Patterns only; what follows from them is in `answers` and `notices`."""

from __future__ import annotations

import re


def any_of(*alternatives: str) -> re.Pattern[str]:
    """One of them, without regard to case; a blank stands for any white space, and may be optional (` ?`)."""
    pattern = "|".join(alternatives).replace(" ?", r"\s*").replace(" ", r"\s+")
    return re.compile(pattern, re.IGNORECASE)


_WHO = r"(?:user|recipient|mailbox|mail box|account|address(?:ee)?|alias|destination)"
_NOT = r"(?:does|do|did|is|was|has|have|can) ?(?:not|n['’]t)"

# Said of the addressee, and of nothing else: the address is dead.
DEAD = any_of(
    rf"{_WHO}(?: ?(?:name|id|address|mailbox|account))?['\"”’)\]>:]* ?(?:is |was )?"
    r"(?:unknown|not found|not known|non-?existent|no longer (?:valid|active|exist))",
    rf"unknown (?:or (?:invalid|illegal) )?(?:(?:local|virtual|destination|e?-?mail) )?(?:{_WHO}|local.?part)",
    r"(?:invalid|illegal|bad|incorrect|non-?existent) (?:(?:final delivery|local|destination) )?"
    r"(?:recipient|mailbox|user(?: ?(?:id|name))?|account|address)\b(?! ?(?:syntax|format))",
    r"(?:no|not a|isn['’]t a) (?:such|known|valid|local|registered) (?:(?:local|virtual|e?-?mail) )?"
    rf"(?:{_WHO}|mail ?drop|person|customer|name|id|one)",
    rf"(?:{_WHO}|name|person|customer)\b[^.;:]{{0,60}}? "
    rf"(?:{_NOT} (?:\w+ )?exists?\b|(?<!may\s)not exist\b|no longer exists?|is not (?:known|a valid|listed in|in the))",
    rf"{_WHO} (?:could|can) ?(?:not|n['’]t) be found",
    rf"{_NOT} have an? [^.;:]{{0,40}}?account",
    r"(?:no|nobody|no one|no-one) (?:(?:mailbox|account|user|person) )?(?:here )?(?:by|of|with) (?:that|this) name",
    r"not (?:our|one of our) (?:customer|user)s?",
    r"no longer (?:employed|work(?:s|ing) (?:here|at|for)|with (?:us|the company))",
    r"has left the (?:company|organi[sz]ation)",
    r"(?:user|recipient|mailbox) has moved|moved permanently",
    r"RecipNotFound|RecipientNotFound|ADR\.\w*NotFound",
    r"unbekannte[rn]? (?:benutzer|empf\w+|adresse)|(?:benutzer|empf\w+|adresse) (?:\w+ )?unbekannt",
    r"(?:utilisateur|destinataire|adresse) inconnue?|(?:adresse|destinataire) (?:\w+ )?invalide",
    r"usuario (?:desconocido|no existe|inexistente)|utente (?:sconosciuto|inesistente)",
)
# Said of the machine, the domain or the directory; no filter of a person's says so.
DEAD_DOMAIN = any_of(
    r"(?:host|domain)(?: or domain)?(?: ?name)? (?:is |was )?(?:unknown|not (?:found|known)|non-?existent)",
    rf"(?:unknown|no (?:such|valid)) (?:host|domain)|(?:host|domain)\b[^.;:]{{0,60}}? {_NOT} exist",
    r"not (?:listed|found) in (?:domino|public name|the directory)",  # a directory of its own
    r"unroute?able (?:mail )?(?:address|domain)|null ?mx|nxdomain|name or service not known",
)
# Words said to the address, and not to the mail.
AT_RECIPIENT = any_of(
    r">>> rcpt|in reply to rcpt|after rcpt|rcpt to response|following rcpt|rcpt command|rcpt to:? ?<"
)
# Said of a moment, of this mail or of whoever sent it: the address may well live.
ALIVE = any_of(
    r"\bfull\b|quota|over ?(?:limit|size)|storage|disk (?:space|is)|(?:enough|sufficient|no) space",
    r"insufficient|exceed|too (?:fast|many|much|large|big|long|often|busy|quick)|\brate\b|rate.?limit",
    r"throttl|frequen|temporar|transient|again (?:later|in)\b|try again|\blater\b|re-?try|gr[ae]y-?list",
    r"defer|tim(?:e|ed)[\s-]?out|\bbusy\b|overload|inactiv|suspend|disabl|locked|dormant|on hold",
    r"spam|\bjunk\b|unsolicited|\bbulk\b|block(?:ed|ing|list| list)?\b|(?:black|deny) ?-?list",
    r"\brbls?\b|dnsbl|reputation|banned|(?<!not\s)\blisted\b(?! in (?:domino|the public|public|our dir))",
    r"polic(?:y|ies)|prohibit|not (?:allowed|permitted|authori[sz]ed)|unauthori[sz]ed|restrict",
    r"\bcontent\b|virus|malware|phish|attachment|\bsize\b|relay|rcpthosts|prefer(?:ence|red)|complain",
    r"authenticat|\bspf\b|\bdkim\b|\bdmarc\b|\bsenders?\b|(?:mail|envelope)[\s-]from|return.?path",
    r"reverse|\bptr\b|\bhelo\b|\behlo\b|your (?:ip|host|server|domain|address|e?-?mail address is)",
    r"\bloop|hops?\b|certificate|\btls\b|protocol|syntax error|dns (?:error|lookup|fail|server)",
    r"malformed|(?:could|can) ?(?:not|n['’]t) (?:create|open|write)|system error|configuration",
    r"connect(?:ion|ing)? (?:timed|refused|reset|lost|dropped|closed|failed|to)|network",
    r"unable to (?:connect|look up)|voll\b|speicher|kontingent|\bplein|llena?\b|\bpiena",
)
# Of these also what stands beside the answer is heard: some systems quote an older answer with their own.
NO_ROOM = any_of(
    r"\bfull\b|quota|disk|enough space|storage|\bspam\b|spamhaus|spamcop|(?:black|block) ?list",
    r"too fast|gr[ae]y-?list",
)
# After the mail itself was handed over a filter answers in the words of an unknown user.
AFTER_DATA = any_of(
    r"in reply to (?:end of )?data|after (?:end of )?data|end of data|>>> data\b|command:? data\b"
)
# Filters of two large mobile carriers of Japan say this of living customers, whoever quotes them.
CARRIER = any_of(r"\b550 : user unknown")
CARRIER_WORDS = any_of(r"\b550[:-]?['\"]? ?(?:: user unknown|unknown user [^\s<>@]+@)")

DAEMON = any_of(
    r"^\s*<>\s*$|mailer[-_.\s]?daemon|po+st[-_]?master|mail[-_.\s]?delivery|mdaemon",
    r"delivery (?:sub)?system|mail administrator|mail (?:delivery )?service",
    r"(?:^|[\s<\"])(?:bounces?|mail(?:er|system)?|smtpd?|majordomo|qmail)@",
)
FAILURE_SUBJECT = any_of(
    r"undeliver(?:ed|able|y)|not? (?:be )?deliver(?:ed|able)|non[-\s]?deliver|failure notice",
    r"deliver\w* (?:\w+:? ){0,3}(?:fail|error|problem|abort)|mail delivery (?:problem|system)",
    r"fail\w* (?:\w+ ){0,2}(?:deliver|notice|mail)|mail (?:failure|error|could not|returned|system error)",
    r"returned (?:to sender|mail|e-?mail)|returning message|delivery status notification \(fail",
    r"bounced?\b|(?:message|mail) rejected|rejected mail|recipient unknown|user unknown",
    r"unzustellbar|nicht zugestellt|zustellung.{0,20}(?:fehl|problem)|non (?:remis|distribu)|undelivrable",
    r"no entregad|devuelto|mancat[oa] (?:consegna|recapito)|niedostarcz",
)
FAILURE = any_of(
    r"(?:could|can|was|were|has|have|had|did|is) ?(?:not|n['’]t| never)(?: been)? (?:(?:been|be|get|yet) )?"
    r"(?:delivered|sent to|accepted|reach(?:ed)?|handed|received)",
    r"cannot be (?:delivered|sent)|(?:un|not )able to (?:be )?deliver|undeliver(?:able|ed)",
    r"delivery (?:has )?fail|delivery error|failed (?:to deliver|permanently|recipient|address)",
    r"permanent(?:ly)? (?:fatal )?(?:error|fail)|fatal error|giving up|did not reach",
    r"(?:was|been|were) (?:automatically )?(?:rejected|refused|returned|bounced|undeliverable)",
    r"user unknown|unknown user|returning (?:your )?message|returned (?:mail|message|to sender)",
    r"nicht (?:\w+ ){0,2}zugestellt|unzustellbar|n['’]a pas pu|no (?:se )?(?:ha )?p[ou]\w+ (?:ser )?entreg",
    r"nie (?:zosta\S+|mo\S+) (?:\w+ )?dostarcz|non (?:e['’]|è) stato (?:possibile|recapitat|consegnat)",
)
FAILED_ADDRESS = any_of(
    r"(?:could not be delivered to|unable to deliver (?:\w+ ){0,3}to|(?:was|been) not delivered to)"
    r"[\s:<'\"\[]{0,20}[^\s<>@]{1,64}@"
)
DELAYED = any_of(
    r"still being retried|not yet (?:been )?delivered|will (?:be retried|retry|keep trying|continue to|try again)",
    r"delivery (?:is |has been |attempts? will )(?:delayed|continue)|has been (?:delayed|postponed)",
    r"this is a warning (?:message )?only|no action is required|not need to (?:take|resend)",
)
AUTO_SUBJECT = any_of(
    r"out of (?:the )?office|^auto\b|autoreply|autorespon|on (?:vacation|holiday|leave)|vacation",
    r"auto(?:mat(?:ic|ed|ische?|yczna|ica|ique))?[-\s]*(?:reply|respon|antwoord|antwort|odpowied|generated)",
    r"away (?:from|until)|abwesen|nicht im (?:b[üu]ro|haus)|r[ée]ponse automatique|absen(?:t|ce)",
    r"respuesta autom|fuera de la oficina|ausen(?:te|cia)|risposta automatica|fuori (?:sede|ufficio)",
    r"resposta autom|afwezig|autom\S*svar|自動(?:応答|返信)|不在|自动回复|автоответ",
    r"thank you for (?:your|contacting)|we (?:have )?received your|verify your|confirm(?:ation)? required",
)
# A person or a system that wants to know who we are before it takes the mail; nothing failed.
CHALLENGE = any_of(
    r"pre-?approved|waitlisted|guest list|challenge[-/\s]response|requires? confirmation",
    r"(?:confirm|verify|prove) (?:that )?you(?:['’]re| are) (?:a )?(?:human|real|not)",
)
# Where the mail that comes back begins; what stands below are our own words.
COPY = re.compile(
    r"^[\s>*#=_-]{0,40}(?:"
    r"(?:(?:this|here|following|below(?: this line| the next line)?) is )?(?:(?:a|the|your) )?"
    r"(?:copy of (?:the|your)|original|returned|undelivered|old|unsent|failed) (?:message|mail|letter|e-?mail)"
    r"|start of returned|message (?:headers?|text) follow|body of your message|message header"
    r"|(?:the )?headers? of the (?:original )?message|below is a copy|bounced e-?mail"
    r"|urspr[üu]ngliche nachricht|return-path:|received: (?:from|by) )",
    re.IGNORECASE | re.MULTILINE,
)
