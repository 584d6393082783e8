"""Recordings: facts over time of real incidents, for judging policies. Pure.

own.py         the one format, documented in docs/recordings.md     read_recorded, CaseError
google.py      documents in the shape of Google's incidents.json    → the one format
statuspage.py  documents in the shape of the Statuspage v2 API      → the one format
files.py       plain or gzipped files, whichever shape              read_files
"""

from incidents.replay.formats.files import RecordingError, read_files

__all__ = ["RecordingError", "read_files"]
