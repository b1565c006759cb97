"""Results of several rigs and labs taken together: read, merged without counting anything twice, and pooled."""
