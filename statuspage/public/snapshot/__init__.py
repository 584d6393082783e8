"""The database becomes one value: everything the public pages may say."""
