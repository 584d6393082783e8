"""Mail: the renderer, the MIME template, the SMTP session."""
