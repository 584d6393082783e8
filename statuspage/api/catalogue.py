"""The catalogue: services, regions, and what is offered where. As a whole it is a document (`setup.as_documents`)."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import BaseModel

from incidents.models import Region, Service
from statuspage.api.answers import pagination
from statuspage.api.answers.response_codes import reads
from statuspage.api.authentication import Bearer

router = Router(tags=["Catalogue"])
SEE = Bearer("incidents.view_service")


class ToldService(BaseModel):
    slug: str
    name: str
    category: str
    non_regional: bool
    regions: list[str]
    depends_on: list[str]
    retired_at: datetime | None


class ServicePage(BaseModel):
    items: list[ToldService]
    next: str | None


class ToldRegion(BaseModel):
    slug: str
    name: str
    geography: str
    zones: list[str]
    retired_at: datetime | None


class RegionPage(BaseModel):
    items: list[ToldRegion]
    next: str | None


@router.get("/services", auth=SEE, response=reads(ServicePage))
def list_services(request: HttpRequest, asked: Query[pagination.PageAsked]) -> ServicePage:
    """Services with the regions where they are offered and what they depend on; also retired ones."""
    rows = Service.objects.select_related("category").prefetch_related(
        "offerings__region", "dependencies__depends_on"
    )
    found, after = pagination.page(rows, asked, ("id",))
    return ServicePage(items=[_service(each) for each in found], next=after)


@router.get("/regions", auth=SEE, response=reads(RegionPage))
def list_regions(request: HttpRequest, asked: Query[pagination.PageAsked]) -> RegionPage:
    """Regions with their zones; also retired ones."""
    found, after = pagination.page(Region.objects.select_related("geography"), asked, ("id",))
    return RegionPage(
        items=[
            ToldRegion(
                slug=each.slug,
                name=each.name,
                geography=each.geography.slug,
                zones=each.zones,
                retired_at=each.retired_at,
            )
            for each in found
        ],
        next=after,
    )


def _service(each: Service) -> ToldService:
    return ToldService(
        slug=each.slug,
        name=each.name,
        category=each.category.slug,
        non_regional=each.non_regional,
        regions=sorted(row.region.slug for row in each.offerings.all() if row.retired_at is None),
        depends_on=sorted(row.depends_on.slug for row in each.dependencies.all()),
        retired_at=each.retired_at,
    )
