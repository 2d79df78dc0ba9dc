"""Planted bugs: wrong lines put into a copy of the code, each noticed by the tests that are named with it."""
