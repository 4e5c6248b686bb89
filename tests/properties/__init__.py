"""Properties over random rules and streams."""
