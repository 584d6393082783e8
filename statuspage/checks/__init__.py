"""System checks: settings that are dangerous together, and a database from before."""
