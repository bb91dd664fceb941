"""What a captcha, a sample and an answer are."""
