"""The long tail (ntfy, Gotify, Telegram, Pushover, SMS gateways), in the words of Apprise and through our own door."""
