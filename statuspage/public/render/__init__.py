"""A snapshot becomes pages."""
