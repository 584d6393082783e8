"""Setting the house up: catalogue, policy, monitors, texts to begin with, other pages that move over."""
