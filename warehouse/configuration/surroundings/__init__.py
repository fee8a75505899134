"""What is around the night: the network in front of the server, and who is told when something goes wrong."""
