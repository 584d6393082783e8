"""Catalogue files: YAML in, checked plain values out. Pure: neither Django nor Celery.

The file has four sections; names and slugs may be used wherever something is referred to::

    prefix: Azure                      # optional: vendor names that texts put before any name
    geographies:
      - name: Europe                   # slug: europe, unless `slug` says otherwise
        aliases: [European]
        regions:
          - {name: West Europe, zones: [1, 2, 3], aliases: [westeurope-old]}
          - UK West                    # short for {name: UK West}
    region_sets:                       # `all` is always there
      large: [West Europe]
      small: {include: [Europe], except: [large]}
    categories:
      - name: Storage
        offered: all                   # for services that say nothing; `all` is what you get anyway
        depends_on: [Identity]         # for every service of the category
        services:
          - Storage
          - {name: Files, offered: [large, UK West], depends_on: [Storage]}
          - {name: Identity, non_regional: true}    # only there, unless it also has `offered`
          - name: Archive
            depends_on:                  # a bare list is `hard`; see `DependencyEntry`
              hard: [Storage]            # fails when that fails
              soft: [Identity]           # may fail, in part or later
              soft control: [Files]      # creating, changing and scaling it may; also `hard control`
"""

from incidents.importers.catalogue_file.files import MAX_BYTES, load_shipped, read_catalogue_file
from incidents.importers.catalogue_file.reader import read_catalogue
from incidents.importers.catalogue_file.shapes import (
    RESERVED_SLUGS,
    Catalogue,
    CatalogueError,
    CategoryEntry,
    DependencyEntry,
    GeographyEntry,
    RegionEntry,
    ServiceEntry,
    WithNames,
    derive_slug,
    fold_name,
)

__all__ = [
    "MAX_BYTES",
    "RESERVED_SLUGS",
    "Catalogue",
    "CatalogueError",
    "CategoryEntry",
    "DependencyEntry",
    "GeographyEntry",
    "RegionEntry",
    "ServiceEntry",
    "WithNames",
    "derive_slug",
    "fold_name",
    "load_shipped",
    "read_catalogue",
    "read_catalogue_file",
]
