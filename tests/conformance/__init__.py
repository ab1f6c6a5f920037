"""tejax against other people's systems, without tolerance."""
