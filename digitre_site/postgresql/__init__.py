"""Django's own PostgreSQL backend, which asks less: see base."""
