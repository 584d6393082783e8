"""The published criteria of three providers, and a policy of our own, as data.

A provider publishes when it posts, never a number for "several" or "considerable"; the numbers
are this project's reading, and the comment at each names the sentence they read. Where a provider
publishes nothing, Azure's rule stands, so that no preset leaves anybody untold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from incidents.policy.rules import Policy, Threshold, UpdateCadence
from incidents.policy.spread import Spread
from incidents.vocabulary import Extent, Level, Scenario

AZURE = Policy(
    name="azure",
    version=1,
    # Significant impact across several services for a whole region or several; a whole zone
    # counts as well: the status history of February 2024 speaks of entire zones or regions.
    broad=Threshold(level=Level.ERROR, services=2, regions=2, extent=Extent.ZONE, combine="all"),
    also_broad=(),
    # Scenario 1 is the one scenario with a public review, and always has one.
    public_review=None,
    # Scenario 2: customers cannot reach the place where targeted messages are read.
    channel_unavailable=True,
    # Scenario 3: significant, and not yet clear whom it hits; significance in any one dimension.
    audience_unknown=Threshold(
        level=Level.WARNING, services=2, regions=2, extent=Extent.ZONE, combine="any"
    ),
    not_platform_fault=Threshold(
        level=Level.INFORMATIONAL, services=2, regions=2, extent=Extent.ZONE, combine="any"
    ),
    notice=Threshold(
        level=Level.INFORMATIONAL, services=2, regions=2, extent=Extent.ZONE, combine="all"
    ),
    security_advisory=None,
    # Stated for scenario 3 in the status history of February 2024; scenario 2 treated alike,
    # since its review is targeted, too.
    withdraw_after_review=(Scenario.CHANNEL_UNAVAILABLE, Scenario.AUDIENCE_UNKNOWN),
    # Levels are raised by people.
    spread=None,
    # Nothing published: one clock for both.
    broad_deadline_minutes=15,
    public_deadline_minutes=15,
    # Nothing published.
    update_cadence=None,
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
    version=3,
    # Global, or a considerable share of projects in one or more regions, and one or more
    # products down or severely degraded. One service is enough; a whole zone is the smallest
    # extent called considerable; mere presence in two regions is not.
    broad=Threshold(level=Level.ERROR, services=1, regions=None, extent=Extent.ZONE, combine="all"),
    # Since March 2025 the dashboard shows only what is broad, and that is more than outages: it
    # showed 12 products disrupted in one region (18 July 2025, 47 in the end) and three in one (16
    # July 2026). Three services, disrupted anywhere, say "public" for four of five such posts on
    # record and for 8 of 100 of those before, most of which would no longer be posted. The fifth (14
    # July 2026) was one service in three regions that went on to a fourth two hours later: what
    # still spreads is not in hand.
    also_broad=(
        Threshold(Level.WARNING, 3, None, Extent.SUBSET, "all", named_only=True),
        Threshold(Level.WARNING, 1, 3, Extent.REGION, "all", spreading_minutes=30),
    ),
    # The dashboard keeps what it has shown.
    withdraw_after_review=(),
)
"""Google: docs.cloud.google.com/service-health/docs/concepts and .../get-incident-reports (when an
incident report exists), .../service-health-fallback and .../incident-communication (the public
dashboard is for broad, severe incidents, and for everybody while the personalised one is down,
which is scenario 2); its practice since March 2025 from status.cloud.google.com/summary, measured
in docs/decisions/recommended-policy.md. Nothing published about an unknown audience, maintenance
or deadlines."""

AWS = replace(
    AZURE,
    name="aws",
    # A public event speaks about the availability of a service in a region, to everybody, with
    # or without resources there: one service, the whole region, degraded is enough.
    broad=Threshold(
        level=Level.WARNING, services=1, regions=None, extent=Extent.REGION, combine="all"
    ),
    # A public post-event summary exists for broad and significant events only.
    public_review=Threshold(
        level=Level.ERROR, services=2, regions=None, extent=Extent.REGION, combine="all"
    ),
    # A public event stays listed after it is over.
    withdraw_after_review=(),
)
"""AWS: docs.aws.amazon.com/health/latest/ug/aws-health-concepts-and-terms.html and
.../about-public-events.html (public and account-specific events); post-event summaries such as
aws.amazon.com/message/101925. Nothing published about an unknown audience or deadlines."""

RECOMMENDED = replace(
    AZURE,
    name="recommended",
    version=2,
    # Azure's rule, and Google's practice: services fail together because something below them
    # does, whatever level each was given at first, and what still spreads is not in hand.
    also_broad=GOOGLE.also_broad,
    # People raise the level late (in January 2024 85 minutes after detection); spread is seen at once.
    spread=Spread(second_region_minutes=60, hard_dependents=10, zone_to_region=True),
    # What is broad is rarely taken back, so it waits just long enough to be read once.
    broad_deadline_minutes=5,
    public_deadline_minutes=15,
    # Chosen, not measured: half an hour without a word is what customers ask support about.
    update_cadence=UpdateCadence(error_minutes=30, warning_minutes=60, informational_minutes=None),
)
"""Ours: chosen by measurement over 1,333 recorded incidents and January 2024; the trade-off is in
docs/decisions/recommended-policy.md. In force in a new installation."""

PRESETS: Mapping[str, Policy] = MappingProxyType(
    {policy.name: policy for policy in (AWS, AZURE, GOOGLE, RECOMMENDED)}
)
