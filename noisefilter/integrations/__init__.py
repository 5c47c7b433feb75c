"""Integrations with pandas and Polars, Scrapy, datatrove, Spark and Ray; each is thin and has its own extra."""
