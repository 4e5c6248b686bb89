"""Diagrams of operator graphs and automata as Mermaid, DOT and SVG; from plain values, no other room."""
