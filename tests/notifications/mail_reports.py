"""Reports as mail servers write them, for tests."""

from __future__ import annotations

import base64
import quopri

REPORT = """\
Return-Path: <>
{envelope}Date: Sun, 1 Mar 2026 09:31:00 +0000
From: Mail Delivery System <MAILER-DAEMON@mx.example.net>
Subject: Undelivered Mail Returned to Sender
To: {to}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--b1
Content-Type: message/delivery-status
{fields}

--b1
Content-Type: {returned}

Return-Path: <{to}>
From: Cloud Status <status@example.com>
To: here@example.com
Message-ID: <x@status.example.com>
Subject: [Investigating] Key Vault
{headers}
--b1--
"""

FIELDS = """\
Reporting-MTA: dns; mx.example.net
Arrival-Date: Sun, 1 Mar 2026 09:30:00 +0000

Final-Recipient: rfc822; here@example.com
Original-Recipient: rfc822;here@example.com
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {answer}
"""

NOTICE = """\
Return-Path: {path}
From: {sender}
To: status@example.com
Subject: {subject}
{more}
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

{words}
"""

COMPLAINT = """\
From: <abusedesk@example.net>
To: <fbl@status.example.com>
Subject: FW: [Investigating] Key Vault
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b2"

--b2
Content-Type: text/plain; charset="US-ASCII"

This is an email abuse report for an email message received from IP 192.0.2.1.

--b2
Content-Type: message/feedback-report

Feedback-Type: {what}
User-Agent: SomeGenerator/1.0
Version: 1

--b2
Content-Type: message/rfc822

From: Cloud Status <status@example.com>
To: undisclosed
List-Unsubscribe: <{leave}>
Subject: [Investigating] Key Vault

Some text.
--b2--
"""


def report(
    to: str,
    *,
    action: str = "failed",
    status: str = "5.1.1",
    answer: str = "550 5.1.1 <here@example.com>: User unknown",
    returned: str = "text/rfc822-headers",
    envelope: str = "",
    headers: str = "",
    encoding: str = "",
) -> bytes:
    fields = FIELDS.format(action=action, status=status, answer=answer)
    if encoding:
        encoded = (base64.encodebytes if encoding == "base64" else quopri.encodestring)(
            fields.encode()
        )
        fields = f"Content-Transfer-Encoding: {encoding}\n\n{encoded.decode()}"
    return REPORT.format(
        to=to,
        fields=fields if encoding else f"\n{fields}",
        returned=returned,
        envelope=envelope,
        headers=headers,
    ).encode()


def notice(
    words: str,
    *,
    sender: str = "MAILER-DAEMON@mx.example.net",
    subject: str = "Not delivered",
    path: str = "<>",
    more: str = "X-Note: none",
) -> bytes:
    """A failure told in words alone, or a reply."""
    return NOTICE.format(
        words=words, sender=sender, subject=subject, path=path, more=more or "X-Note: none"
    ).encode()


def complaint(leave: str, what: str = "abuse") -> bytes:
    return COMPLAINT.format(leave=leave, what=what).encode()
