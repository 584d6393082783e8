"""The incident desk: where an operator declares, previews, posts, recovers and resolves.

    access.py      who may come in
    times.py       moments as an operator types them
    picker.py      services x regions, as options to tick and as cells that were ticked
    forms.py       the fields of every screen
    entries.py     a filled-in form as the arguments of a verb, and a verb's refusal as field errors
    rehearsal.py   a verb carried out, looked at and taken back: what a preview shows
    verdicts.py    a verdict in words
    freshness.py   whether somebody else was faster
    clocks.py      reviews that are owed
    screens.py     what list and incident screen show
    review_*.py    a review as a form, its timeline and repair items as lines; reviewing.py: for whom
    ledger.py      what became of deliveries, and time-to-notify; notify_plot.py: over all incidents
    plots.py       a replay and a backtest as drawings
    views/         one module per screen

The desk sees both lower storeys, which is why it lives up here. Every write is one POST, one verb of
`incidents.services` and a redirect. It works without scripts; htmx only keeps the verdict beside
the form up to date.
"""
