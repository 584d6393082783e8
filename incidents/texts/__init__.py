"""Texts and how they are read: Markdown, placeholders, CSV, names as people type them."""
