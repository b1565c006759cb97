"""Pages of the reference, made from what the program itself knows: nothing in them is typed a second time."""
