"""Telling others: events become rows with what they tell of, and the worker takes the rows out."""
