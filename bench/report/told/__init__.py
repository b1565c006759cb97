"""What `--json` prints: one dataclass for each document, which both writes it and makes its JSON schema."""
