"""The incident desk: where an operator declares, previews, posts, recovers and resolves.

`urls` leads to one module of `views` per screen; a view takes a form (`forms`), makes of it the arguments of a verb
(`form_mapping`), tries it in a dry run, and lets the verb act. The desk sees both lower storeys, which is why it
lives up here. Every write is one POST, one verb of `incidents.services` and a redirect. It works without
scripts; htmx only keeps the verdict beside the form up to date.
"""
