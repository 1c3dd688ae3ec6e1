"""What an audit tells: its records, its words, its page."""
