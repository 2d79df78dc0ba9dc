"""Emulate the vendors' control planes on one machine, strictly and with their bad habits.

Here live the stand-in servers that tests, demos and newcomers talk to. They may use starlette,
uvicorn and websockets; they must import nothing of the reconciler, whose oracle they are.
"""
