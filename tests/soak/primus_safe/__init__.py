"""The soak on Primus-SaFE, on servers of both generations.

The files are named as those of Run:ai, one folder up, whose ground, kills, laws and nights they share.
"""
