"""lingseg segments what a sentence describes in a medical image. Research use only."""

__version__ = "0.1.0"
