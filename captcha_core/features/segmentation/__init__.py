"""The letters of a picture, one by one."""
