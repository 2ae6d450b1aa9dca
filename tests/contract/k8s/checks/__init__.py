"""What no schema knows. Each check takes rendered objects and returns what is wrong with them, in words."""
