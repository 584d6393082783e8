"""RSS, Atom, JSON Feed and iCalendar."""
