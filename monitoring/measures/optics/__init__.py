"""Optics of the seven families: what to ask for, and what the answers mean. Pure; each trap has a golden test."""
