"""Mails a second on the whole path (claim, fill in, send, settle), beside a generator and the naive way.

The limit is Postfix's `smtp-source`, one connection, messages as long as ours, if it is installed (or
named by SMTP_SOURCE); else a loop over a bare socket that sends one message again and again. All three take turns, and
the median counts: a machine is busier at one time than at another, and so are its processors.
"""

from __future__ import annotations

import os
import resource
import shutil
import socket
import socketserver
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMultiAlternatives
from django.db import connection
from django.utils import timezone

from incidents.importers.catalogue_file import read_catalogue
from incidents.models import Communication
from incidents.services import incident as incident_service
from incidents.services.imports.catalogue import apply_catalogue
from incidents.services.inputs import Statement
from notifications.audience import target_index
from notifications.channels.email.renderer import MailRenderer
from notifications.delivery import plan, send
from notifications.models import Delivery
from tests.conftest import CATALOGUE, declaration, hit

SAMPLE_NAIVE = 200
WARM = 5
TURNS = 3


_PEOPLE = (
    """
    INSERT INTO notifications_endpoint (channel, address, language, time_zone, key, suppressed_because, created_at)
    SELECT 'mail', 'p' || n || '@example.com', 'en', 'UTC', gen_random_uuid(), '', now()
    FROM generate_series(1, %(count)s) n
    """,
    """
    INSERT INTO notifications_tenant (ref, name, language, time_zone, contact_id)
    SELECT 't' || id, 't' || id, 'en', 'UTC', id FROM notifications_endpoint
    """,
    """
    INSERT INTO notifications_customersubscription (ref, name, tenant_id)
    SELECT ref, ref, id FROM notifications_tenant
    """,
    """
    INSERT INTO notifications_footprint (subscription_id, service_id, region_id)
    SELECT id, %(service)s, %(region)s FROM notifications_customersubscription
    """,
)


class _Sink(socketserver.StreamRequestHandler):
    """Takes everything, looks at nothing."""

    disable_nagle_algorithm = True  # else each reply but the first waits for an acknowledgement

    def handle(self) -> None:
        self.wfile.write(b"220 sink\r\n")
        while line := self.rfile.readline(2000):
            word = line[:4].upper()
            if word == b"EHLO":
                self.wfile.write(b"250-sink\r\n250 PIPELINING\r\n")
            elif word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                while self.rfile.readline() not in (b".\r\n", b""):
                    pass
                self.wfile.write(b"250 taken\r\n")
            elif word == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"250 ok\r\n")


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


