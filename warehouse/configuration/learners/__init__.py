"""What the streams of kind `users` say beside other streams: how several of them fit, and names of zones."""
