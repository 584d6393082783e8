"""Reading status-history texts as people publish them. Pure: no Django, no clock, no files."""

from __future__ import annotations

from incidents.importers.history_text.model import HistoryError, HistoryIncident
from incidents.importers.history_text.names.index import NameEntry, NameIndex
from incidents.importers.history_text.reader import read_history

__all__ = ["HistoryError", "HistoryIncident", "NameEntry", "NameIndex", "read_history"]
