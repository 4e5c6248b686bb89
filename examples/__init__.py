"""Examples: generators of sensor readings and what the rule files make of them."""
