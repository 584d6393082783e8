"""What a verb would do, who confirms it, and when it is carried out."""
