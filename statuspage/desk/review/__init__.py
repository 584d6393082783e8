"""Writing a post-incident review at the desk."""
