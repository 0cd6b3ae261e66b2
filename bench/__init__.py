"""What `make bench` measures: how well and how fast drawings are read, with the 2017 design beside."""
