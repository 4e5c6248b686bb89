"""The benchmark workloads: rules W1 to W6 and the generator of their input."""
