"""How much time physics leaves: from the onset of a fault to each stage of harm, per chemistry, with its band."""
