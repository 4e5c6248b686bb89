"""The engine: streams and clocks, the order of events, rules over operators, snapshots."""
