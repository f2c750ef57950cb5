"""The commands, a module for each group; `workflow.cli` puts them together."""
