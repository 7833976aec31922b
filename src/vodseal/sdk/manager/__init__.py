"""The queue above the downloaders: who runs, when, and what is left of it after a crash."""
