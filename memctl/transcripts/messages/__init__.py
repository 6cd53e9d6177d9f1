"""What the formats share: fields and content of messages, and building sessions from them."""
