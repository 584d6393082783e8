"""What mail servers answer, read: is an address dead, or does it only refuse for now? Pure."""

from notifications.channels.email.mail_answers.judge import CODE, HARD, SOFT, judge

__all__ = ["CODE", "HARD", "SOFT", "judge"]
