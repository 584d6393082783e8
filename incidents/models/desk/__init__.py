"""What people keep at the desk: drafts, favourites, templates, and what is not sent yet."""
