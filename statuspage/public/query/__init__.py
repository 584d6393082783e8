"""Answers to queries, made in memory from the generation's index."""
