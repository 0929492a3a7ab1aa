"""The published methods as Prefect flows, and the command line."""
