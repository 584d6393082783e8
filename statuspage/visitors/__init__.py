"""Forms of the public page that Django answers: what a reader reports, and what one thinks of a review."""
