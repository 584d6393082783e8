"""The catalogue: which service is offered where, and what depends on what.

Rows come from a catalogue file through `incidents.services.imports.catalogue`. A service, region or cell
that the file no longer names is *retired*, never deleted, so that history can go on naming it.
"""

from __future__ import annotations

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now

from incidents.vocabulary import (
    GLOBAL_SLUG,
    NAME_LENGTH,
    SLUG_FORM,
    SLUG_LENGTH,
    ZONE_LENGTH,
    Plane,
    Strength,
)

# The form of a slug, for the database.
SLUG = rf"^{SLUG_FORM}$"


class GeographyQuerySet(models.QuerySet["Geography"]):
    def current(self) -> Self:
        """Geographies that still have a region, the non-regional one among them."""
        return self.filter(
            Exists(Region.objects.filter(geography=OuterRef("pk"), retired_at__isnull=True))
        )


class Geography(models.Model):
    slug = models.SlugField(max_length=SLUG_LENGTH, unique=True)
    name = models.CharField(max_length=NAME_LENGTH)
    position = models.PositiveIntegerField()

    objects = GeographyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "geographies"
        constraints = [
            models.CheckConstraint(name="geography_slug_in_form", condition=Q(slug__regex=SLUG)),
        ]

    def __str__(self) -> str:
        return self.name


class RegionQuerySet(models.QuerySet["Region"]):
    def current(self) -> Self:
        return self.filter(retired_at__isnull=True)


class Region(models.Model):
    """A region, or the one row with slug `global` that holds the cells of non-regional services."""

    slug = models.SlugField(max_length=SLUG_LENGTH, unique=True)
    name = models.CharField(max_length=NAME_LENGTH)
    geography = models.ForeignKey(Geography, on_delete=models.PROTECT, related_name="regions")
    zones = ArrayField(models.CharField(max_length=ZONE_LENGTH), default=list, blank=True)
    position = models.PositiveIntegerField()
    is_global = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    retired_at = models.DateTimeField(null=True, blank=True)

    objects = RegionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(name="region_slug_in_form", condition=Q(slug__regex=SLUG)),
            models.CheckConstraint(
                name="region_global_is_called_global",
                condition=Q(is_global=True, slug=GLOBAL_SLUG)
                | (Q(is_global=False) & ~Q(slug=GLOBAL_SLUG)),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ServiceCategoryQuerySet(models.QuerySet["ServiceCategory"]):
    def current(self) -> Self:
        """Categories that still have a service."""
        return self.filter(
            Exists(Service.objects.filter(category=OuterRef("pk"), retired_at__isnull=True))
        )


class ServiceCategory(models.Model):
    slug = models.SlugField(max_length=SLUG_LENGTH, unique=True)
    name = models.CharField(max_length=NAME_LENGTH)
    position = models.PositiveIntegerField()

    objects = ServiceCategoryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "service categories"
        constraints = [
            models.CheckConstraint(name="category_slug_in_form", condition=Q(slug__regex=SLUG)),
        ]

    def __str__(self) -> str:
        return self.name


class ServiceQuerySet(models.QuerySet["Service"]):
    def current(self) -> Self:
        return self.filter(retired_at__isnull=True)


class Service(models.Model):
    """A service. `non_regional`: it has a cell in the region `global`, be it beside others."""

    slug = models.SlugField(max_length=SLUG_LENGTH, unique=True)
    name = models.CharField(max_length=NAME_LENGTH)
    category = models.ForeignKey(ServiceCategory, on_delete=models.PROTECT, related_name="services")
    non_regional = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    position = models.PositiveIntegerField()
    retired_at = models.DateTimeField(null=True, blank=True)

    objects = ServiceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(name="service_slug_in_form", condition=Q(slug__regex=SLUG)),
        ]

    def __str__(self) -> str:
        return self.name


class Alias(models.Model):
    """Another name of one service, region or geography.

    `folded` is `incidents.importers.catalogue_file.fold_name(name)`: its words, no case or punctuation.
    What folds alike is the same name, so it may belong to one owner only.
    """

    name = models.CharField(max_length=NAME_LENGTH)
    folded = models.CharField(max_length=NAME_LENGTH, unique=True)
    service = models.ForeignKey(
        Service, null=True, blank=True, on_delete=models.CASCADE, related_name="aliases"
    )
    region = models.ForeignKey(
        Region, null=True, blank=True, on_delete=models.CASCADE, related_name="aliases"
    )
    geography = models.ForeignKey(
        Geography, null=True, blank=True, on_delete=models.CASCADE, related_name="aliases"
    )

    class Meta:
        verbose_name_plural = "aliases"
        constraints = [
            models.CheckConstraint(name="alias_folds_to_something", condition=~Q(folded="")),
            models.CheckConstraint(
                name="alias_has_one_owner",
                condition=Q(service__isnull=False, region__isnull=True, geography__isnull=True)
                | Q(service__isnull=True, region__isnull=False, geography__isnull=True)
                | Q(service__isnull=True, region__isnull=True, geography__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class OfferingQuerySet(models.QuerySet["Offering"]):
    def current(self) -> Self:
        """Cells on offer; the import retires the cells of what it retires, so one column answers."""
        return self.filter(retired_at__isnull=True)


class Offering(models.Model):
    """A cell: this service is offered in this region."""

    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="offerings")
    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="offerings")
    retired_at = models.DateTimeField(null=True, blank=True)

    objects = OfferingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["service", "region"], name="offering_once_per_cell"),
        ]

    def __str__(self) -> str:
        return f"{self.service} in {self.region}"


class DependencyQuerySet(models.QuerySet["Dependency"]):
    def hard(self) -> Self:
        """What fails when the other fails; the rest may be affected."""
        return self.filter(strength=Strength.HARD)


class Dependency(models.Model):
    """`service` needs `depends_on`: when the second is ill, the first may be.

    Only what is written down counts, nothing is inferred along a chain. What `strength` and `plane`
    mean is said at `incidents.importers.catalogue_file.DependencyEntry`.
    """

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="dependencies")
    depends_on = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="dependents")
    strength = models.CharField(max_length=4, choices=Strength.choices(), default=Strength.HARD)
    plane = models.CharField(max_length=7, choices=Plane.choices(), default=Plane.DATA)

    objects = DependencyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "dependencies"
        constraints = [
            models.UniqueConstraint(fields=["service", "depends_on"], name="dependency_once"),
            models.CheckConstraint(
                name="dependency_not_on_itself", condition=~Q(service=F("depends_on"))
            ),
            models.CheckConstraint(
                name="dependency_strength_known", condition=Q(strength__in=tuple(Strength))
            ),
            models.CheckConstraint(
                name="dependency_plane_known", condition=Q(plane__in=tuple(Plane))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service} depends on {self.depends_on}"
