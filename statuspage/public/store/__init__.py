"""Pages become files, and files one shown generation."""
