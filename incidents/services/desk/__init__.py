"""What people keep at the desk: drafts, favourites and templates. Nothing of it is decided or said."""
