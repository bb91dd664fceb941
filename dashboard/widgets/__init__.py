"""What several pages show: charts, pictures, clips, texts and fields of our own."""
