"""Recipes: one method, one file, and in it every run of that method by name. Choices only."""
