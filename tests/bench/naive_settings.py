"""The product's settings, with one page that is made anew for every request (see naive_page)."""

from statuspage.settings import *  # noqa: F403 - settings are made of names

ROOT_URLCONF = "tests.bench.naive_page"