def lines(full: bool) -> Iterator[dict[str, object]]:
    """One line: mails a second and ratios, seconds to the first mail (of a worker that has just begun, and of one that
    has sent before), memory.
    """
    count = 50_000 if full else 5_000
    port, stop = _start_sink()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    colds, ours, naives, limits = [], [], [], []
    length, generator = 0, ""
    try:
        _people(count)
        for _ in range(TURNS):
            colds.append(_to_first_mail())
            before, began = Delivery.objects.filter(state="sent").count(), time.monotonic()
            while send.work(seconds=60, channels=("mail",)).sent:
                pass
            seconds = time.monotonic() - began
            ours.append((Delivery.objects.filter(state="sent").count() - before) / seconds)
            naive, length = _naive()
            naives.append(naive)
            limit, generator = _limit(port, length, count)
            limits.append(limit)
        warm = [_to_first_mail() for _ in range(WARM)]
    finally:
        stop()
    each, naive, limit = map(statistics.median, (ours, naives, limits))
    yield {
        "mails": count,
        "bytes": length,
        "ours_per_s": round(each),
        "limit_per_s": round(limit),
        "limit": generator,
        "naive_per_s": round(naive),
        "of_limit": round(each / limit, 2),
        "times_naive": round(each / naive, 1),
        "commit_to_first_s": round(colds[0], 3),
        "commit_to_first_warm_s": round(statistics.median(warm), 3),
        "max_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def _start_sink() -> tuple[int, Callable[[], None]]:
    """In C where there is one (smtp-sink); in a process of its own in any case."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    tool = os.environ.get("SMTP_SINK") or shutil.which("smtp-sink", path="/usr/sbin:/usr/bin")
    if tool:
        process = subprocess.Popen([tool, "-u", "nobody", f"127.0.0.1:{port}", "100"])
        time.sleep(1)
        return port, process.terminate
    child = os.fork()
    if child == 0:
        _Server(("127.0.0.1", port), _Sink).serve_forever()
        os._exit(0)
    time.sleep(0.5)
    return port, lambda: os.kill(child, 9)


def _people(count: int) -> None:
    """By SQL alone, so that the memory that is measured is that of sending."""
    apply_catalogue(catalogue=read_catalogue(CATALOGUE), now=timezone.now())
    User.objects.create(username="olga", is_staff=True, is_superuser=True)
    where = hit("key-vault", "west-europe")
    with connection.cursor() as cursor:
        for statement in _PEOPLE:
            cursor.execute(
                statement,
                {"count": count, "service": where.service.pk, "region": where.region.pk},
            )
    target_index.refresh()  # as whoever loads customers does


def _to_first_mail() -> float:
    """Declares and plans; seconds from the commit until the relay has taken the first mail."""
    Delivery.objects.filter(state="pending").update(state="failed")  # nobody else's are in the way
    now = timezone.now()
    incident_service.declare(
        declaration=declaration(started_at=now, statement=Statement("", "We see it. " * 30)),
        now=now,
        actor=User.objects.get(),
    )
    committed = timezone.now()
    communication = Communication.objects.latest("id")
    # The worker that plans sends the first ones between two slices, as another would at the same time.
    plan.plan(communication_id=communication.pk, now=now, wake=_send_some)
    first = communication.deliveries.filter(state="sent").earliest("sent_at").sent_at
    assert first is not None
    return (first - committed).total_seconds()


def _send_some() -> None:
    send.work(seconds=0.01, channels=("mail",))


def _naive() -> tuple[float, int]:
    """A rendering and a connection per mail."""
    rows = list(
        Delivery.objects.select_related("endpoint", "communication__incident")[:SAMPLE_NAIVE]
    )
    length = 0
    began = time.monotonic()
    for delivery in rows:
        message = MailRenderer().compose(delivery)
        mail = EmailMultiAlternatives(
            message.subject, message.text, to=[message.to], headers=message.all_headers
        )
        mail.attach_alternative(message.html, "text/html")
        mail.send()
        length = length or len(mail.message().as_bytes())
    return len(rows) / (time.monotonic() - began), length


def _limit(port: int, length: int, count: int) -> tuple[float, str]:
    tool = os.environ.get("SMTP_SOURCE") or shutil.which("smtp-source", path="/usr/sbin:/usr/bin")
    began = time.monotonic()
    if tool:
        command = [tool, "-d", "-s", "1", "-m", str(count), "-l", str(length)]
        ends = ["-f", "status@example.com", "-t", "p@example.com", f"127.0.0.1:{port}"]
        subprocess.run([*command, *ends], check=True)
        return count / (time.monotonic() - began), "smtp-source"
    with socket.create_connection(("127.0.0.1", port)) as line, line.makefile("rb") as replies:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        replies.readline()
        line.sendall(b"HELO bench\r\n")
        replies.readline()
        text = b"x" * 70 + b"\r\n"
        letter = text * (length // len(text)) + b".\r\n"
        for _ in range(count):
            for part in (b"MAIL FROM:<a@b.example>\r\n", b"RCPT TO:<p@b.example>\r\n", b"DATA\r\n"):
                line.sendall(part)
                replies.readline()
            line.sendall(letter)
            replies.readline()
    return count / (time.monotonic() - began), "bare socket"
