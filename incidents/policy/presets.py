"""The published criteria of three providers, as data.

A provider publishes when it posts, never a number for "several" or "considerable"; the numbers
are this project's reading, and the comment at each names the sentence they read. Where a provider
publishes nothing, Azure's rule stands, so that no preset leaves anybody untold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from incidents.policy.rules import Policy, Threshold

AZURE = Policy(
    name="azure",
    version=1,
    # Significant impact across several services for a whole region or several; a whole zone
    # counts as well: the status history of February 2024 speaks of entire zones or regions.
    broad=Threshold(level="error", services=2, regions=2, extent="zone", combine="all"),
    # Scenario 1 is the one scenario with a public review, and always has one.
    public_review=None,
    # Scenario 2: customers cannot reach the place where targeted messages are read.
    channel_unavailable=True,
    # Scenario 3: significant, and not yet clear whom it hits; significance in any one dimension.
    audience_unknown=Threshold(
        level="warning", services=2, regions=2, extent="zone", combine="any"
    ),
    not_platform_fault=Threshold(
        level="informational", services=2, regions=2, extent="zone", combine="any"
    ),
    notice=Threshold(level="informational", services=2, regions=2, extent="zone", combine="all"),
    security_advisory=None,
    # Stated for scenario 3 in the status history of February 2024; scenario 2 treated alike,
    # since its review is targeted, too.
    withdraw_after_review=(2, 3),
    public_deadline_minutes=15,
    # Preliminary within 3 days and final within 14 days of mitigation, as a goal.
    preliminary_review_hours=72,
    final_review_days=14,
    withdraw_latest_hours=72,
    retention_years=5,
)
"""Azure: learn.microsoft.com/azure/service-health/azure-status-overview (three scenarios; five
years of history) and learn.microsoft.com/azure/reliability/incident-response (review deadlines)."""

GOOGLE = replace(
    AZURE,
    name="google",
    # Global, or a considerable share of projects in one or more regions, and one or more
    # products down or severely degraded. One service is enough; a whole zone is the smallest
    # extent called considerable; mere presence in two regions is not.
    broad=Threshold(level="error", services=1, regions=None, extent="zone", combine="all"),
    # The dashboard keeps what it has shown.
    withdraw_after_review=(),
)
"""Google: docs.cloud.google.com/service-health/docs/concepts and .../get-incident-reports (when an
incident report exists), .../service-health-fallback and .../incident-communication (the public
dashboard is for broad, severe incidents, and for everybody while the personalised one is down,
which is scenario 2). Nothing published about an unknown audience, maintenance or deadlines."""

AWS = replace(
    AZURE,
    name="aws",
    # A public event speaks about the availability of a service in a region, to everybody, with
    # or without resources there: one service, the whole region, degraded is enough.
    broad=Threshold(level="warning", services=1, regions=None, extent="region", combine="all"),
    # A public post-event summary exists for broad and significant events only.
    public_review=Threshold(
        level="error", services=2, regions=None, extent="region", combine="all"
    ),
    # A public event stays listed after it is over.
    withdraw_after_review=(),
)
"""AWS: docs.aws.amazon.com/health/latest/ug/aws-health-concepts-and-terms.html and
.../about-public-events.html (public and account-specific events); post-event summaries such as
aws.amazon.com/message/101925. Nothing published about an unknown audience or deadlines."""

PRESETS: Mapping[str, Policy] = MappingProxyType(
    {policy.name: policy for policy in (AWS, AZURE, GOOGLE)}
)
