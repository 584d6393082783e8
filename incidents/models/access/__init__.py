"""Who acts, and what needs a second person: tokens, proposals, the audit trail."""
