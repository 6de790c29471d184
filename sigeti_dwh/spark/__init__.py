"""The warehouse on Apache Spark with Iceberg, for who outgrew one machine (docs/spark.md)."""
