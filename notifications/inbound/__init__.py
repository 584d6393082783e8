"""What comes back: bounces, complaints, providers' events, suppression."""
