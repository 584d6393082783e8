"""Who is told: selection in SQL, the target index it reads, and its preview."""
