"""What reading a web page needs: its tree, the pieces of text in it, which of them are its content, its title."""
