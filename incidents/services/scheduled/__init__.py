"""What the clock asks for: reminders, retention, review deadlines."""
