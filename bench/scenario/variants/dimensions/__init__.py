"""One file per dimension of the space. Each has a `DIMENSION`, and is found by its folder."""
