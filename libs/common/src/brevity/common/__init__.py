"""What Brevity's services share."""
