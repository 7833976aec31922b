"""What tests need, shipped: real implementations that stand in, and scanners that accuse."""
