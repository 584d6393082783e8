"""Incidents as other status pages publish or export them. Pure."""
