"""Where users already are: pandas and Polars, Scrapy, datatrove, Spark, Ray; each thin, each an extra of its own."""
