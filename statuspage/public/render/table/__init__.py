"""Services by regions: the table, its marks and why something may be affected."""
