"""Adapters for the folders of files in which agents keep their memory."""
