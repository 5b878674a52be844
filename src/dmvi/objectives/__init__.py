"""Objectives: pure functions of tensors, named after their equations."""
