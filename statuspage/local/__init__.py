"""The local ground: private PostgreSQL and Valkey servers, and the supervisor of `make demo`.

Everything here ends in two variables, `DATABASE_URL` and `REDIS_URL`; the settings read nothing
else. Set them from outside and no server is started. Nothing here imports Django: the servers have
to run before the settings are read.
"""
