"""Files become answers, without database and before Django."""
