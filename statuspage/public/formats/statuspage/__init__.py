"""The format of Statuspage v2, as clients of others read it."""
