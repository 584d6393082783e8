"""The rooms of the API. Two operations of one address must be in one router; modules fill them."""

from __future__ import annotations

from ninja import Router

incidents = Router(tags=["Incidents"])
