"""What a source is asked, in its own dialect: the columns of tables and queries, selects of rows, and its figures."""
