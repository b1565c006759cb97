"""Proof of the bench: the ruler, broken firmware and negative tests that a qualification is made of."""
