"""Who is told, how, and the proof."""
