"""Screens of whom we tell: customers, lists, deliveries, suppression."""
