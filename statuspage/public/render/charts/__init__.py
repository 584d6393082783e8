"""Figures drawn as SVG, with the words beside them."""
