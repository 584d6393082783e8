"""How the API answers: refusals, codes, pages."""
