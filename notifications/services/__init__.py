"""The verbs of the post office: plan, send, subscribe, load customers."""
