"""The auditor: tries to solve hidden numbers from the published files alone, as a reader could.

It shares no code with what hides numbers, so that a mistake there is not repeated here.
"""
