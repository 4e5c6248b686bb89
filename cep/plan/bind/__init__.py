"""Binding, a construct a file: names resolved, types checked, constants evaluated, the rest refused."""
