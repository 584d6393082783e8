"""Pages made for queries: kept for a while, of one generation only."""

from __future__ import annotations

import threading
from collections import OrderedDict

from statuspage.public.store import prepared_responses
from statuspage.public.store.loaded import LoadedGeneration
from statuspage.public.store.prepared_responses import PreparedResponse

ASSEMBLED_KEPT = 256
ASSEMBLED_BYTES = 16 * 1024 * 1024


class QueryCache:
    """The last pages made for queries, of one generation only, bounded in number and bytes."""

    def __init__(self) -> None:
        self._of: LoadedGeneration | None = None
        self._kept: OrderedDict[object, PreparedResponse] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, generation: LoadedGeneration, key: object) -> PreparedResponse | None:
        with self._lock:
            if self._of is not generation:
                return None
            answer = self._kept.get(key)
            if answer is not None:
                self._kept.move_to_end(key)
            return answer

    def put(self, generation: LoadedGeneration, key: object, answer: PreparedResponse) -> None:
        with self._lock:
            if self._of is not generation:
                self._of, self._bytes = generation, 0
                self._kept.clear()
            if key in self._kept:
                return
            self._kept[key] = answer
            self._bytes += prepared_responses.size(answer)
            while len(self._kept) > ASSEMBLED_KEPT or self._bytes > ASSEMBLED_BYTES:
                _, dropped = self._kept.popitem(last=False)
                self._bytes -= prepared_responses.size(dropped)
