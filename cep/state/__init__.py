"""Arrays that outlive a batch: how they grow, and how a snapshot names them."""
