"""Runs: an approved plan is executed step by step and followed through its events."""
