"""YAML becomes a plan, or every problem at once (PyYAML, pydantic)."""
