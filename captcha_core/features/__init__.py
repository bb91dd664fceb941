"""What networks see of a captcha."""
