"""Who and where: names of the catalogue in running text."""
