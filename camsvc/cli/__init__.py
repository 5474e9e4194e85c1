"""The command line: one module per noun, each with a typer ``app``."""
