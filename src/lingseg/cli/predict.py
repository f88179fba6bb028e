def predict(*, quiet: bool = False) -> int:
    """Draw."""
    return 0
