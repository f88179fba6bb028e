"""Bricks that models are built of."""
