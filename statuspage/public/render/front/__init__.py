"""The parts of the status page: band, cards of open incidents, places with their 90 days, past 14 days."""
