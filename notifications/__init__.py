"""The post office: who is told, how, and the proof."""
