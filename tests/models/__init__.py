"""What the dbt project promises about itself, read from its files without running dbt."""
