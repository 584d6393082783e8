"""How our own people sign in: django-allauth, with our pages, limits and group mapping around it.

urls.py        the addresses we take of the library (no sign-up, no reset by mail)
adapters.py    its hooks: who may try, where to go, how second factors are kept, which groups a provider gives
limits.py      tries per address and per account; how many passwords are hashed at once
hashing.py     the hasher that keeps to that
sessions.py    when a session ends, and who must set up a second factor first
"""
